// Progress goes to stderr: stdout belongs to what a command prints for machines.
const started = Date.now();
export const say = (line) => process.stderr.write(`${((Date.now() - started) / 1000).toFixed(1).padStart(6)} s  ${line}\n`);

/** Something the person at the keyboard can put right; printed without a stack. Exit 2 = could not run. */
export class Trouble extends Error {
  constructor(message, exitCode = 2) {
    super(message);
    this.exitCode = exitCode;
    /** True where something is not on this machine at all, so that an embedded adapter may stand in for it. */
    this.lacking = false;
  }
}

/** Something this machine does not have: no Java, no network to fetch with. */
export const lacking = (message) => Object.assign(new Trouble(message), { lacking: true });
