// Progress goes to stderr: stdout belongs to what a command prints for machines.
const started = Date.now();
export const say = (line) => process.stderr.write(`${((Date.now() - started) / 1000).toFixed(1).padStart(6)} s  ${line}\n`);

/** Something the person at the keyboard can put right; printed without a stack. Exit 2 = could not run. */
export class Trouble extends Error {
  constructor(message, exitCode = 2) {
    super(message);
    this.exitCode = exitCode;
  }
}
