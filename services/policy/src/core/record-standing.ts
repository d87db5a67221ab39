/** How far the audit log is behind what was decided. `behind`: people look at what has consequences. `overdue`: nothing may act. */
export type RecordStanding = 'current' | 'behind' | 'overdue';

/** Bounds in ms, well below what the bus keeps (contracts/topics.yaml): what is decided meanwhile is not lost, only not yet provable. */
export interface RecordBounds { readonly raiseMs: number; readonly denyMs: number }
export const defaultRecordBounds: RecordBounds = { raiseMs: 300_000, denyMs: 3_600_000 };

/** @param completeUntil epoch ms before which everything is on the record */
export const recordStanding = (completeUntil: number, now: number, { raiseMs, denyMs }: RecordBounds): RecordStanding =>
  // A time that is none counts as the worst.
  (now - completeUntil <= raiseMs ? 'current' : now - completeUntil <= denyMs ? 'behind' : 'overdue');
