/** The line of a ticker that stands open on a terminal, or that was too soon after the one before to be written elsewhere. */
let open: string | null = null;

/** Ends what a ticker began: its last word is written, and what follows begins on a line of its own. */
export const endTicks = (): void => {
  if (open === null) return;
  process.stderr.write(process.stderr.isTTY ? '\n' : `${open}\n`);
  open = null;
};

/** Progress and everything for people while a command runs: stderr, so that stdout holds the result alone. An empty line only ends a ticker. */
export const progress = (line: string): void => {
  endTicks();
  if (line !== '') process.stderr.write(`${line}\n`);
};

/** Overwrites one line on a terminal; on anything else writes a line at most every two seconds. Whatever is written next ends it. */
export const createTicker = (now: () => number): ((line: string) => void) => {
  let last = 0;
  return (line) => {
    const at = now();
    open = line;
    if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${line}`);
    else if (at - last >= 2000) {
      process.stderr.write(`${line}\n`);
      open = null;
    } else return;
    last = at;
  };
};

/** The last line on stdout of a command with --json. */
export const printJson = (value: unknown): void => {
  endTicks();
  process.stdout.write(`${JSON.stringify(value)}\n`);
};

/** Resolves when everything written has gone out: a pipe takes what it can hold, and the rest when somebody reads. Whoever stopped reading (head) misses nothing. */
export const flushed = async (): Promise<void> => {
  await Promise.all([process.stdout, process.stderr].map((stream) => new Promise<void>((resolve) => {
    stream.once('error', () => { resolve(); });
    stream.write('', () => { resolve(); });
  })));
};
