import type { Seen } from './reconcile.ts';
import type { LogState } from './sequence.ts';
import type { Statement } from './statement.ts';

/**
 * MAC under a key that is not in the log's database. What audit reads back from there and acts on must be what it wrote itself: whoever else can write
 * to those tables would make it sign, skip or destroy in its own name.
 */
export interface OwnWord {
  /** Base64url. */
  mac(text: string): string;
  /** In constant time; false where there is none. */
  holds(text: string, mac: string | null): boolean;
}

const seenFields = ['next', 'since', 'governed', 'unproven', 'firstInbox', 'lastInbox'] as const satisfies readonly (keyof Seen)[];
const byName = <T>(of: Iterable<readonly [string, T]>): (readonly [string, T])[] => [...of].toSorted(([a], [b]) => (a < b ? -1 : Number(a > b)));
// JSON arrays, so that no two contents give the same text.
const textOf = (kind: string, log: string, ...parts: readonly unknown[]): string => JSON.stringify([`countersign/audit/${kind}/v1`, log, ...parts]);

/**
 * All that the sequencer goes on from: how far the tree is, what it adds up to, from where each source is read, and which legal holds are in force.
 * @param frontier in text form @param withHolds false for the text of a state that was left before holds were part of it
 */
export const stateText = (log: string, { edge: { size }, next, seen, holds }: LogState, frontier: string, withHolds = true): string =>
  textOf('state', log, size, frontier, byName(next).map(([source, offset]) => [source, String(offset)]), byName(seen).map(([source, one]) => [source, ...seenFields.map((field) => one[field] ?? null)]), ...withHolds ? [holds.map(({ hold, scope, id, by, at }) => [hold, scope, id, by, at])] : []);

/** A statement that is owed. @param id so that it cannot be owed twice */
export const owedText = (log: string, id: bigint, { kind, states }: Statement): string => textOf('owed', log, String(id), kind, byName(Object.entries(states)));

/** An erasure that was planned: what it destroys is not in the database, so neither may be the word that it was asked for. */
export const erasureText = (log: string, { erasure, scope, what, subjects, keys, by }: { readonly erasure: number; readonly scope: string; readonly what: string; readonly subjects: readonly string[]; readonly keys: readonly string[]; readonly by: string }, at: number, reason: string): string =>
  textOf('erasure', log, erasure, scope, what, subjects, keys, by, at, reason);
