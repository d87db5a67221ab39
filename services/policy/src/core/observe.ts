import type { AgentSnapshot, Money, ToolSnapshot } from '@countersign/contracts';
import type { BudgetUse } from './budgets.ts';
import type { Ruling } from './draft.ts';
import type { RunState } from './state.ts';

/**
 * Until when (epoch ms) an agent is observed at this moment; undefined where it is held to the rules. A run that acts for another agent is held to
 * them always: what that one may not do, it cannot have an observed one do. So is a high-risk agent, whatever its snapshot says of observing.
 */
export const observedUntil = (agent: AgentSnapshot | undefined, run: RunState, now: number): number | undefined =>
  (agent?.observe !== undefined && now < agent.observe.until && agent.euAiAct?.category !== 'high' && run.past.depth === 0 && run.delegation === null ? agent.observe.until : undefined);

/** A longer list of rules is cut, so nobody can say what is not on it. */
const longestList = 256;

/**
 * Whether what enforcement says holds in observe mode too. Nothing but what rules said gives way: identity, halts, unknown tools, arguments that fit
 * no schema and what could not be judged never got as far, and nobody knows whether the never-automate list has them. What the runtime itself asked
 * for (its deadline, the actions to wait for) is done. A tool outside of this process' reach gives nobody a power that they did not have before.
 */
const holds = ({ decision, judged }: Ruling, tool: ToolSnapshot | undefined): boolean => {
  if (decision.decision === 'allow') return false;
  if (tool === undefined || judged === undefined || decision.code === 'defer_limit' || decision.code === 'paused') return true;
  if (decision.decision === 'defer' && (decision.deferral?.dependsOn.length ?? 0) > 0) return true;
  const { rules } = decision;
  if (rules.length >= longestList || rules.some(({ id }) => id === 'builtin:never-automate')) return true;
  return tool.enforcement !== 'cooperative' && rules.some(({ id }) => id === 'builtin:permit');
};

/** What an observed agent is answered: what rules would have stopped, asked people about, changed or kept waiting runs as proposed, and the record says what enforcement would have done. @param budgets what the action takes from wider budgets, as far as they have it */
export const observe = (enforced: Ruling, tool: ToolSnapshot | undefined, until: number, now: number, budgets: (money: Money | null) => readonly BudgetUse[]): Ruling => {
  const { decision, modified = null } = enforced;
  const { approval } = decision;
  const observed = {
    decision: decision.decision, tier: decision.tier, code: decision.code, until,
    approval: approval === null ? null : { route: approval.route, quorum: approval.quorum, expiresInMs: Math.max(0, approval.expiresAt - now), requesters: approval.requesters },
  };
  if (holds(enforced, tool)) return { ...enforced, observed };
  const { deferral: _, ...rest } = decision;
  const money = enforced.judged ?? enforced.reserved.money;
  return {
    ...enforced, observed, modified: null,
    decision: { ...rest, decision: 'allow', code: 'observed', approval: null, claim: decision.tier >= 3 || (tool!.consequential && !tool!.reversible), mode: 'observe' },
    detail: `observed, not enforced, until ${new Date(until).toISOString()}`,
    reserved: { calls: 1, money }, budgets: enforced.budgets ?? budgets(money),
    // What runs is what was proposed: the facts are those of it.
    ...(modified !== null && { facts: modified.proposedFacts, failed: modified.proposedFailed ?? [] }),
  };
};
