/** When people decide: the same hours on the same days of every week, at a fixed distance from UTC. */
export interface WorkingHours {
  /** Days on which people work: 1 Monday … 7 Sunday, in order. */
  readonly days: readonly number[];
  /** Minutes after local midnight; `from` < `to`. */
  readonly from: number; readonly to: number;
  /** Minutes that local time is ahead of UTC. */
  readonly offset: number;
}

/** Translates between the clock on the wall (epoch ms) and the time people have worked (ms since the epoch's first Monday). */
export interface WorkClock {
  worked(at: number): number;
  /** The first moment at which that much is worked: when something begins then. */
  begins(worked: number): number;
  /** The same for something that ends then: on the evening before rather than the next morning. */
  ends(worked: number): number;
}

const minute = 60_000, day = 1_440 * minute, week = 7 * day;
/** 1970-01-05 was a Monday. */
const firstMonday = 4 * day;

/** People who decide around the clock. */
export const always: WorkClock = { worked: (at) => at, begins: (worked) => worked, ends: (worked) => worked };

export const workClock = ({ days, from, to, offset }: WorkingHours): WorkClock => {
  const length = (to - from) * minute;
  const perWeek = days.length * length;
  const begin = firstMonday - offset * minute;
  const wall = (worked: number, weekIndex: number): number => {
    const rest = worked - weekIndex * perWeek;
    const index = Math.min(days.length - 1, Math.floor(rest / length));
    return begin + weekIndex * week + (days[index]! - 1) * day + from * minute + (rest - index * length);
  };
  return {
    worked: (at) => {
      const weekIndex = Math.floor((at - begin) / week);
      const inWeek = at - begin - weekIndex * week;
      let done = 0;
      for (const one of days) done += Math.min(length, Math.max(0, inWeek - (one - 1) * day - from * minute));
      return weekIndex * perWeek + done;
    },
    begins: (worked) => wall(worked, Math.floor(worked / perWeek)),
    ends: (worked) => {
      if (worked % length !== 0) return wall(worked, Math.floor(worked / perWeek));
      return wall(worked - length, Math.floor((worked - length) / perWeek)) + length;
    },
  };
};
