import { createWriteStream } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Bus } from '@countersign/bus';
import { createKeySet, loadJwks, peekJws } from '@countersign/identity';
import type { KeySet } from '@countersign/identity';
import { createBacktest } from '@countersign/policy/core/backtest/backtest';
import { always, workClock } from '@countersign/policy/core/backtest/hours';
import { reportOf } from '@countersign/policy/core/backtest/report';
import type { BacktestReport } from '@countersign/policy/core/backtest/report';
import { bundleDigest, readBundleFiles } from '@countersign/policy/inbound/bundle-files';
import type { Command } from '../commands.ts';
import { openBus } from '../demo/connect.ts';
import { readLocal } from '../local.ts';
import { createTicker, endTicks, printJson, progress } from '../output.ts';
import { pageOf } from './backtest/page.ts';
import { addFolders, addPublished, createKnownBundles } from './backtest/known-bundles.ts';
import { readSettings } from './backtest/options.ts';
import type { BacktestSettings } from './backtest/options.ts';
import { registeredPeople } from './backtest/people.ts';
import { recordsFromFile } from './backtest/record-file.ts';
import { recordsFromBus } from './backtest/source.ts';
import { textOf } from './backtest/text.ts';
import { bundleIn } from './bundle-folder.ts';

const packs = fileURLToPath(new URL('../../../../services/policy/packs/', import.meta.url));
/** Mean time for one question where the record does not tell. */
const assumedMs = 300_000;

/** The running Countersign whose record is read. */
export interface Connected { readonly bus: Bus; readonly keys: KeySet }

/** Reads the record and judges it. @param connected needed unless the settings name a file */
export const backtestWith = async (settings: BacktestSettings, connected: Connected | undefined): Promise<BacktestReport & { readonly seconds: number; readonly perSecond: number }> => {
  const draft = await bundleIn(settings.bundle);
  const known = createKnownBundles();
  for (const dir of settings.known) await addFolders(known, dir, progress);
  if (connected !== undefined) await addPublished(known, connected.bus, connected.keys, progress);
  await addFolders(known, packs, progress);
  const mismatches = settings.mismatches === undefined ? undefined : createWriteStream(settings.mismatches);
  const test = createBacktest({
    draft: draft.bundle, known: known.of,
    votedAt,
    ...(mismatches !== undefined && { onMismatch: (mismatch) => { mismatches.write(`${JSON.stringify(mismatch)}\n`); } }),
  });
  const read = settings.records === undefined ? recordsFromBus(connected!.bus) : recordsFromFile(settings.records);
  const begun = performance.now();
  const tick = createTicker(Date.now);
  await read({ from: settings.from ?? -Infinity, to: settings.to ?? Infinity, onRecord: test.add, onProgress: (share) => tick(bar(share, test.seen.decisions)) });
  tick(bar(1, test.seen.decisions));
  endTicks();
  const seconds = (performance.now() - begun) / 1_000;
  if (mismatches !== undefined) await new Promise((resolve) => { mismatches.end(resolve); });
  for (const version of known.ambiguous) if (Object.hasOwn(test.proof().versions, version)) progress(`Two different bundles call themselves ${version}: the first found was taken (--known, then what policy published, then the packs here).`);
  const reviewers = settings.reviewers ?? (connected === undefined ? null : await registeredPeople(connected.bus, connected.keys));
  const budgetsDiffer = Object.keys(test.proof().versions).some((version) => JSON.stringify(known.of(version)?.budgets ?? []) !== JSON.stringify(draft.bundle.budgets));
  const report = reportOf(test, {
    budgetsDiffer,
    version: draft.spec.version, digest: bundleDigest(await readBundleFiles(settings.bundle)), from: settings.from, to: settings.to,
    reviewers: reviewers === null || reviewers.length === 0 ? null : reviewers, assumedMs: settings.serviceMs ?? assumedMs, stated: settings.serviceMs !== null, clock: settings.hours === null ? always : workClock(settings.hours.hours),
  });
  return { ...report, seconds: Math.round(seconds * 1_000) / 1_000, perSecond: Math.round(test.seen.decisions / Math.max(seconds, 0.001)) };
};

/** When a person signed a vote, epoch ms. Only the pace of people is taken from it; policy has verified the signature. */
export const votedAt = (jws: string): number | undefined => {
  const iat = peekJws(jws)?.['iat'];
  return typeof iat === 'number' ? iat * 1_000 : undefined;
};

const bar = (share: number, decisions: number): string => {
  const done = Math.round(Math.min(1, share) * 24);
  return `[${'#'.repeat(done)}${' '.repeat(24 - done)}] ${Math.floor(share * 100)} %, ${decisions.toLocaleString('en')} decisions`;
};

/** `countersign policy backtest`: 0 the record was proven, 1 it was not, 2 could not run. */
export const backtest: Command = async (args) => {
  const settings = readSettings(args, Date.now());
  const connected = settings.records === undefined ? await connect() : undefined;
  try {
    const report = await backtestWith(settings, connected);
    if (settings.html !== undefined) {
      await writeFile(settings.html, pageOf(report, new Date().toISOString()));
      progress(`The report is in ${settings.html}.`);
    }
    if (settings.json) printJson(report);
    else process.stdout.write(textOf(report));
    if (!report.proof.ok) progress('The record is not reproduced: exit code 1.');
    return report.proof.ok ? 0 : 1;
  } finally {
    await connected?.bus.close();
  }
};

const connect = async (): Promise<Connected> => {
  const local = readLocal();
  return { bus: await openBus(local, 'backtest'), keys: createKeySet(loadJwks(join(local.secrets, 'jwks.json'))) };
};
