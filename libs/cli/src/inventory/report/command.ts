import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { topic, validateAgentSnapshot } from '@countersign/contracts';
import type { AgentSnapshot } from '@countersign/contracts';
import { createKeySet, loadJwks } from '@countersign/identity';
import { always, workClock } from '@countersign/policy/core/backtest/hours';
import { duration } from '@countersign/policy/core/rules/duration';
import type { Command } from '../../commands.ts';
import { openBus } from '../../demo/connect.ts';
import { CannotRun } from '../../errors.ts';
import { readLocal } from '../../local.ts';
import { printJson, progress } from '../../output.ts';
import { id } from '../../people/inert.ts';
import type { Connected } from '../../policy/backtest-command.ts';
import { hoursOf, reviewersOf, timeOf } from '../../policy/backtest/options.ts';
import { registeredPeople, snapshotNow } from '../../policy/backtest/people.ts';
import { recordsFromFile } from '../../policy/backtest/record-file.ts';
import { recordsFromBus } from '../../policy/backtest/source.ts';
import { usage } from '../usage.ts';
import { fateNames, headline, money, observePage } from './page.ts';
import { createTally, fates, observeReport } from './tally.ts';
import type { ObserveReport } from './tally.ts';

const parsed = (args: readonly string[]) => {
  try {
    return parseArgs({ args: [...args], options: { from: { type: 'string' }, to: { type: 'string' }, records: { type: 'string' }, reviewers: { type: 'string' }, service: { type: 'string' }, hours: { type: 'string' }, html: { type: 'string' }, json: { type: 'boolean' } } }).values;
  } catch (error) {
    throw new CannotRun(`${(error as Error).message}\n${usage}`);
  }
};
type Values = ReturnType<typeof parsed>;

const read = <T>(name: string, text: string | undefined, parse: (text: string) => T | undefined): T | null => {
  if (text === undefined) return null;
  const value = parse(text);
  if (value === undefined) throw new CannotRun(`--${name} ${JSON.stringify(text)} is not understood.\n${usage}`);
  return value;
};

/** Reads the record and says what enforcement would have done. @param connected needed unless the values name a file */
export const reportWith = async (values: Values, connected: Connected | undefined, now: number): Promise<ObserveReport> => {
  const from = read('from', values.from, (text) => timeOf(text, now)), to = read('to', values.to, (text) => timeOf(text, now));
  if (from !== null && to !== null && from >= to) throw new CannotRun('--from is not before --to.');
  const service = read('service', values.service, duration), hours = read('hours', values.hours, hoursOf);
  const tally = createTally();
  await (values.records === undefined ? recordsFromBus(connected!.bus) : recordsFromFile(values.records))({ from: from ?? -Infinity, to: to ?? Infinity, onRecord: tally.add, onProgress: () => undefined });
  const reviewers = read('reviewers', values.reviewers, reviewersOf) ?? (connected === undefined ? [] : await registeredPeople(connected.bus, connected.keys));
  const registered = connected === undefined ? null : [...(await snapshotNow<AgentSnapshot>(connected.bus, connected.keys, topic.registryAgents, 'registry', validateAgentSnapshot)).values()].filter(({ status }) => status !== 'decommissioned').length;
  return observeReport(tally, { from, to, registered, reviewers: reviewers.length === 0 ? null : reviewers, assumedMs: service ?? 300_000, stated: service !== null, clock: hours === null ? always : workClock(hours) });
};

/** `countersign inventory report`. */
export const report: Command = async (args) => {
  const values = parsed(args);
  const local = values.records === undefined ? readLocal() : undefined;
  const connected = local && { bus: await openBus(local, 'observe-report'), keys: createKeySet(loadJwks(join(local.secrets, 'jwks.json'))) };
  try {
    const made = await reportWith(values, connected, Date.now());
    if (values.html !== undefined) {
      await writeFile(values.html, observePage(made, new Date().toISOString()));
      progress(`The report is in ${values.html}.`);
    }
    if (values.json === true) printJson(made);
    else process.stdout.write(`${[`OBSERVED, not enforced: ${headline(made)}`, ...fates.map((fate) => `  ${fateNames[fate].padEnd(28)} ${made.counts[fate]}`), `  money held back             ${money(made.held)}`, ...made.byAgent.map((row) => `${id(row.agent).padEnd(24)} ${fates.filter((fate) => row.counts[fate] > 0).map((fate) => `${fateNames[fate]} ${row.counts[fate]}`).join(', ')}`), ...made.next.map((step) => `- ${step}`)].join('\n')}\n`);
    return 0;
  } finally {
    await connected?.bus.close();
  }
};
