import type { Tier } from '@countersign/contracts';
import { equals } from '../cel/value.ts';
import type { Value } from '../cel/value.ts';
import type { Rewrite } from '../world.ts';
import type { Approval } from './compile.ts';

/** One argument that a rule changes; `rule` is who said so, the first by name where several agree. */
export type { Rewrite } from '../world.ts';

const none = { rewrites: [], conflict: null };

/**
 * All rewrites of one decision as one list, sorted by path. Rules that agree on a value are one entry; where two want different values for the same
 * argument, or one changes what stands inside the other's, nobody can say which is right: `conflict` names both and the decision is a deny.
 * Taking out e-mail addresses, digits and the like goes with everything: it comes last.
 */
export const mergeRewrites = (all: readonly Rewrite[]): { readonly rewrites: readonly Rewrite[]; readonly conflict: string | null } => {
  if (all.length === 0) return none;
  const taken = all.filter(({ redact }) => redact !== undefined && redact !== 'all');
  const sorted = all.filter((one) => !taken.includes(one)).sort((a, b) => (a.path === b.path ? (a.rule < b.rule ? -1 : 1) : a.path < b.path ? -1 : 1));
  const rewrites: Rewrite[] = [];
  for (const one of sorted) {
    const clash = rewrites.find((other) => (other.path === one.path ? !equals(other.value as Value, one.value as Value) : one.path.startsWith(`${other.path}.`)));
    if (clash !== undefined) return { rewrites: [], conflict: `${clash.rule} and ${one.rule} change ${clash.path} to different values` };
    if (rewrites.at(-1)?.path !== one.path) rewrites.push(one);
  }
  return { rewrites: [...rewrites, ...taken], conflict: null };
};

export interface Demand { readonly tier: Tier | null; readonly approval: Approval }

/**
 * All matching demands at once: roles that every rule accepts, the largest quorum, the shortest wait. At tier 4 the senior route, unless a
 * tier 4 rule names its own: what a lower rule asks for must not replace it. Demands that no single role meets go to the senior route as
 * well: either rule's people alone would be too few.
 */
export const mergeDemands = (tier: Tier, routes: { readonly approval: Approval; readonly senior: Approval }, all: readonly Demand[]): Approval => {
  const base = tier === 4 ? routes.senior : routes.approval;
  const own = all.filter((one) => tier < 4 || one.tier === 4).map((one) => one.approval);
  const common = own.slice(1).reduce((roles, approval) => roles.filter((role) => approval.route.includes(role)), own[0]?.route ?? base.route);
  const everyone = [base, ...all.map((one) => one.approval), ...(common.length === 0 ? [routes.senior] : [])];
  return {
    route: [...(common.length > 0 ? common : routes.senior.route)].sort(),
    quorum: Math.max(...everyone.map((approval) => approval.quorum)),
    expiresInMs: Math.min(...everyone.map((approval) => approval.expiresInMs)),
  };
};
