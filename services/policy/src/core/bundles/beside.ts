import type { Decision } from '@countersign/contracts';
import type { Judgement, Question, Verdict } from '../world.ts';
import type { CompiledTool } from '../rules/compile.ts';
import { mergeRewrites } from '../rules/obligations.ts';
import type { Rewrite } from '../rules/obligations.ts';
import type { Mode } from './events.ts';

/** A verdict with what it obliges to. */
type Obliging = Verdict & { readonly modify?: readonly Rewrite[] | null; readonly reversalWindowMs?: number | null };
type Judge = (question: Question<CompiledTool>) => Judgement;
export interface Candidate { readonly version: string; readonly mode: Mode; readonly judge: Judge; /** Whether a canary counts for this agent. */ readonly inCohort: (agent: string) => boolean }

/** deny > tier 4 > defer > 3 > 2 > 1 (DESIGN 7.4); at one tier what people must decide or what is changed is stricter than what just runs. */
const strictness = ({ decision, tier }: Pick<Verdict, 'decision' | 'tier'>): number => {
  if (decision === 'deny') return 100;
  if (decision === 'defer') return 35;
  return tier * 10 + (decision === 'step_up' ? 2 : decision === 'modify' ? 1 : 0);
};

/** Above 0 where `b` is stricter than `a`. */
export const compareStrictness = (a: Pick<Verdict, 'decision' | 'tier'>, b: Pick<Verdict, 'decision' | 'tier'>): number => strictness(b) - strictness(a);

/**
 * The stricter of both verdicts, with what either demands: where both ask people at the same tier, the roles that both accept (the active
 * one's where there is none), the larger quorum, the shorter wait; every change of arguments, and a deny where they contradict each other.
 * The active verdict itself where the candidate adds nothing.
 */
export const stricterOf = (active: Obliging, candidate: Obliging): Obliging => {
  const by = compareStrictness(active, candidate);
  const [winner, other] = by > 0 ? [candidate, active] : [active, candidate];
  if (winner.decision === 'deny') return winner;
  const approval = by === 0 && active.approval !== null && candidate.approval !== null ? bothDemands(active.approval, candidate.approval) : winner.approval;
  const { rewrites, conflict } = mergeRewrites([...(active.modify ?? []), ...(candidate.modify ?? [])]);
  if (conflict !== null) return { ...winner, decision: 'deny', code: 'rewrite_conflict', approval: null, modify: null };
  const windowMs = Math.max(active.reversalWindowMs ?? 0, candidate.reversalWindowMs ?? 0);
  const added = rewrites.length > (winner.modify ?? []).length, longer = windowMs > (winner.reversalWindowMs ?? 0);
  if (!added && !longer && approval === winner.approval) return winner;
  // A deferred or waiting action stays one; what would have just run is changed first.
  const decision = added && winner.decision === 'allow' ? 'modify' : winner.decision;
  return { ...winner, decision, approval, ...(added && { modify: rewrites, rules: together(winner.rules, other.rules) }), ...(longer && { reversalWindowMs: windowMs }) };
};

const bothDemands = (active: NonNullable<Verdict['approval']>, candidate: NonNullable<Verdict['approval']>): NonNullable<Verdict['approval']> => {
  const common = active.route.filter((role) => candidate.route.includes(role));
  const both = { route: common.length > 0 ? common : active.route, quorum: Math.max(active.quorum, candidate.quorum), expiresInMs: Math.min(active.expiresInMs, candidate.expiresInMs) };
  return both.quorum === active.quorum && both.expiresInMs === active.expiresInMs && both.route.length === active.route.length ? active : both;
};

const together = (a: Verdict['rules'], b: Verdict['rules']): Verdict['rules'] => [...a, ...b.filter(({ id }) => !a.some((one) => one.id === id))].sort((x, y) => (x.id < y.id ? -1 : 1));

/** A verdict nobody could reach: it denies where it counts. */
const failed: Pick<Verdict, 'decision' | 'tier' | 'code' | 'rules'> = { decision: 'deny', tier: 1, code: 'evaluation_failed', rules: [] };

/**
 * The active version judges, and the candidate beside it. A shadow's verdict is only recorded; a canary's counts for the agents of its
 * cohort, and then the stricter of both decides. Whatever happens to the candidate in a shadow changes nothing.
 */
export const judgeBeside = (active: Judge, candidate: Candidate): Judge => (question) => {
  const judgement = active(question);
  if (candidate.mode === 'canary' && !candidate.inCohort(question.agent.agent)) return judgement;
  let verdict: Verdict | undefined;
  try {
    verdict = candidate.judge(question).verdict;
  } catch {
    verdict = undefined;
  }
  const said = verdict ?? { ...judgement.verdict, ...failed, approval: null };
  const beside = { version: candidate.version, mode: candidate.mode, ...shown(said) };
  if (candidate.mode === 'shadow') return { ...judgement, beside };
  const stricter = stricterOf(judgement.verdict, said);
  return { ...judgement, verdict: stricter, beside: stricter !== judgement.verdict ? { ...beside, overruled: shown(judgement.verdict) } : beside };
};

const shown = ({ decision, tier, code, rules }: Verdict): Omit<NonNullable<Decision['beside']>, 'version' | 'mode' | 'overruled'> => ({ decision, tier, code, rules: rules.map(({ id }) => id) });
