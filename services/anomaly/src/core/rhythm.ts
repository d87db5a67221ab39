import { floored } from './evidence.ts';
import { factorOf, hourOfWeek, rateTail } from './pace.ts';
import type { Season } from './pace.ts';

/** When an agent begins runs: how often, at which hours, after how long. */
export interface Rhythm {
  /** In how many hours it began a run, by hour of the day (UTC): working days, then weekends. */
  readonly hours: Float32Array;
  worked: number;
  /** Gamma prior on runs per ordinary hour (one as busy as the mean of the week): `shape` runs in `weight` such hours. */
  shape: number;
  weight: number;
  /** The hour being counted (epoch hours), and its runs. */
  hour: number;
  count: number;
  /** When the last run began, epoch ms; 0: none yet. */
  last: number;
}

/** A new agent is expected to begin a run an hour, held very loosely. */
export const newRhythm = (): Rhythm => ({ hours: new Float32Array(48), worked: 0, shape: 0.5, weight: 0.5, hour: 0, count: 0, last: 0 });

const hourMs = 3_600_000;
/** The agent's own hours lean on its group's as if it had worked so many hours like them. */
const lean = 30;
/** Own hours after which all of them count half. */
const fadeAt = 400;
/** Shape of the rate from hour to hour: work comes in lumps, however well its mean is known. */
const lumps = 5;
/** Half of what was learned of the rate is forgotten after some 350 hours with work. */
const decay = 0.998;
/** Silence that one pause teaches at most, in ordinary hours. */
const mostPause = 48;

const binOf = (week: number): number => (week < 120 ? week % 24 : 24 + week % 24);

/** How busy an hour of the week is for an agent, 1 = the mean hour: its own share of hours, leaning on its group's season (additive smoothing). */
const busyAt = ({ hours, worked }: Rhythm, season: Season, week: number): number =>
  (hours[binOf(week)]! / (week < 120 ? 5 : 2) * 168 + lean * factorOf(season, week)) / (worked + lean);

/** Ordinary hours between two times: the integral of how busy the agent is. At most one week is walked through. */
const hoursBetween = (rhythm: Rhythm, season: Season, from: number, to: number): number => {
  const whole = Math.floor((to - from) / (168 * hourMs));
  let sum = whole * 168;
  let at = from + whole * 168 * hourMs;
  while (at < to) {
    const end = Math.min(to, (Math.floor(at / hourMs) + 1) * hourMs);
    sum += (end - at) / hourMs * busyAt(rhythm, season, hourOfWeek(at));
    at = end;
  }
  return sum;
};

/** Only an hour less busy than this can be odd: the rest need no sum. */
const quietBelow = 0.5;
/** The share of work in hours of the week at most as busy: a p-value by highest density. */
const quieter = (rhythm: Rhythm, season: Season, busy: number): number => {
  let sum = 0;
  for (let i = 0; i < 168; i++) { const one = busyAt(rhythm, season, i); if (one <= busy * 1.001) sum += one; }
  return Math.min(1, sum / 168);
};

export interface Beginning {
  /** Chance of so long a silence before it; of a run at an hour as quiet as this one; of so many runs in one hour, given that there is one. */
  silence: number;
  timing: number;
  clump: number;
  /** Runs to be expected in the silence and in the hour. */
  missed: number;
  usual: number;
}
const found: Beginning = { silence: 1, timing: 1, clump: 1, missed: 0, usual: 0 };

/** More than this behind, and it was the clock before that was wrong: counting begins anew from here. */
const mostLate = 24 * hourMs;
const late = (rhythm: Rhythm, now: number, hour: number): Beginning => {
  if (rhythm.last - now > mostLate) Object.assign(rhythm, { last: now, hour, count: 1 });
  return Object.assign(found, { silence: 1, timing: 1, clump: 1, missed: 0, usual: 0 });
};

/**
 * A run begins. How odd that is by the agent's rhythm, and what it teaches. Valid until the next call.
 *
 * Silence: with u runs expected since the last one, P = (1 + u/k)^−k, the Gamma–Poisson chance of none (Gelman et al., Bayesian Data Analysis,
 * section 2.6), k at most `lumps` a day. Hour: the share of its work in hours at most as busy (a p-value by highest density). Lump:
 * P(X ≥ n) / P(X ≥ 1) for the runs of the hour under the same model.
 */
export const beginRun = (rhythm: Rhythm, season: Season, now: number): Beginning => {
  const shape = Math.min(rhythm.shape, lumps), rate = rhythm.shape / rhythm.weight;
  const hour = Math.floor(now / hourMs), week = hourOfWeek(now);
  // Runs of an agent arrive over several partitions: a late one is no news about its rhythm.
  if (now < rhythm.last || hour < rhythm.hour) return late(rhythm, now, hour);
  const busy = busyAt(rhythm, season, week);
  const passed = rhythm.last === 0 ? 0 : hoursBetween(rhythm, season, rhythm.last, now);
  found.missed = rate * passed;
  // What makes an hour busy lasts for a day and no longer: over many days lumps even out.
  const even = shape * Math.max(1, passed / 24);
  found.silence = floored((1 + found.missed / even) ** -even);
  found.timing = busy < quietBelow ? floored(quieter(rhythm, season, busy)) : 1;
  if (hour > rhythm.hour) turnHour(rhythm, week, hour, Math.min(mostPause, passed));
  rhythm.count++;
  found.usual = rate * busy;
  found.clump = rhythm.count < 2 ? 1 : rateTail(shape, shape / Math.max(found.usual, 1e-6), rhythm.count) / rateTail(shape, shape / Math.max(found.usual, 1e-6), 1);
  rhythm.last = now;
  return found;
};

/** The hour that is over becomes habit, clipped to ten times what is usual; that the agent works at this hour of the day counts once however many runs it begins. */
const turnHour = (rhythm: Rhythm, week: number, hour: number, passed: number): void => {
  rhythm.shape = rhythm.shape * decay + Math.min(rhythm.count, 10 * rhythm.shape / rhythm.weight + 10);
  rhythm.weight = rhythm.weight * decay + passed;
  rhythm.hour = hour;
  rhythm.count = 0;
  rhythm.hours[binOf(week)]! += 1;
  if (++rhythm.worked < fadeAt) return;
  for (let i = 0; i < 48; i++) rhythm.hours[i]! *= 0.5;
  rhythm.worked *= 0.5;
};
