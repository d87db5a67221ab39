import type { BenchmarkSeries } from './corpus.ts';

/** What a detection is worth (Lavin and Ahmad 2015, Evaluating Real-time Anomaly Detection Algorithms: the standard profile). */
const worth = { hit: 1, falseAlarm: -0.11, miss: -1 } as const;
const sigmoid = (y: number): number => (y > 3 ? -1 : 2 / (1 + Math.exp(5 * y)) - 1);
const full = sigmoid(-1);

/** Rows in which the benchmark counts nothing: the first 15 %, at most 750. */
export const probation = (rows: number): number => Math.min(Math.floor(rows * 0.15), 750);

/** Raw score of one series at a threshold: the first hit in a window counts by how early it is, alarms outside cost more the farther behind the last window they are. */
export const rawScore = ({ windows, values }: Pick<BenchmarkSeries, 'windows' | 'values'>, scores: readonly number[], threshold: number): number => {
  const first = probation(values.length);
  let sum = 0;
  const hit = new Set<number>();
  for (let row = first; row < scores.length; row++) {
    if (scores[row]! < threshold) continue;
    const at = windows.findIndex(({ from, to }) => row >= from && row <= to);
    if (at >= 0) {
      if (hit.has(at)) continue;
      hit.add(at);
      const { from, to } = windows[at]!;
      sum += worth.hit * sigmoid(-(to - row + 1) / (to - from + 1)) / full;
      continue;
    }
    const before = windows.findLast(({ to }) => to < row);
    sum += before === undefined ? worth.falseAlarm : -worth.falseAlarm * sigmoid((row - before.to) / Math.max(1, before.to - before.from));
  }
  return sum + worth.miss * (counted(windows, first) - hit.size);
};

const counted = (windows: BenchmarkSeries['windows'], first: number): number => windows.filter(({ to }) => to >= first).length;

/** The corpus' score at its best threshold, 0 for saying nothing and 100 for every window at its first row and nothing else. */
export const corpusScore = (all: readonly { readonly series: BenchmarkSeries; readonly scores: readonly number[] }[]): { readonly score: number; readonly threshold: number } => {
  const windows = all.reduce((sum, { series }) => sum + counted(series.windows, probation(series.values.length)), 0);
  let best = { score: 0, threshold: 1.1 };
  for (let threshold = 1; threshold >= 0.1; threshold -= 0.01) {
    const raw = all.reduce((sum, { series, scores }) => sum + rawScore(series, scores, threshold), 0);
    const score = windows === 0 ? 0 : 100 * (raw + windows) / (2 * windows);
    if (score > best.score) best = { score, threshold: Number(threshold.toFixed(2)) };
  }
  return best;
};
