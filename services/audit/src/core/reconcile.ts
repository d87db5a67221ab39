import { sequenceHeader } from '@countersign/kernel';
import { refusedHeader } from './entry.ts';
import type { SourceRecord } from './entry.ts';
import { fieldsOf, numberOf } from './reading.ts';
import { sourceKey } from './sequence.ts';
import type { Statement } from './statement.ts';

/** What one record accounts for: a governed one by its position, one of a service's outbox by its number. */
export interface Account {
  /** Dense per partition from 0; of a service over its restarts, with repeats. */
  readonly position: number;
  /** Offset of the inbox record it answers; null where policy wrote it on its own. */
  readonly inbox: number | null;
  /** Messages of the inbox that had no valid proof and that it counts. */
  readonly unproven: number;
}

/** What was seen of one partition of a numbered stream, since it was last reconciled in an entry. */
export interface Seen {
  /** The position that must come next. */
  readonly next: number;
  readonly since: number;
  readonly governed: number;
  readonly unproven: number;
  readonly firstInbox: number | null;
  readonly lastInbox: number | null;
}

const governedTopic = 'runs.governed.v1';
/** Records of a partition between two reconciling entries. */
export const reconcileEvery = 10_000;

const nothing = (next: number): Seen => ({ next, since: next, governed: 0, unproven: 0, firstInbox: null, lastInbox: null });

const offsetOf = (value: unknown): number | null => (typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : null);

/** A service that crashed says its last batch again, under the same numbers; what goes back further is not that. */
const saidAgain = 1_000;

/** Reads what a record accounts for; null where it has no number, or is not the word of who may write there. @param body its JSON */
export const accountOf = (source: SourceRecord, body: unknown): Account | null => {
  if (source.topic !== governedTopic) {
    const number = source.headers[refusedHeader] === undefined ? offsetOf(source.headers[sequenceHeader]) : null;
    return number === null ? null : { position: number, inbox: null, unproven: 0 };
  }
  const fields = fieldsOf(body);
  const position = numberOf(fields['position']);
  if (position === null) return null;
  const counts = Array.isArray(fields['counts']) ? fields['counts'] : [];
  return { position, inbox: offsetOf(fieldsOf(fields['inbox'])['offset']), unproven: counts.reduce((sum: number, one) => sum + (numberOf(fieldsOf(one)['count']) ?? 0), 0) };
};

interface Line { readonly source: SourceRecord; readonly account: Account | null }

/**
 * Follows the positions of each partition through a batch: a jump is a gap, a step back an incident, and every so often an entry says what was there.
 * Of a service's numbers a step back is an incident only where it goes back further than what is said again after a crash: then its database is an old copy.
 * Offsets of Kafka have gaps of their own (transaction markers), so those of the inbox are only counted; what is neither governed nor counted was
 * repeated, dead-lettered or a marker. A log that begins in the middle says so by its first gap.
 */
export const reconcile = (before: ReadonlyMap<string, Seen>, lines: readonly Line[]): { readonly seen: ReadonlyMap<string, Seen>; readonly owes: readonly Statement[] } => {
  const seen = new Map(before);
  const owes: Statement[] = [];
  const repeats = new Map<string, { topic: string; partition: number; first: number; last: number; count: number }>();
  for (const { source, account } of lines) {
    if (account === null) continue;
    const key = sourceKey(source);
    const { partition } = source;
    let at = seen.get(key) ?? nothing(0);
    if (account.position > at.next) owes.push({ kind: 'gap', states: { topic: source.topic, partition, expected: at.next, found: account.position } });
    if (account.position < at.next) {
      if (source.topic !== governedTopic && account.position >= at.next - saidAgain) continue;
      const known = repeats.get(key) ?? { topic: source.topic, partition, first: account.position, last: account.position, count: 0 };
      repeats.set(key, { ...known, last: account.position, count: known.count + 1 });
      continue;
    }
    at = {
      ...at, next: account.position + 1, governed: at.governed + 1, unproven: at.unproven + account.unproven,
      firstInbox: at.firstInbox ?? account.inbox, lastInbox: account.inbox ?? at.lastInbox,
    };
    if (at.governed >= reconcileEvery) {
      owes.push({ kind: 'reconciled', states: { topic: source.topic, partition, first: at.since, last: account.position, governed: at.governed, unproven: at.unproven, inboxFirst: at.firstInbox, inboxLast: at.lastInbox } });
      at = nothing(at.next);
    }
    seen.set(key, at);
  }
  for (const repeated of repeats.values()) owes.push({ kind: 'incident', states: { what: 'position_repeated', ...repeated } });
  return { seen, owes };
};
