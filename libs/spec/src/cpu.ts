/** Processor time that this process has used, milliseconds: unlike a clock, it does not run while other processes do. For bounds on work, never for measurements. */
export const cpuMs = (): number => process.cpuUsage().user / 1_000;
