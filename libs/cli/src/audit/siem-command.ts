import { validateSubscriptionsFile } from '@countersign/contracts';
import type { LogQueryResponse } from '@countersign/contracts';
import type { SiemFilter } from '@countersign/audit/core/siem/record';
import { encodings } from '@countersign/identity';
import { parseCheckpoint } from '@countersign/tamper-log';
import { readFile } from 'node:fs/promises';
import { CannotRun } from '../errors.ts';
import { createTicker, progress } from '../output.ts';
import { personCommand } from '../people/command.ts';
import { inert } from '../people/inert.ts';
import { asked, conditions, readers } from './query-command.ts';
import { formats, writeSiemFile } from './siem-file.ts';
import { siemUsage } from './usage.ts';
import { fromUrl } from './verify.ts';

const pageSize = '1000';

/** A filter as subscriptions have it, so that one file serves both. */
const filterIn = async (path: string | undefined): Promise<SiemFilter> => {
  if (path === undefined) return {};
  const filter = await readFile(path, 'utf8').then((text) => JSON.parse(text) as SiemFilter, (error: Error) => { throw new CannotRun(`--filter ${path}: ${error.message}`); })
    .catch((error: unknown) => { throw error instanceof CannotRun ? error : new CannotRun(`--filter ${path} is no JSON: ${(error as Error).message}`); });
  if (!validateSubscriptionsFile({ subscriptions: [{ name: 'export', to: { kind: 'ocsf-kafka' }, filter }] })) {
    const fault = validateSubscriptionsFile.errors?.[0];
    throw new CannotRun(`--filter ${path}: ${(fault?.instancePath ?? '').replace('/subscriptions/0', '')} ${fault?.message ?? ''} (contracts/schemas/audit/SubscriptionsFile.v1.schema.json, "filter")`);
  }
  return filter;
};

/** `countersign audit export --format ocsf|cef --out FILE`: what subscriptions send as it comes, at once and in a file. */
export const exportSiem = personCommand(siemUsage, { ...conditions, format: { type: 'string' }, out: { type: 'string' }, filter: { type: 'string' }, resume: { type: 'boolean' } }, async (session) => {
  const { after, limit, filter } = session.values;
  const format = formats.find((one) => one === session.values['format']);
  if (format === undefined) throw new CannotRun(`--format is one of ${formats.join(', ')}.`);
  if (session.positionals.length > 0 || after !== undefined || limit !== undefined) throw new CannotRun(`Usage: ${siemUsage}`);
  const out = session.needed('out');
  const wanted = await filterIn(typeof filter === 'string' ? filter : undefined);
  const question = asked(session.values, Date.now());
  const { client } = session.as(readers);
  const note = Buffer.from(await fromUrl(session.local.http.audit)('checkpoint')).toString();
  const origin = parseCheckpoint(encodings, note)?.checkpoint.origin;
  if (origin === undefined) throw new CannotRun('the service answered with a malformed checkpoint');
  const tick = createTicker(Date.now);
  const written = await writeSiemFile(out, format, origin, session.values['resume'] === true, wanted, async (from) => {
    if (from >= 0) tick(`read up to entry ${from}`);
    return client.request<LogQueryResponse>('audit', 'GET', `/query?${new URLSearchParams([...question, ['limit', pageSize], ...from < 0 ? [] : [['after', String(from)] as [string, string]]]).toString()}`);
  });
  progress('');
  session.show({ out, format, ...written }, [`${written.events} events written to ${inert(out)}; later ones follow with --resume`]);
});
