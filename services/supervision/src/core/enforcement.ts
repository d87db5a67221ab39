import type { EnforcementReport, HaltNotice } from '@countersign/contracts';

/** What is known of one enforcement point: up to where it has read the halts, and when it was last heard here (epoch ms); null before. */
export interface Point { readonly point: string; readonly kind: EnforcementReport['kind']; readonly seen: bigint; readonly at: number; readonly heardAt: number | null }
export type Points = ReadonlyMap<string, Point>;

/** Silence after which a point is not live any more; a guard refuses by itself well before. */
export const liveMs = 5_000;
/** Members of policy and of supervision come and go; one that is silent for this long holds no partition and claims nothing. Guards are enrolled and stay. */
export const goneMs = 10_000;

/** A report moves a point forward, never back: one that is replayed confirms nothing new and keeps nothing alive. */
export const heard = (points: Points, { point, kind, seen, at }: EnforcementReport, now: number): Points => {
  const before = points.get(point);
  if (before !== undefined && before.heardAt !== null && at <= before.at) return points;
  const offset = BigInt(seen);
  return new Map([...points, [point, { point, kind, seen: before !== undefined && before.seen > offset ? before.seen : offset, at, heardAt: now }]]);
};

/** Those that count at this moment: every enrolled guard, and the members that are there. */
export const counting = (points: Points, guards: readonly string[], now: number): readonly Point[] => {
  const members = [...points.values()].filter(({ kind, heardAt }) => kind !== 'guard' && heardAt !== null && now - heardAt <= goneMs);
  return [...members, ...guards.map((guard) => points.get(guard) ?? { point: guard, kind: 'guard' as const, seen: -1n, at: 0, heardAt: null })];
};

/** Who of them has confirmed what stands at this offset. `undefined` offset: nobody can have, for it is not on the topic. */
export const confirmation = (points: readonly Point[], offset: bigint | undefined): { readonly acknowledged: number; readonly of: number; readonly missing: readonly string[] } => {
  const missing = points.filter(({ seen }) => offset === undefined || seen < offset).map(({ point }) => point);
  return { acknowledged: points.length - missing.length, of: points.length, missing };
};

export type HaltState = 'stopped' | 'draining' | 'unknown';

/** Stopped is only what everybody has confirmed and where nothing goes on. Where nobody enforces, nobody has confirmed. */
export const stateOf = ({ acknowledged, of, underWay, unknown }: { readonly acknowledged: number; readonly of: number; readonly underWay: number; readonly unknown: number }): HaltState =>
  (of === 0 || acknowledged < of || unknown > 0 ? 'unknown' : underWay > 0 ? 'draining' : 'stopped');

/** Whether a halt stands over a run of an agent, whatever its tool. */
export const covers = ({ scope: { kind, id }, tenant }: HaltNotice, run: { readonly run: string; readonly agent: string; readonly tenant: string }): boolean => {
  if (kind === 'everything') return true;
  if (kind === 'tenant') return (id ?? tenant) === run.tenant;
  return tenant === run.tenant && (kind === 'run' ? id === run.run : kind === 'agent' && id === run.agent);
};
