import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import type { GovernedDecided } from '@countersign/contracts';
import { CannotRun } from '../../errors.ts';
import type { ReadRecords } from './source.ts';

const longestLine = 2_097_152;
const newline = 10;
const kind = Buffer.from('"action.decided"');

/**
 * Governed records as JSON Lines, gzip where the name ends in .gz: each line a record, or `{"partition", "record"}` as `npm run replay -- --keep` writes
 * them. Streams; of every decision all that is read is checked, and what does not fit ends the reading with its line.
 */
export const recordsFromFile = (path: string): ReadRecords => async ({ from, to, onRecord, onProgress }) => {
  const { size } = await stat(path).catch(() => { throw new CannotRun(`There is no file ${path}.`); });
  const file = createReadStream(path, { highWaterMark: 1 << 20 });
  const source = path.endsWith('.gz') ? pipeline(file, createGunzip({ chunkSize: 1 << 20 }), () => undefined) : file;
  let line = 0;
  let rest: Buffer = Buffer.alloc(0);
  const take = (bytes: Buffer): void => {
    line++;
    if (bytes.length === 0 || !bytes.includes(kind)) return;
    const record = decidedIn(bytes, (why) => new CannotRun(`${path}, line ${line}: ${why}`));
    if (record !== undefined && record.now >= from && record.now < to) onRecord(record);
  };
  try {
    for await (const chunk of source as AsyncIterable<Buffer>) {
      const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
      let start = 0;
      for (let end = bytes.indexOf(newline, start); end >= 0; end = bytes.indexOf(newline, start)) {
        take(bytes.subarray(start, end));
        start = end + 1;
      }
      rest = bytes.subarray(start);
      if (rest.length > longestLine) throw new CannotRun(`${path}, line ${line + 1}: longer than ${longestLine} bytes, no governed record.`);
      onProgress(size === 0 ? 1 : file.bytesRead / size);
    }
  } catch (error) {
    throw error instanceof CannotRun ? error : new CannotRun(`${path} cannot be read: ${(error as Error).message}`);
  }
  if (rest.length > 0) take(rest);
};

const decidedIn = (bytes: Buffer, wrong: (why: string) => CannotRun): GovernedDecided | undefined => {
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString());
  } catch (error) {
    throw wrong(`no JSON: ${(error as Error).message}`);
  }
  const record = typeof value === 'object' && value !== null && 'record' in value ? value.record : value;
  if ((record as { kind?: unknown } | null)?.kind !== 'action.decided') return undefined;
  const fault = faultOf(record as GovernedDecided);
  if (fault !== null) throw wrong(`no decision by the contract: ${fault}`);
  return record as GovernedDecided;
};

const isText = (value: unknown): boolean => typeof value === 'string' && value.length <= 100_000;
const isTexts = (value: unknown): boolean => Array.isArray(value) && value.every(isText);
const isMap = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);
const isTextOrNull = (value: unknown): boolean => value === null || isText(value);
const isFacts = (value: unknown): boolean => isMap(value) && Object.keys(value).length <= 512 && Object.values(value).every((fact) => isMap(fact) && 'value' in fact && isText(fact['origin']));
const isFailed = (value: unknown): boolean => value === undefined || (Array.isArray(value) && value.every((one) => isMap(one) && isText(one['fact']) && isText(one['why']) && typeof one['byArguments'] === 'boolean'));
const isRules = (value: unknown): boolean => Array.isArray(value) && value.length <= 256 && value.every((rule) => isMap(rule) && isText(rule['id']) && isText(rule['reason']) && (rule['tier'] === null || isTier(rule['tier'])) && isTextOrNull(rule['decision']));
const isTier = (value: unknown): boolean => value === 1 || value === 2 || value === 3 || value === 4;
const kinds: ReadonlySet<unknown> = new Set(['allow', 'modify', 'step_up', 'defer', 'deny']);

/** What of a record is not as the contract has it, of all that a backtest reads; the whole schema would cost more than judging does. */
const faultOf = ({ run, agent, tool, action, round, now, position, message, resolved, facts, failed, decision, modified, reserved }: Partial<GovernedDecided>): string | null => {
  if (!isTextOrNull(run) || !isTextOrNull(agent) || !isText(tool) || !isText(action)) return 'run, agent, tool and action are texts';
  if (!Number.isSafeInteger(round) || round! < 1 || !Number.isSafeInteger(now) || Math.abs(now!) > 8.64e15 || !Number.isSafeInteger(position)) return 'round, now and position are whole numbers';
  if (!isMap(message) || !isMap(message.arguments)) return '/message/arguments is missing';
  if (resolved !== null && !(isMap(resolved) && isText(resolved.resolution) && Array.isArray(resolved.votes) && resolved.votes.every((vote) => isMap(vote) && isText(vote.person) && isText(vote.jws)))) return '/resolved is not as it should be';
  if (!isFacts(facts) || !isFailed(failed)) return '/facts or /failed are not as they should be';
  if (modified !== undefined && !(isMap(modified) && isMap(modified.arguments) && isFacts(modified.proposedFacts) && isFailed(modified.proposedFailed))) return '/modified is not as it should be';
  if (!isMap(reserved) || !(reserved.money === null || (isMap(reserved.money) && Number.isSafeInteger(reserved.money.minor)))) return '/reserved is not as it should be';
  return decisionFault(decision);
};

const decisionFault = (decision: unknown): string | null => {
  if (!isMap(decision) || !kinds.has(decision['decision']) || !isTier(decision['tier']) || !isTextOrNull(decision['code']) || !isText(decision['policyVersion']) || typeof decision['claim'] !== 'boolean') return '/decision is not as it should be';
  if (!isRules(decision['rules'])) return '/decision/rules are not as they should be';
  const { approval, deferral, beside } = decision;
  if (approval !== null && !(isMap(approval) && isTexts(approval['route']) && isTexts(approval['requesters']) && Number.isSafeInteger(approval['quorum']) && (approval['quorum'] as number) >= 1 && Number.isSafeInteger(approval['expiresAt']))) return '/decision/approval is not as it should be';
  if (deferral !== undefined && !(isMap(deferral) && isTexts(deferral['dependsOn']) && Array.isArray(deferral['awaits']) && deferral['awaits'].every((one) => isMap(one) && isText(one['fact']) && isTexts(one['from'])))) return '/decision/deferral is not as it should be';
  if (beside !== undefined && !(isMap(beside) && isText(beside['version']) && isText(beside['mode']) && (beside['overruled'] === undefined || (isMap(beside['overruled']) && isTexts(beside['overruled']['rules']))))) return '/decision/beside is not as it should be';
  return null;
};
