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

const layout = 'Name a clone of the Numenta benchmark: DIR/labels/combined_windows.json and DIR/data/<category>/<file>.csv.';

/** Reads a clone of the benchmark. Throws CannotRun with what is missing or wrong. */
export const readCorpus = async (folder: string): Promise<readonly BenchmarkSeries[]> => {
  const labels = await readLabels(join(folder, 'labels', 'combined_windows.json'));
  const categories = await readdir(join(folder, 'data'), { withFileTypes: true }).catch(() => { throw new CannotRun(`${folder} has no folder data. ${layout}`); });
  const found: BenchmarkSeries[] = [];
  for (const category of categories.filter((one) => one.isDirectory()).map((one) => one.name).sort()) {
    for (const file of (await readdir(join(folder, 'data', category))).filter((one) => one.endsWith('.csv')).sort()) {
      const name = `${category}/${file}`;
      found.push(seriesOf(name, await readFile(join(folder, 'data', name), 'utf8'), windowsOf(labels, name)));
    }
  }
  if (found.length === 0) throw new CannotRun(`${join(folder, 'data')} has no series. ${layout}`);
  // A score over fewer series than the labels know would be another benchmark's.
  const names = new Set(found.map(({ name }) => name));
  const [lost] = Object.keys(labels).filter((name) => !names.has(name));
  if (lost !== undefined) throw new CannotRun(`The labels name ${lost}, which is not in ${join(folder, 'data')}: the clone is not whole.`);
  return found;
};

type Labels = Readonly<Record<string, readonly (readonly [string, string])[]>>;

const isWindow = (one: unknown): boolean => Array.isArray(one) && one.length === 2 && one.every((time) => typeof time === 'string' && !Number.isNaN(timeOf(time)));

const readLabels = async (path: string): Promise<Labels> => {
  const text = await readFile(path, 'utf8').catch(() => { throw new CannotRun(`There is no ${path}. ${layout}`); });
  let labels: unknown;
  try {
    labels = JSON.parse(text);
  } catch (error) {
    throw new CannotRun(`${path}: ${(error as Error).message}`);
  }
  if (typeof labels !== 'object' || labels === null || Array.isArray(labels)) throw new CannotRun(`${path} is no object of windows by series. ${layout}`);
  for (const [name, windows] of Object.entries(labels)) if (!Array.isArray(windows) || !windows.every(isWindow)) throw new CannotRun(`${path}: ${name} needs a list of windows, each of two times such as "2014-04-10 07:15:00.000000".`);
  return labels as Labels;
};

const windowsOf = (labels: Labels, name: string): Labels[string] => {
  if (!Object.hasOwn(labels, name)) throw new CannotRun(`labels/combined_windows.json says nothing of ${name}: give it a list of windows, [] if nothing happens in it.`);
  return labels[name]!;
};

/** Rows with their header's columns; throws CannotRun where it is no CSV. */
const rowsOf = (name: string, csv: string): readonly { readonly timestamp?: string; readonly value?: string }[] => {
  try {
    return parse(csv, { columns: true, skip_empty_lines: true, bom: true, to: longest });
  } catch (error) {
    throw new CannotRun(`${name}: ${(error as Error).message}`);
  }
};

/** One series out of its bytes. */
export const seriesOf = (name: string, csv: string, windows: readonly (readonly [string, string])[]): BenchmarkSeries => {
  const rows = rowsOf(name, csv);
  const timestamps: string[] = [], values: number[] = [], times: number[] = [];
  for (const [i, { timestamp, value }] of rows.entries()) {
    const time = timestamp === undefined ? Number.NaN : timeOf(timestamp);
    if (Number.isNaN(time) || value === undefined || value.trim() === '' || !Number.isFinite(Number(value))) throw new CannotRun(`${name}:${i + 2}: a row needs a timestamp and a number under the header timestamp,value`);
    timestamps.push(timestamp!);
    values.push(Number(value));
    times.push(time);
  }
  return {
    name, timestamps, values,
    windows: windows.map(([first, last]) => ({ from: times.findIndex((time) => time >= timeOf(first)), to: times.findLastIndex((time) => time <= timeOf(last)) })).filter(({ from, to }) => from >= 0 && to >= from),
  };
};
