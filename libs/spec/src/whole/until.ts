/** Asks again until the answer is neither undefined nor false; rejects with `what` once the deadline has passed. */
export const until = async <T>(what: string, ask: () => T | undefined | false | Promise<T | undefined | false>, withinMs = 10_000): Promise<T> => {
  const end = Date.now() + withinMs;
  for (let wait = 5; ; wait = Math.min(wait * 2, 100)) {
    const answer = await ask();
    if (answer !== undefined && answer !== false) return answer;
    if (Date.now() >= end) throw new Error(`within ${withinMs} ms it did not come to this: ${what}`);
    await new Promise((resolve) => { setTimeout(resolve, wait); });
  }
};
