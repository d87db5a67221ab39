/** Of what came of a piece nothing is kept: it would live until the next one is over. */
const over = (): void => undefined;

/** Makes a line for work of which one piece goes on at a time, in the order it was asked for. A piece that fails rejects for whoever asked, and holds up none behind it. */
export const createTurns = (): (<T>(work: () => T | Promise<T>) => Promise<T>) => {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const mine = last.then(work);
    last = mine.then(over, over);
    return mine;
  };
};
