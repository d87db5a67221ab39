/** Asks again until the answer is neither undefined nor false; rejects with `what` once the deadline has passed. Half a minute, and ten times at least, is for a slow machine: what comes, comes sooner. @param what it is to come to; a function is asked at the end, and can say what came instead @param ask must change nothing by being asked */
export const until = async <T>(what: string | (() => string), ask: () => T | undefined | false | Promise<T | undefined | false>, withinMs = 30_000): Promise<T> => {
  const end = Date.now() + withinMs;
  for (let wait = 5, asked = 1; ; wait = Math.min(wait * 2, 100), asked++) {
    const answer = await ask();
    if (answer !== undefined && answer !== false) return answer;
    if (Date.now() >= end && asked >= 10) throw new Error(`within ${withinMs} ms (asked ${asked} times) it did not come to this: ${typeof what === 'string' ? what : what()}`);
    await new Promise((resolve) => { setTimeout(resolve, wait); });
  }
};
