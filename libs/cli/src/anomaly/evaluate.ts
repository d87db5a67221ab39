import type { AgentBaseline } from '@countersign/anomaly/core/agent';
import { agentKey, detect, newDetector } from '@countersign/anomaly/core/detect';
import type { DetectorState } from '@countersign/anomaly/core/detect';
import { hashText } from '@countersign/anomaly/core/hash';
import { measure } from './measures.ts';
import type { Measures, ScoredSession } from './measures.ts';
import type { Labelled } from './sessions.ts';

export const splits = ['recurring', 'unseen'] as const;
export type Split = (typeof splits)[number];

/** What a detector learns from, and what it is tried on. */
interface Part { readonly baseline: readonly Labelled[]; readonly test: readonly Labelled[] }

const folds = 5;

/**
 * `recurring`: each model in turn is new, its peers (all other models) have done the same tasks. `unseen`: five folds over the tasks of each
 * workplace, none of the test's tasks in the baseline. Baselines have sessions without an attack only.
 */
export const partsOf = (sessions: readonly Labelled[], split: Split): readonly Part[] => {
  if (split === 'recurring') return [...new Set(sessions.map(({ pipeline }) => pipeline))].map((pipeline) => ({
    baseline: sessions.filter((one) => one.benign && one.pipeline !== pipeline), test: sessions.filter((one) => one.pipeline === pipeline),
  }));
  const fold = new Map<string, number>();
  for (const tasks of Map.groupBy(new Set(sessions.map(({ task }) => task)), (task) => task.slice(0, task.indexOf('/'))).values()) tasks.sort().forEach((task, i) => fold.set(task, i % folds));
  return Array.from({ length: folds }, (_, n) => ({ baseline: sessions.filter((one) => one.benign && fold.get(one.task) !== n), test: sessions.filter((one) => fold.get(one.task) === n) }));
};

const begin = Date.UTC(2026, 0, 5);
/** Sessions are twenty minutes apart, calls a minute: the file has no times, so pace and silence must say nothing. */
const apart = 1_200_000;
const step = 60_000;

/** A session through the detector. @returns the p-value and the evidence after each action */
const play = (state: DetectorState, session: Labelled, at: number, end: boolean): { course: number[]; evidence: number[] } => {
  const course: number[] = [], evidence: number[] = [];
  const about = { tenant: 'acme', agent: session.agent, run: session.id };
  detect(state, { kind: 'started', ...about, now: at, task: session.instruction });
  for (const [i, action] of session.actions.entries()) {
    const now = at + i * step;
    const score = detect(state, { ...action, ...about, now })!;
    course.push(score.pValue);
    evidence.push(score.evidence);
    detect(state, { kind: 'outcome', ...about, now: now + 1, action: action.action, tool: action.tool, failed: session.failed[i]!, tokens: null, cost: null });
  }
  if (end) detect(state, { kind: 'ended', ...about, now: at + session.actions.length * step });
  return { course, evidence };
};

/** A baseline of sessions that are known to be benign: where one looked odd, an analyst has said so. */
export const learn = (state: DetectorState, sessions: readonly Labelled[], from = 0): number => {
  for (const [i, session] of sessions.entries()) {
    const at = begin + (from + i) * apart;
    play(state, session, at, true);
    detect(state, { kind: 'disposed', tenant: 'acme', agent: session.agent, run: session.id, now: at + apart / 2, verdict: 'false' });
  }
  return from + sessions.length;
};

/** Sessions that nobody has looked at: they end, and whether they are learned is up to the detector. */
export const feed = (state: DetectorState, sessions: readonly Labelled[], from: number): number => {
  for (const [i, session] of sessions.entries()) play(state, session, begin + (from + i) * apart, true);
  return from + sessions.length;
};

/** Scores a session without leaving a trace. */
const tryOne = (state: DetectorState, session: Labelled, at: number): ScoredSession => {
  const known = state.agents.get(agentKey('acme', session.agent));
  const kept: AgentBaseline | undefined = known && structuredClone(known);
  const control = { ...state.tenants.get('acme')!.control };
  // As long after the agent's last run as ever.
  const usual = known === undefined ? at : Math.min(at, known.rhythm.last + known.rhythm.weight / known.rhythm.shape * 3_600_000);
  const { course, evidence } = play(state, session, usual, false);
  if (kept === undefined) state.agents.delete(agentKey('acme', session.agent)); else state.agents.set(agentKey('acme', session.agent), kept);
  Object.assign(state.tenants.get('acme')!.control, control);
  return { suite: session.suite, kind: session.benign ? 'benign' : session.hijacked ? 'hijacked' : 'resisted', pValue: Math.min(1, ...course), course, evidence, labels: session.labels };
};

export const tryAll = (state: DetectorState, sessions: readonly Labelled[], from: number): readonly ScoredSession[] =>
  sessions.map((session) => tryOne(state, session, begin + from * apart));

/** All agents at work side by side: task after task in an order that has nothing to do with the tasks, each by one model after the other. */
export const inOrder = (sessions: readonly Labelled[]): readonly Labelled[] => {
  const place = (session: Labelled): string => `${hashText(session.task)} ${session.task} ${hashText(session.pipeline)} ${session.id}`;
  return sessions.map((session) => ({ session, at: place(session) })).sort((a, b) => (a.at < b.at ? -1 : 1)).map(({ session }) => session);
};

export const bySuite = (scored: readonly ScoredSession[]): Readonly<Record<string, Measures>> => {
  const suites = [...new Set(scored.map(({ suite }) => suite))].sort();
  return { ...Object.fromEntries(suites.map((suite) => [suite, measure(scored.filter((one) => one.suite === suite))])), overall: measure(scored) };
};

export const evaluate = (sessions: readonly Labelled[], split: Split): readonly ScoredSession[] =>
  partsOf(sessions, split).flatMap(({ baseline, test }) => {
    const state = newDetector();
    return tryAll(state, test, learn(state, inOrder(baseline)));
  });
