import type { GovernedRecord } from '@countersign/contracts';

/** Messages under one name nobody registered. Times are epoch ms. */
export interface Sighting { readonly principal: string; readonly code: string; readonly count: number; readonly firstAt: number; readonly lastAt: number }

/** Names per batch that are told apart; more are counted together. */
const mostNames = 1_000;

/** Who spoke on the stream without being anybody: what could not be proved, and what was refused as unknown. One sighting per name. */
export const sightingsIn = (records: readonly GovernedRecord[], isKnown: (principal: string) => boolean): { readonly sightings: readonly Sighting[]; readonly others: number } => {
  const seen = new Map<string, Sighting>();
  let others = 0;
  const sight = (principal: string, code: string, count: number, at: number): void => {
    if (principal === '' || isKnown(principal)) return;
    const before = seen.get(principal);
    if (before === undefined && seen.size >= mostNames) others += count;
    else seen.set(principal, { principal, code, count: (before?.count ?? 0) + count, firstAt: Math.min(before?.firstAt ?? at, at), lastAt: Math.max(before?.lastAt ?? at, at) });
  };
  for (const record of records) {
    if (record.kind === 'messages.unproven') for (const { principal, code, count } of record.counts) sight(principal, code, count, record.now);
    else if (record.kind === 'message.refused' && record.code === 'unknown_agent' && record.agent !== null) sight(record.agent, record.code, 1, record.now);
  }
  return { sightings: [...seen.values()], others };
};

/** The day (UTC, as a count since the epoch) of a time: an identity is told about once a day. */
export const dayOf = (at: number): number => Math.floor(at / 86_400_000);
