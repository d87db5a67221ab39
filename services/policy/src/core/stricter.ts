import type { Tier } from '@countersign/contracts';
import type { Verdict } from './world.ts';

/** deny > tier 4 > defer > 3 > 2 > 1 (DESIGN 7.4); at one tier what people must decide is stricter than what just runs. */
export const strictness = ({ decision, tier }: Verdict): number => (decision === 'deny' ? 100 : decision === 'defer' ? 35 : tier * 10 + (decision === 'step_up' ? 1 : 0));

/**
 * The stricter of two verdicts on one action, with what both demand: every rule that fired, the changes of both, and where both ask people the
 * roles that both accept (the stricter one's where there is none), the larger quorum, the shorter wait.
 */
export const stricterOf = <V extends Verdict>(a: V, b: V): V => {
  const [strict, other] = strictness(b) >= strictness(a) ? [b, a] : [a, b];
  const both = strict.approval !== null && other.approval !== null;
  const common = both ? strict.approval!.route.filter((role) => other.approval!.route.includes(role)) : [];
  const runs = strict.decision === 'allow' || strict.decision === 'modify';
  const modify = strict.modify ?? other.modify ?? null;
  const awaits = [...(strict.awaits ?? []), ...(other.awaits ?? []).filter(({ fact }) => !(strict.awaits ?? []).some((one) => one.fact === fact))];
  return {
    ...strict, tier: Math.max(a.tier, b.tier) as Tier, modify, awaits,
    ...(other.withinMs !== undefined && { withinMs: Math.min(other.withinMs, strict.withinMs ?? Infinity) }),
    ...(runs && { decision: modify === null ? 'allow' : 'modify' }),
    rules: [...strict.rules, ...other.rules.filter(({ id }) => !strict.rules.some((one) => one.id === id))].sort((x, y) => (x.id < y.id ? -1 : x.id > y.id ? 1 : 0)).slice(0, 256),
    approval: both ? { route: common.length > 0 ? common : strict.approval!.route, quorum: Math.max(strict.approval!.quorum, other.approval!.quorum), expiresInMs: Math.min(strict.approval!.expiresInMs, other.approval!.expiresInMs) } : strict.approval,
  };
};
