import type { Decision } from '@countersign/contracts';
import type { Judgement, Question, Verdict } from '../world.ts';
import type { CompiledTool } from '../rules/compile.ts';
import type { Mode } from './events.ts';

type Judge = (question: Question<CompiledTool>) => Judgement;
export interface Candidate { readonly version: string; readonly mode: Mode; readonly judge: Judge; /** Whether a canary counts for this agent. */ readonly inCohort: (agent: string) => boolean }

/** deny > tier 4 > defer > 3 > 2 > 1 (DESIGN 7.4); at one tier what people must decide or what is changed is stricter than what just runs. */
const strictness = ({ decision, tier }: Pick<Verdict, 'decision' | 'tier'>): number => {
  if (decision === 'deny') return 100;
  if (decision === 'defer') return 35;
  return tier * 10 + (decision === 'step_up' ? 2 : (decision as string) === 'modify' ? 1 : 0);
};

/** Above 0 where `b` is stricter than `a`. */
export const compareStrictness = (a: Pick<Verdict, 'decision' | 'tier'>, b: Pick<Verdict, 'decision' | 'tier'>): number => strictness(b) - strictness(a);

/**
 * The stricter of both verdicts. Where both ask people at the same tier, both demands hold: roles that both accept (the active one's where
 * there is none), the larger quorum, the shorter wait.
 */
export const stricterOf = (active: Verdict, candidate: Verdict): Verdict => {
  const by = compareStrictness(active, candidate);
  if (by > 0) return candidate;
  if (by < 0 || active.approval === null || candidate.approval === null) return active;
  const common = active.approval.route.filter((role) => candidate.approval!.route.includes(role));
  return {
    ...active,
    approval: {
      route: common.length > 0 ? common : active.approval.route,
      quorum: Math.max(active.approval.quorum, candidate.approval.quorum), expiresInMs: Math.min(active.approval.expiresInMs, candidate.approval.expiresInMs),
    },
  };
};

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
  return { ...judgement, verdict: stricter, beside: stricter === said ? { ...beside, overruled: shown(judgement.verdict) } : beside };
};

const shown = ({ decision, tier, code, rules }: Verdict): Omit<NonNullable<Decision['beside']>, 'version' | 'mode' | 'overruled'> => ({ decision, tier, code, rules: rules.map(({ id }) => id) });
