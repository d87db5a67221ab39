import type { IndexedEntry } from '../indexed.ts';

/** What goes out to a SIEM about one entry: what the index knows, without a word that anybody said. */
export type SiemRecord = { readonly index: number } & Omit<IndexedEntry, 'text'>;

/** Which entries a receiver wants: each condition that is named has to hold, any of its values will do. */
export interface SiemFilter {
  /** Beginnings of CloudEvents types, as in `countersign.governed.`. */
  readonly types?: readonly string[];
  readonly decisions?: readonly string[];
  readonly outcomes?: readonly string[];
  readonly agents?: readonly string[];
  readonly tools?: readonly string[];
  readonly rules?: readonly string[];
  /** Decisions of this tier or higher; entries without a decision pass. */
  readonly minTier?: number;
}

const among = (wanted: readonly string[] | undefined, value: string | null): boolean => wanted === undefined || value !== null && wanted.includes(value);

export const wants = (filter: SiemFilter, record: SiemRecord): boolean =>
  (filter.types === undefined || filter.types.some((type) => record.type.startsWith(type)))
  && among(filter.decisions, record.decision) && among(filter.outcomes, record.outcome) && among(filter.agents, record.agent) && among(filter.tools, record.tool)
  && (filter.rules === undefined || filter.rules.some((rule) => record.rules.includes(rule))) && (filter.minTier === undefined || record.tier === null || record.tier >= filter.minTier);

/** The last words of a type: `action.decided`, `supervision.halt`. */
export const operationOf = ({ type }: SiemRecord): string => type.replace(/^countersign\.(?:governed\.)?/, '').replace(/\.v\d+$/, '');

/** 1 informational, 3 medium, 4 high: as OCSF counts. */
export const severityOf = (record: SiemRecord): 1 | 2 | 3 | 4 => {
  const operation = operationOf(record);
  // What audit itself found missing or changed stands beside halts and findings.
  if (/(?:^|\.)(?:halt|halted|finding)$|^audit\.(?:gap|incident)$/.test(operation) || record.tier === 4) return 4;
  if (record.decision === 'deny' || operation === 'message.refused' || operation === 'audit.rejected') return 3;
  return record.decision === 'step_up' || record.decision === 'defer' || record.outcome === 'failed' ? 2 : 1;
};
