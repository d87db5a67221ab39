/** Milliseconds since the Unix epoch, UTC. Times are RFC 3339 only at the edges. */
export type EpochMs = number;

/** The one way to the time outside of cores; tests hand in a fake. */
export type Clock = () => EpochMs;

/** RFC 3339 in UTC with milliseconds. */
export const toRfc3339 = (time: EpochMs): string => new Date(time).toISOString();

/** Parses RFC 3339; undefined where the text is no such time. */
export const fromRfc3339 = (text: string): EpochMs | undefined => {
  const time = Date.parse(text);
  return Number.isNaN(time) ? undefined : time;
};
