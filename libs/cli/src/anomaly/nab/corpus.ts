import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import { CannotRun } from '../../errors.ts';

/** A series of the Numenta benchmark: `data/<name>` with the columns timestamp and value, and the windows of `labels/combined_windows.json`. */
export interface BenchmarkSeries {
  /** As the labels name it: `<category>/<file>.csv`. */
  readonly name: string;
  /** As the file has them. */
  readonly timestamps: readonly string[];
  readonly values: readonly number[];
  /** First and last row of each labelled window. */
  readonly windows: readonly { readonly from: number; readonly to: number }[];
}

/** The benchmark's times have no zone: UTC, so that an hour is the same everywhere. */
export const timeOf = (text: string): number => Date.parse(`${text.replace(' ', 'T').replace(/\.\d+$/, '')}Z`);

const longest = 1_000_000;

/** Reads a clone of the benchmark. Throws CannotRun with what is missing or wrong. */
export const readCorpus = async (folder: string): Promise<readonly BenchmarkSeries[]> => {
  const labels = await readLabels(join(folder, 'labels', 'combined_windows.json'));
  const categories = await readdir(join(folder, 'data'), { withFileTypes: true }).catch(() => { throw new CannotRun(`${folder} has no folder data: name a clone of the Numenta benchmark.`); });
  const found: BenchmarkSeries[] = [];
  for (const category of categories.filter((one) => one.isDirectory()).map((one) => one.name).sort()) {
    for (const file of (await readdir(join(folder, 'data', category))).filter((one) => one.endsWith('.csv')).sort()) {
      const name = `${category}/${file}`;
      found.push(seriesOf(name, await readFile(join(folder, 'data', name), 'utf8'), labels[name] ?? []));
    }
  }
  if (found.length === 0) throw new CannotRun(`${join(folder, 'data')} has no series (<category>/<file>.csv).`);
  return found;
};

type Labels = Readonly<Record<string, readonly (readonly [string, string])[]>>;

const readLabels = async (path: string): Promise<Labels> => {
  const text = await readFile(path, 'utf8').catch(() => { throw new CannotRun(`There is no ${path}.`); });
  try {
    return JSON.parse(text) as Labels;
  } catch (error) {
    throw new CannotRun(`${path}: ${(error as Error).message}`);
  }
};

/** One series out of its bytes. */
export const seriesOf = (name: string, csv: string, windows: readonly (readonly [string, string])[]): BenchmarkSeries => {
  const rows = parse(csv, { columns: true, skip_empty_lines: true, to: longest }) as { timestamp?: string; value?: string }[];
  const timestamps: string[] = [], values: number[] = [], times: number[] = [];
  for (const [i, { timestamp, value }] of rows.entries()) {
    const time = timestamp === undefined ? Number.NaN : timeOf(timestamp);
    if (Number.isNaN(time) || value === undefined || !Number.isFinite(Number(value))) throw new CannotRun(`${name}:${i + 2}: a row needs a timestamp and a number`);
    timestamps.push(timestamp!);
    values.push(Number(value));
    times.push(time);
  }
  return {
    name, timestamps, values,
    windows: windows.map(([first, last]) => ({ from: times.findIndex((time) => time >= timeOf(first)), to: times.findLastIndex((time) => time <= timeOf(last)) })).filter(({ from, to }) => from >= 0 && to >= from),
  };
};
