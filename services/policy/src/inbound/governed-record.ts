import type { GovernedRecord } from '@countersign/contracts';

/** Members without which a record of this kind cannot be folded. */
const needed: Readonly<Record<GovernedRecord['kind'], readonly string[]>> = {
  'run.started': ['message', 'token', 'instruction'], 'action.decided': ['action', 'tool', 'message', 'facts', 'decision', 'snapshots', 'reserved', 'reply'], 'action.outcome': ['action', 'tool', 'message', 'settled'],
  'action.cancelled': ['action'], 'action.reversed': ['action'], 'run.halted': ['halt'], 'run.resumed': ['halt'], 'run.ended': ['reason'], 'message.refused': ['code'], 'messages.unproven': ['counts'], 'partition.owned': ['owner'],
};

const isText = (value: unknown): boolean => typeof value === 'string';
const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;

/**
 * The record in a message of the governed log, or why there is none in it. Policy alone writes there, by the broker's word: this tells what somebody else left (a stray tool, a
 * broker without access control) from what can be folded, by its frame and not by its whole schema, which an older record need not fit in every bound.
 */
export const governedRecordIn = (value: Buffer | null): GovernedRecord | string => {
  if (value === null) return 'no value';
  let parsed: unknown;
  try { parsed = JSON.parse(value.toString()); } catch { return 'no JSON'; }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) return 'no object';
  const record = parsed as Readonly<Record<string, unknown>>;
  const { kind, position, now, tenant, run, agent, seq, inbox } = record;
  if (!isText(kind) || !Object.hasOwn(needed, kind as string)) return 'of no kind that this version knows';
  const framed = isCount(position) && isCount(now) && isText(tenant) && (run === null || isText(run)) && (agent === null || isText(agent)) && (seq === null || isCount(seq)) && (inbox === null || isText((inbox as { hash?: unknown } | undefined)?.hash));
  if (!framed) return 'without the frame that every record has';
  const missing = needed[kind as GovernedRecord['kind']].find((name) => record[name] === undefined || record[name] === null);
  return missing === undefined ? parsed as GovernedRecord : `${kind as string} without ${missing}`;
};
