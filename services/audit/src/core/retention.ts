/**
 * How long the payload of an entry is kept; entries themselves stay. `short`: what nobody vouches for. `standard`: what ran without people.
 * `long`: what people decided or could be asked about later (tier 3 and 4, denials, approvals, halts, changes of agents, tools and rules).
 */
export type RetentionClass = 'short' | 'standard' | 'long';

const day = 86_400_000;
/** EU AI Act articles 19 and 26(6) ask for six months at least, so nothing is kept for less. */
export const retentionMs: Readonly<Record<RetentionClass, number>> = { short: 190 * day, standard: 2 * 365 * day, long: 10 * 365 * day };

export const retentionOf = (record: { readonly topic: string; readonly type: string; readonly tier: number; readonly overseen: boolean }): RetentionClass => {
  if (record.type === '' || record.type === 'countersign.governed.messages.unproven.v1') return 'short';
  if (record.topic !== 'runs.governed.v1') return record.topic === 'anomaly.findings.v1' ? 'standard' : 'long';
  return record.tier >= 3 || record.overseen ? 'long' : 'standard';
};

/** The month of a time, UTC: `2026_11`. What expires goes by it. */
export const monthOf = (at: number): string => new Date(at).toISOString().slice(0, 7).replace('-', '_');

/** Whether everything that came in a month (`2026_11`) is past what its class is kept for. */
export const isOver = ({ retention, month }: { readonly retention: RetentionClass; readonly month: string }, now: number): boolean => {
  const [year = 0, of = 0] = month.split('_').map(Number);
  return Date.UTC(year, of, 1) + retentionMs[retention] < now;
};
