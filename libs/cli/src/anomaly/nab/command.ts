import { mkdir, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { CannotRun } from '../../errors.ts';
import { printJson, progress } from '../../output.ts';
import { scoresOf } from './as-agent.ts';
import { readCorpus } from './corpus.ts';
import type { BenchmarkSeries } from './corpus.ts';
import { corpusScore } from './nab-score.ts';

const detector = 'countersign';

/** As the benchmark's own scorer reads it: `results/<detector>/<category>/<detector>_<file>.csv`. */
export const resultOf = ({ timestamps, values, windows }: BenchmarkSeries, scores: readonly number[]): string =>
  ['timestamp,value,anomaly_score,label', ...values.map((value, i) => `${timestamps[i]},${value},${scores[i]!.toFixed(6)},${windows.some(({ from, to }) => i >= from && i <= to) ? 1 : 0}`), ''].join('\n');

/** `npm run eval:nab`: the service's detector, by volume and timing, over the Numenta benchmark's series; results in its format, and its score by the standard profile. */
export const evalNab = async (args: readonly string[]): Promise<number> => {
  const { folder, out, json } = options(args);
  const corpus = await readCorpus(folder);
  const all: { series: BenchmarkSeries; scores: readonly number[] }[] = [];
  for (const series of corpus) {
    const scores = scoresOf(series);
    all.push({ series, scores });
    const path = join(out, detector, dirname(series.name), `${detector}_${basename(series.name)}`);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, resultOf(series, scores));
  }
  const { score, threshold } = corpusScore(all);
  progress(`${corpus.length} series, ${corpus.reduce((sum, { windows }) => sum + windows.length, 0)} windows: standard profile ${score.toFixed(1)} at threshold ${threshold}. Results in ${join(out, detector)}.`);
  if (json) printJson({ series: corpus.length, windows: corpus.reduce((sum, { windows }) => sum + windows.length, 0), standard: Number(score.toFixed(2)), threshold, results: join(out, detector) });
  return 0;
};

const options = (args: readonly string[]): { readonly folder: string; readonly out: string; readonly json: boolean } => {
  const usage = 'npm run eval:nab -- DIR [--out DIR] [--json]';
  const from = process.env['INIT_CWD'] ?? '.';
  try {
    const { values, positionals } = parseArgs({ args: [...args], allowPositionals: true, options: { out: { type: 'string' }, json: { type: 'boolean' } } });
    if (positionals.length !== 1) throw new CannotRun(`Name the folder of the benchmark: ${usage}`);
    const folder = resolve(from, positionals[0]!);
    return { folder, out: values.out === undefined ? join(folder, 'results') : resolve(from, values.out), json: values.json === true };
  } catch (error) {
    throw error instanceof CannotRun ? error : new CannotRun(`${(error as Error).message} ${usage}`);
  }
};
