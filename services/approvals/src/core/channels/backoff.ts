/** Attempts after which a message is dead: about half an hour with the waits below. */
export const mostAttempts = 12;
const longestMs = 15 * 60_000;

/**
 * When to try again, milliseconds from now: doubling from one second, half of it left to chance so that a thousand messages to a
 * server that came back do not arrive as one; never before the server itself said.
 * @param attempt that failed, from 1 @param chance in [0, 1) @param retryAfterMs what the server asked for
 */
export const backoffMs = (attempt: number, chance: number, retryAfterMs = 0): number => {
  const full = Math.min(1_000 * 2 ** (attempt - 1), longestMs);
  return Math.max(Math.round(full / 2 + chance * (full / 2)), Math.min(Math.max(retryAfterMs, 0), 60 * 60_000));
};
