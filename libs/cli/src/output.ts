/** Progress and everything for people while a command runs: stderr, so that stdout holds the result alone. */
export const progress = (line: string): void => { process.stderr.write(`${line}\n`); };

/** Overwrites one line on a terminal; on anything else writes a line at most every two seconds. */
export const createTicker = (now: () => number): ((line: string) => void) => {
  let last = 0;
  return (line) => {
    const at = now();
    if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${line}`);
    else if (at - last >= 2000) process.stderr.write(`${line}\n`);
    else return;
    last = at;
  };
};

/** The last line on stdout of a command with --json. */
export const printJson = (value: unknown): void => { process.stdout.write(`${JSON.stringify(value)}\n`); };
