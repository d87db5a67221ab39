import type { Statement } from './statement.ts';

/**
 * What can be wrong with an entry and what is kept beside it. `entry_changed`: it is gone, or not what its tile has. `tree_changed`: its tile does not lead to
 * the root that was signed. `filed_wrongly`: it is filed under another run, action or id than it says. `payload_changed`, `payload_gone`: its words are not
 * those it commits to, or went without an erasure or expiry on the record. `index_changed`: its line in the index is missing or contradicts it.
 * `checkpoint_changed`: the head that is served is not the one that was signed.
 */
export type Fault = 'entry_changed' | 'tree_changed' | 'checkpoint_changed' | 'filed_wrongly' | 'payload_changed' | 'payload_gone' | 'index_changed';

/** Indices by what is wrong with them. */
export type Faults = ReadonlyMap<Fault, readonly number[]>;

/** What two looks have in common: an erasure or a batch under way may show in one of them. */
export const lasting = (before: Faults, after: Faults): Faults =>
  new Map([...after].map(([fault, indices]) => [fault, indices.filter((index) => before.get(fault)?.includes(index))] as const).filter(([, indices]) => indices.length > 0));

/** Not those that were told before. @param told `fault/index` of what was */
export const untold = (faults: Faults, told: ReadonlySet<string>): Faults =>
  new Map([...faults].map(([fault, indices]) => [fault, indices.filter((index) => !told.has(`${fault}/${index}`))] as const).filter(([, indices]) => indices.length > 0));

/** One incident for each kind: which entries, from the first to the last. */
export const incidentsOf = (faults: Faults): readonly Statement[] =>
  [...faults].map(([what, indices]) => ({ kind: 'incident', states: { what, first: Math.min(...indices), last: Math.max(...indices), count: indices.length } }));
