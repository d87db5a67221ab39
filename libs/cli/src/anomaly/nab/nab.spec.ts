import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CannotRun } from '../../errors.ts';
import { evalNab } from './command.ts';
import { readCorpus } from './corpus.ts';
import { corpusScore, rawScore } from './nab-score.ts';

/** A generator of our own (xorshift), so that the series are the same everywhere. */
const random = (seed: number) => { let x = seed; return (): number => { x ^= x << 13; x ^= x >>> 17; x ^= x << 5; return (x >>> 0) / 2 ** 32; }; };
const rows = 4_000, five = 300_000, begin = Date.UTC(2014, 3, 1);
const stamp = (row: number): string => new Date(begin + row * five).toISOString().slice(0, 19).replace('T', ' ');
type Planted = (row: number, value: number) => number;
/** Two weeks of five-minute values with a daily rhythm and noise, and a fault planted. */
const series = (seed: number, plant: Planted): string => {
  const next = random(seed);
  return ['timestamp,value', ...Array.from({ length: rows }, (_, row) => {
    const noise = next() + next() + next() - 1.5;
    return `${stamp(row)},${plant(row, 50 + 20 * Math.sin(row / 288 * 2 * Math.PI) + 4 * noise)}`;
  })].join('\n');
};
const faults: Record<string, { readonly plant: Planted; readonly window: [number, number] | null }> = {
  'made/spike.csv': { plant: (row, value) => (row === 2_500 ? value + 120 : value), window: [2_450, 2_600] },
  'made/shift.csv': { plant: (row, value) => (row >= 3_000 ? value + 45 : value), window: [2_980, 3_180] },
  'made/silence.csv': { plant: (row, value) => (row >= 2_800 && row < 2_830 ? 0 : value), window: [2_780, 2_930] },
  'made/nothing.csv': { plant: (_, value) => value, window: null },
};

describe('the volume detector on series in the format of the Numenta benchmark', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'countersign-nab-'));
    await mkdir(join(folder, 'data', 'made'), { recursive: true });
    await mkdir(join(folder, 'labels'));
    for (const [i, [name, { plant }]] of Object.entries(faults).entries()) await writeFile(join(folder, 'data', name), series(i + 11, plant));
    await writeFile(join(folder, 'labels', 'combined_windows.json'), JSON.stringify(Object.fromEntries(Object.entries(faults).map(([name, { window }]) => [name, window === null ? [] : [[`${stamp(window[0])}.000000`, `${stamp(window[1])}.000000`]]]))));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('finds a spike, a shift and a silence, is quiet where nothing happens, and writes what the benchmark scores', async () => {
    const out = join(folder, 'out');
    expect(await evalNab([folder, '--out', out])).toBe(0);
    for (const [name, { window }] of Object.entries(faults)) {
      const lines = (await readFile(join(out, 'countersign', 'made', `countersign_${name.slice(5)}`), 'utf8')).trim().split('\n');
      expect([lines[0], lines.length]).toEqual(['timestamp,value,anomaly_score,label', rows + 1]);
      const alarms = lines.slice(1).flatMap((line, row) => (Number(line.split(',')[2]) >= 0.6 ? [row] : []));
      if (window === null) expect(alarms).toEqual([]);
      else expect(alarms.some((row) => row >= window[0] && row <= window[1])).toBe(true);
      expect(lines.slice(1).filter((line) => line.endsWith(',1'))).toHaveLength(window === null ? 0 : window[1] - window[0] + 1);
    }
  });

  it('is scored as the benchmark does: nothing said is 0, each window at its first row and nothing else 100', async () => {
    const corpus = await readCorpus(folder);
    const perfect = corpus.map((one) => ({ series: one, scores: one.values.map((_, row) => (one.windows.some(({ from }) => from === row) ? 1 : 0)) }));
    expect(corpusScore(perfect).score).toBeCloseTo(100, 6);
    expect(corpusScore(corpus.map((one) => ({ series: one, scores: one.values.map(() => 0) }))).score).toBe(0);
    const spike = corpus.find(({ name }) => name === 'made/spike.csv')!;
    const only = (row: number) => rawScore(spike, spike.values.map((_, i) => (i === row ? 1 : 0)), 0.5);
    expect(only(2_450)).toBeGreaterThan(only(2_590));
    expect(only(3_900)).toBeLessThan(only(2_620));
    expect(only(100)).toBe(-1);
  });

  it('says what is wrong with a folder or a file', async () => {
    await expect(evalNab([join(folder, 'nowhere')])).rejects.toThrow(CannotRun);
    const broken = await mkdtemp(join(tmpdir(), 'countersign-nab-'));
    await mkdir(join(broken, 'data', 'x'), { recursive: true });
    await mkdir(join(broken, 'labels'));
    await writeFile(join(broken, 'labels', 'combined_windows.json'), '{}');
    await writeFile(join(broken, 'data', 'x', 'y.csv'), 'timestamp,value\n2014-04-01 00:00:00,abc\n');
    await expect(evalNab([broken])).rejects.toThrow('x/y.csv:2: a row needs a timestamp and a number');
    await rm(broken, { recursive: true });
  });
});
