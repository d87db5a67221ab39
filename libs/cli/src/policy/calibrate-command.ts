import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createKeySet, loadJwks } from '@countersign/identity';
import { createLabels } from '@countersign/policy/core/calibration/labels';
import { openBus } from '../demo/connect.ts';
import { CannotRun } from '../errors.ts';
import { readLocal } from '../local.ts';
import { printJson, progress } from '../output.ts';
import { timeOf } from './backtest/options.ts';
import { policyArgs } from './bundle-folder.ts';
import { pageOf } from './calibrate/page.ts';
import { lines, reportOf } from './calibrate/report.ts';
import { readBus, readFiles } from './calibrate/source.ts';

/** `countersign policy calibrate`: 0 said something, 1 nothing can be said from this record, 2 could not run. */
export const calibrate = async (args: readonly string[]): Promise<number> => {
  const { values } = policyArgs(args, { from: { type: 'string' }, to: { type: 'string' }, records: { type: 'string', multiple: true }, wrong: { type: 'string' }, html: { type: 'string' } });
  const given = values as { from?: string; to?: string; records?: string[]; wrong?: string; html?: string; json?: boolean };
  const time = (name: 'from' | 'to'): number | null => {
    if (given[name] === undefined) return null;
    const at = timeOf(given[name], Date.now());
    if (at === undefined) throw new CannotRun(`--${name} is a date (2026-11-01), a time (2026-11-01T08:00:00Z), or how long ago (7d), not "${given[name]}".`);
    return at;
  };
  const from = time('from'), to = time('to');
  if (from !== null && to !== null && from >= to) throw new CannotRun('--from is not before --to.');
  const wrong = given.wrong === undefined ? 0.05 : Number(given.wrong);
  if (!(wrong > 0 && wrong < 1)) throw new CannotRun('--wrong is a share between 0 and 1, such as 0.05.');
  for (const path of given.records ?? []) if (!existsSync(path)) throw new CannotRun(`There is no file ${path}.`);

  const labels = createLabels();
  const stretch = { from: from ?? -Infinity, to: to ?? Infinity };
  const verdicts: Parameters<typeof labels.review>[0][] = [];
  const takes = { record: labels.record, review: (verdict: typeof verdicts[number]) => { verdicts.push(verdict); } };
  if (given.records !== undefined) await readFiles(given.records, stretch, takes);
  else {
    const local = readLocal();
    const bus = await openBus(local, 'calibrate');
    try {
      progress('Reading the record …');
      await readBus(bus, createKeySet(loadJwks(join(local.secrets, 'jwks.json'))), stretch, takes);
    } finally {
      await bus.close();
    }
  }
  verdicts.forEach(labels.review);
  const text = (at: number | null): string | null => (at === null ? null : new Date(at).toISOString());
  const report = reportOf(labels.labels(), { from: text(from), to: text(to), wrong });
  if (given.html !== undefined) {
    await writeFile(given.html, pageOf(report, new Date().toISOString()));
    progress(`The report is in ${given.html}.`);
  }
  if (given.json === true) printJson(report);
  else process.stdout.write(`${lines(report)}\n`);
  return report.all === null ? 1 : 0;
};
