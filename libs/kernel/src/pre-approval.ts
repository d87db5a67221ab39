import type { Money } from './money.ts';

/**
 * What people agree to beforehand, for a time: this agent, with this tool, at these targets and no others. Closed: whether an action is covered
 * follows from its facts alone. Times in epoch seconds.
 */
export interface PreApprovalTerms {
  readonly tenant: string; readonly agent: string; readonly tool: string;
  /** All that it may be aimed at, as the fact `target` reads; empty: a tool that aims at nothing. */
  readonly targets: readonly string[];
  /** This run only. */
  readonly run?: string | undefined;
  /** The most that one action may move, and all uses together. Absent: nothing that moves money. */
  readonly amount?: Money | undefined; readonly sum?: Money | undefined;
  /** How many actions it is good for. */
  readonly uses: number;
  readonly from: number; readonly until: number;
}

/** Seconds: a pre-approval lives eight hours at most, one where nobody says how long. */
export const longestPreApproval = 8 * 3_600;
export const usualPreApproval = 3_600;
export const mostUses = 100;
export const mostTargets = 64;

type Facts = Readonly<Record<string, { readonly value: unknown; readonly origin: string }>>;
/** An action that waits for people, with all that was derived about it. */
export interface PreApprovable {
  readonly tenant: string; readonly agent: string; readonly tool: string; readonly run: string; readonly tier: number; readonly money: Money | null;
  readonly facts: Facts;
  /** Facts that could not be derived. */
  readonly failed: readonly string[];
}

/**
 * Why a pre-approval does not cover an action at a moment (epoch ms); null where it does. What the facts do not say it does not cover: never tier 4,
 * never what cannot be taken back, never where a target was read anywhere but in the run's instruction, nothing while the agent behaves oddly.
 * Policy and approvals ask the same. How often and how much it was used before is not in here.
 */
export const notCovered = (terms: PreApprovalTerms, action: PreApprovable, now: number): string | null => {
  const { facts, money } = action;
  const fact = (name: string): unknown => (Object.hasOwn(facts, name) && facts[name]!.origin === 'derived' ? facts[name]!.value : undefined);
  if (now < terms.from * 1_000 || now >= terms.until * 1_000) return 'its time has not come, or is over';
  if (terms.until - terms.from > longestPreApproval) return 'it would live longer than eight hours';
  if (terms.tenant !== action.tenant || terms.agent !== action.agent || terms.tool !== action.tool) return 'it is about another agent or tool';
  if (terms.run !== undefined && terms.run !== action.run) return 'it is about another run';
  if (action.tier !== 3) return 'only tier 3 is approved beforehand';
  if (fact('tool.reversible') !== true) return 'what cannot be taken back is not approved beforehand';
  if (action.failed.length > 0) return `${action.failed[0]} is not known`;
  if (fact('level') !== 'normal') return 'the agent does not behave as usual';
  if (fact('text.strange') === true || fact('content.foreign') === true) return 'it says what strangers wrote';
  const targets = fact('target');
  if (!Array.isArray(targets)) return 'its targets are not known';
  if (!targets.every((one) => terms.targets.includes(one as string)) || (targets.length === 0) !== (terms.targets.length === 0)) return 'it is aimed at something else';
  if (targets.length > 0 && fact('target.trust') !== 'instruction') return 'its target is not out of the instruction';
  if (fact('amount') !== (money?.minor ?? null)) return 'what it moves is not known';
  return money === null || within(money, terms.amount) ? null : 'it moves more than was agreed to';
};

/** What was used of it so far. */
export interface PreApprovalUse { readonly run: string; readonly action: string; readonly money: Money | null }

/** Why one more use is beyond its caps; null where it fits. */
export const overCaps = ({ uses, sum }: PreApprovalTerms, used: readonly PreApprovalUse[], money: Money | null): string | null => {
  if (used.length >= uses) return `it was good for ${uses} and is used up`;
  if (money === null) return null;
  const before = used.reduce((total, one) => total + (one.money?.minor ?? 0), 0);
  return within({ ...money, minor: before + money.minor }, sum) ? null : 'all together would move more than was agreed to';
};

const within = (money: Money, most: Money | undefined): boolean => most !== undefined && money.currency === most.currency && money.minor <= most.minor;
