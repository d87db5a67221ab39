let quieted = false;

/**
 * kafkajs sets timers with negative delays, and Node 24 writes a warning to stderr for each; they mean "at once" and say nothing to a user.
 * Every other warning goes through.
 */
export const quietNegativeTimeouts = (): void => {
  if (quieted) return;
  quieted = true;
  const emit = process.emitWarning.bind(process) as (...args: unknown[]) => void;
  process.emitWarning = ((...args: unknown[]) => {
    const [warning, about] = args;
    const name = typeof about === 'string' ? about : (about as { type?: string } | undefined)?.type ?? (warning as { name?: string }).name;
    if (name !== 'TimeoutNegativeWarning') emit(...args);
  }) as typeof process.emitWarning;
};
