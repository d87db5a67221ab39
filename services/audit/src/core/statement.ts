import type { SourceRecord } from './entry.ts';

/** What audit itself puts on the record, about the record. Flat and never personal: it stands in the leaf for everybody to read. */
export interface Statement {
  /** `incident`, `gap`, `reconciled`, `erased`, `expired`, `held`, `released`, `resumed`. */
  readonly kind: string;
  readonly states: Readonly<Record<string, string | number | null>>;
}

/** The name under which its own statements are numbered, beside the topics of the bus. */
export const statementSource = 'audit.statements';

/** A statement as a record of the log. @param offset dense from 0: a gap is a missing statement */
export const statementRecord = (statement: Statement, offset: bigint, now: number, tenant: string, utf8: (text: string) => Uint8Array): SourceRecord => ({
  topic: statementSource, partition: 0, offset, at: now,
  headers: { ce_id: `${statementSource}/${offset}`, ce_type: `countersign.audit.${statement.kind}.v1`, ce_time: new Date(now).toISOString(), tenant },
  value: utf8(JSON.stringify({ states: statement.states })),
});
