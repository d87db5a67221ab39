import type { Decision } from '@countersign/contracts';
import type { Judgement, Question, Verdict } from '../world.ts';
import type { CompiledTool } from '../rules/compile.ts';
import { mergeRewrites } from '../rules/obligations.ts';
import { stricterOf } from '../stricter.ts';
import type { Mode } from './events.ts';

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

/** What both versions demand, as core/stricter.ts has it, with the changes of both; a deny where these contradict each other. The active verdict itself where the candidate adds nothing. */
export const withCandidate = (active: Verdict, candidate: Verdict): Verdict => {
  if (active.decision === 'deny') return active;
  const { rewrites, conflict } = mergeRewrites([...(active.modify ?? []), ...(candidate.modify ?? [])]);
  const strict = stricterOf(candidate, active);
  if (conflict !== null && strict.decision !== 'deny') return { ...strict, decision: 'deny', code: 'rewrite_conflict', approval: null, modify: null };
  const merged = rewrites.length === 0 ? strict : { ...strict, modify: rewrites };
  return demands(merged) === demands(active) ? active : merged;
};

const demands = ({ decision, tier, code, approval, modify, awaits, withinMs }: Verdict): string => JSON.stringify([decision, tier, code, approval, modify ?? [], awaits ?? [], withinMs ?? null]);

/** A verdict nobody could reach: it denies where it counts. */
const failed: Pick<Verdict, 'decision' | 'tier' | 'code' | 'rules'> = { decision: 'deny', tier: 1, code: 'evaluation_failed', rules: [] };

/**
 * The active version judges, and the candidate beside it. A shadow's verdict is only recorded; a canary's counts for the agents of its
 * cohort, and then the stricter of both decides. Whatever happens to the candidate in a shadow changes nothing.
 */
export const judgeBeside = (active: Judge, candidate: Candidate): Judge => (question) => {
  const judgement = active(question);
  if (candidate.mode === 'canary' && !candidate.inCohort(question.agent.agent)) return judgement;
  let theirs: Judgement | undefined;
  try {
    theirs = candidate.judge(question);
  } catch {
    theirs = undefined;
  }
  const said = theirs?.verdict ?? { ...judgement.verdict, ...failed, approval: null };
  const beside = { version: candidate.version, mode: candidate.mode, ...shown(said) };
  if (candidate.mode === 'shadow') return { ...judgement, beside };
  const stricter = withCandidate(judgement.verdict, said);
  return { ...judgement, ...(theirs !== undefined && bothFacts(judgement, theirs)), verdict: stricter, beside: stricter !== judgement.verdict ? { ...beside, overruled: shown(judgement.verdict) } : beside };
};

/** What either version looked at: a decision that both made is made again from the record only with the facts of both. */
const bothFacts = (active: Judgement, candidate: Judgement): Pick<Judgement, 'facts' | 'failed'> => ({
  facts: { ...candidate.facts, ...active.facts },
  failed: [...active.failed, ...candidate.failed.filter(({ fact }) => !(fact in active.facts) && !active.failed.some((one) => one.fact === fact))],
});

const shown = ({ decision, tier, code, rules }: Verdict): Omit<NonNullable<Decision['beside']>, 'version' | 'mode' | 'overruled'> => ({ decision, tier, code, rules: rules.map(({ id }) => id) });
