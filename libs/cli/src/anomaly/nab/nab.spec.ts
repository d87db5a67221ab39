import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { CannotRun } from '../../errors.ts';
import { scoresOf } from './as-agent.ts';
import { evalNab } from './command.ts';
import { readCorpus } from './corpus.ts';
import { corpusScore, rawScore } from './nab-score.ts';

/** A generator of our own (xorshift), so that the series are the same everywhere. */
const random = (seed: number) => { let x = seed; return (): number => { x ^= x << 13; x ^= x >>> 17; x ^= x << 5; return (x >>> 0) / 2 ** 32; }; };
const rows = 2_000, five = 300_000, begin = Date.UTC(2014, 3, 1);
const stamp = (row: number): string => new Date(begin + row * five).toISOString().slice(0, 19).replace('T', ' ');
type Planted = (row: number, value: number) => number;
/** A week of five-minute values with a daily rhythm and noise, and faults planted. */
const series = (seed: number, plant: Planted): string => {
  const next = random(seed);
  return ['timestamp,value', ...Array.from({ length: rows }, (_, row) => {
    const noise = next() + next() + next() - 1.5;
    return `${stamp(row)},${plant(row, 50 + 20 * Math.sin(row / 288 * 2 * Math.PI) + 4 * noise)}`;
  })].join('\n');
};
const spike = [780, 930], silence = [1_280, 1_430], shift = [1_680, 1_880];
const made: Record<string, { readonly plant: Planted; readonly windows: readonly (readonly number[])[] }> = {
  'made/faults.csv': { plant: (row, value) => (row === 800 ? value + 120 : row >= 1_300 && row < 1_330 ? 0 : row >= 1_700 ? value + 45 : value), windows: [spike, silence, shift] },
  'made/nothing.csv': { plant: (_, value) => value, windows: [] },
};

describe('the detector of the anomaly service on series in the format of the Numenta benchmark', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'countersign-nab-'));
    await mkdir(join(folder, 'data', 'made'), { recursive: true });
    await mkdir(join(folder, 'labels'));
    // As the benchmark has it: a page beside the categories.
    await writeFile(join(folder, 'data', 'README.md'), '# data');
    for (const [i, [name, { plant }]] of Object.entries(made).entries()) await writeFile(join(folder, 'data', name), series(i + 11, plant));
    await writeFile(join(folder, 'labels', 'combined_windows.json'), JSON.stringify(Object.fromEntries(Object.entries(made).map(([name, { windows }]) => [name, windows.map((window) => window.map((row) => `${stamp(row)}.000000`))]))));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('finds a spike, a shift and a silence, is quiet where nothing happens, and writes what the benchmark scores', async () => {
    const out = join(folder, 'out');
    expect(await evalNab([folder, '--out', out])).toBe(0);
    for (const [name, { windows }] of Object.entries(made)) {
      const lines = (await readFile(join(out, 'countersign', 'made', `countersign_${name.slice(5)}`), 'utf8')).trim().split('\n');
      expect([lines[0], lines.length]).toEqual(['timestamp,value,anomaly_score,label', rows + 1]);
      const rowsFrom = (least: number): readonly number[] => lines.slice(1).flatMap((line, row) => (Number(line.split(',')[2]) >= least ? [row] : []));
      // Half is what makes an agent's level high, a quarter what raises it.
      for (const [first, last] of windows) expect(rowsFrom(0.5).some((row) => row >= first! && row <= last!)).toBe(true);
      if (windows.length === 0) expect(rowsFrom(0.25)).toEqual([]);
      expect(lines.slice(1).filter((line) => line.endsWith(',1'))).toHaveLength(windows.reduce((sum, [first, last]) => sum + last! - first! + 1, 0));
    }
  });

  it('looks at the course of the values, whatever they measure: degrees below zero in another unit, or the mirror image, score alike', () => {
    const next = random(5);
    const values = Array.from({ length: 250 }, (_, row) => (row === 200 ? 400 : Math.floor(next() * 16)));
    const scores = (given: readonly number[]) => scoresOf({ name: 'made/any.csv', timestamps: given.map((_, row) => stamp(row)), values: given, windows: [] });
    const plain = scores(values);
    expect(Math.max(...plain)).toBeGreaterThanOrEqual(0.25);
    expect(plain.every((score) => score >= 0 && score <= 1)).toBe(true);
    expect(scores(values.map((value) => value * 4 - 1_024))).toEqual(plain);
    expect(scores(values.map((value) => -value))).toEqual(plain);
  });

  it.each<readonly [string, readonly number[]]>([
    ['one row', [3]], ['a flat line', Array.from({ length: 99 }, () => 45)], ['zeros', Array.from({ length: 99 }, () => 0)],
    ['values at the end of what a number holds', Array.from({ length: 99 }, (_, row) => (row % 2 === 0 ? 1 : -1) * Number.MAX_VALUE)],
  ])('has a score from 0 to 1 for each row of %s', (_, values) => {
    const scores = scoresOf({ name: 'made/odd.csv', timestamps: values.map((__, row) => stamp(row)), values, windows: [] });
    expect(scores).toHaveLength(values.length);
    expect(scores.every((score) => score >= 0 && score <= 1)).toBe(true);
  });

  it('is scored as the benchmark does: nothing said is 0, each window at its first row and nothing else 100', async () => {
    const corpus = await readCorpus(folder);
    const perfect = corpus.map((one) => ({ series: one, scores: one.values.map((_, row) => (one.windows.some(({ from }) => from === row) ? 1 : 0)) }));
    expect(corpusScore(perfect).score).toBeCloseTo(100, 6);
    expect(corpusScore(corpus.map((one) => ({ series: one, scores: one.values.map(() => 0) }))).score).toBe(0);
    const faults = corpus.find(({ name }) => name === 'made/faults.csv')!;
    const only = (row: number) => rawScore(faults, faults.values.map((_, i) => (i === row ? 1 : 0)), 0.5);
    expect(only(780)).toBeGreaterThan(only(920));
    expect(only(1_250)).toBeLessThan(only(950));
    expect(only(100)).toBe(-3);
  });

  const one = 'timestamp,value\n2014-04-01 00:00:00,1\n2014-04-01 00:05:00,2';
  it.each<readonly [string, Readonly<Record<string, string>>, string]>([
    ['there is nothing', {}, 'combined_windows.json. Name a clone of the Numenta benchmark: DIR/labels'],
    ['there are no data', { 'labels/combined_windows.json': '{}' }, 'has no folder data. Name a clone'],
    ['there are no series', { 'labels/combined_windows.json': '{}', 'data/README.md': 'x', 'data/x/notes.txt': 'x' }, 'has no series. Name a clone'],
    ['the labels are no JSON', { 'labels/combined_windows.json': '{', 'data/x/y.csv': one }, 'combined_windows.json: '],
    ['the labels are a list', { 'labels/combined_windows.json': '[]', 'data/x/y.csv': one }, 'is no object of windows'],
    ['a window is no pair of times', { 'labels/combined_windows.json': '{"x/y.csv":[["2014-04-01 00:00:00"]]}', 'data/x/y.csv': one }, 'x/y.csv needs a list of windows'],
    ['the labels do not know a series', { 'labels/combined_windows.json': '{}', 'data/x/y.csv': one }, 'says nothing of x/y.csv: give it a list'],
    ['a series is missing', { 'labels/combined_windows.json': '{"x/y.csv":[],"x/z.csv":[]}', 'data/x/y.csv': one }, 'The labels name x/z.csv'],
    ['a value is no number', { 'labels/combined_windows.json': '{"x/y.csv":[]}', 'data/x/y.csv': 'timestamp,value\n2014-04-01 00:00:00,abc' }, 'x/y.csv:2: a row needs a timestamp and a number'],
    ['the header is another', { 'labels/combined_windows.json': '{"x/y.csv":[]}', 'data/x/y.csv': 'time,count\n2014-04-01 00:00:00,1' }, 'under the header timestamp,value'],
    ['rows differ in length', { 'labels/combined_windows.json': '{"x/y.csv":[]}', 'data/x/y.csv': `${one}\n1,2,3` }, 'x/y.csv: '],
  ])('says what to do where %s', async (_, files, message) => {
    const wrong = await mkdtemp(join(tmpdir(), 'countersign-nab-'));
    for (const [path, text] of Object.entries(files)) {
      await mkdir(dirname(join(wrong, path)), { recursive: true });
      await writeFile(join(wrong, path), text);
    }
    const failed: unknown = await evalNab([wrong]).catch((error: unknown) => error);
    await rm(wrong, { recursive: true });
    expect(failed).toBeInstanceOf(CannotRun);
    expect((failed as Error).message).toContain(message);
  });
});
