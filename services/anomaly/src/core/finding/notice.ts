import type { Finding } from '@countersign/contracts';
import type { ActionSeen, Meeting } from '../observation.ts';
import type { Score } from '../score.ts';
import { openCase } from './disposition.ts';
import { newFile, withRun } from './file.ts';
import type { AgentFile } from './file.ts';
import { findingOf } from './finding.ts';
import type { Evidence } from './finding.ts';
import { isDoubled, tellOnce, toldTogether, withTogether } from './refractory.ts';
import type { Outcome } from './refractory.ts';
import { confidenceOf, isWorse, severityOf } from './severity.ts';
import { contributionsOf, stretchWith, together } from './stretch.ts';
import type { Acted, Stretch } from './stretch.ts';
import { shiftOf } from './words.ts';

/** Findings named beside a level. */
const keptFindings = 16;
/** Less than this share of a run's chance to be ordinary is worth a line in its file. */
const oddBelow = 0.05;

export interface Noticed {
  /** Undefined: there is still nothing to say of this agent. */
  readonly file: AgentFile | undefined;
  readonly findings: readonly Finding[];
  /** What would have been told, had the day an alert left. */
  readonly withheld?: Finding;
}

/** What a scored action makes people be told: a finding where it asks for attention, one where an agent's work has changed for good. */
export const noticed = (known: AgentFile | undefined, seen: Acted, score: Score, place: string, mayTellBeside: () => boolean): Noticed => {
  const before = known?.odd[seen.run];
  const isOdd = score.alert || score.withheld || score.drift || score.news.length > 0 || score.level !== 'normal' || score.pValue < oddBelow;
  if (known === undefined && !isOdd) return { file: undefined, findings: [] };
  let file = known ?? newFile(seen.tenant);
  let stretch = isOdd || before !== undefined ? stretchWith(before, seen, score) : undefined;

  const findings: Finding[] = [];
  const tell = (kind: Finding['kind'], id: string, mayOpen: () => boolean): void => {
    const of = kind === 'behaviour' && score.slow && stretch !== undefined ? lately(file, seen, stretch) : stretch;
    const evidence = evidenceOf(kind, of, score, seen);
    const outcome = tellInto(file, seen, id, kind === 'drift' ? withShifts(evidence, score) : evidence, mayOpen);
    file = outcome.file;
    if (kind === 'behaviour' && stretch !== undefined && outcome.as !== undefined) stretch = { ...stretch, told: outcome.severity };
    if (outcome.told !== undefined) findings.push(outcome.told);
  };
  if (score.alert) tell('behaviour', `f-${place}`, () => score.opens);
  // A run that was told of goes on, and gets worse.
  else if (before?.told && stretch !== undefined && isWorse(severityOf(stretch.impact, confidenceOf(score.eValue)), before.told)) tell('behaviour', `f-${place}`, () => true);
  if (score.drift) tell('drift', `d-${place}`, mayTellBeside);
  if (stretch !== undefined) file = { ...file, odd: withRun(file.odd, seen.run, stretch) };
  return { file, findings, ...(score.withheld && { withheld: findingOf(`o-${place}`, { tenant: seen.tenant, agent: seen.agent, run: seen.run, at: seen.now }, evidenceOf('overflow', stretch, score, seen)) }) };
};

/** What was odd in runs of the last week, this one last. */
const lately = ({ odd }: AgentFile, { run, now }: Acted, stretch: Stretch): Stretch =>
  together(Object.entries(odd).flatMap(([name, one]) => (name === run || now - one.since > 7 * 86_400_000 ? [] : [one])), stretch);

/** Drift is made of the tools whose share changed, beside what is odd in the run that showed it. */
const withShifts = (evidence: Evidence, { shifts }: Score): Evidence => ({ ...evidence, contributions: [...evidence.contributions, ...shifts.map(shiftOf)] });

/**
 * Agents, of whatever partitions, did the same that none of their peers ever did: one case of the thing, told of the last of them, when it is two, and
 * then each time that as many more have joined. A run that did several such things is told of once.
 */
export const noticedTogether = (known: AgentFile | undefined, met: Meeting, place: string, mayTell: () => boolean): { readonly file: AgentFile; readonly findings: readonly Finding[] } => {
  const file = known ?? newFile(met.tenant);
  const { tenant, agent, run, now, agents, count, what, case: of } = met;
  const seen = count - 1;
  const evidence = evidenceOf('spread', file.odd[run], met, { ...met, impact: 'medium', consequential: true });
  const before = toldTogether(file.lately, run, now);
  if (before !== undefined || !isDoubled(seen) || !mayTell()) return { file: named(file, before ?? of?.finding), findings: [] };
  const finding: Finding = {
    ...findingOf(seen === 1 && of !== undefined ? of.finding : `s-${place}`, { tenant, agent, run, at: now }, evidence),
    spread: { agents, count, what }, ...(seen > 1 && of !== undefined && { case: { ...of, seen } }),
  };
  return { file: { ...named(file, finding.finding), lately: withTogether(file.lately, finding, of?.finding), cases: openCase(file.cases, finding.finding, 'spread', run, now) }, findings: [finding] };
};

const named = (file: AgentFile, finding: string | undefined): AgentFile => (finding === undefined ? file : { ...file, findings: [...file.findings.filter((one) => one !== finding), finding].slice(-keptFindings) });

/** What is known of a run, or of its action alone where nothing of it is remembered. */
const evidenceOf = (kind: Finding['kind'], stretch: Stretch | undefined, { pValue, eValue }: Pick<Score, 'pValue' | 'eValue'>, action: Pick<ActionSeen, 'action' | 'now' | 'impact' | 'consequential'>): Evidence => {
  const { events = [action.action], since = action.now, impact = action.impact, consequential = action.consequential } = stretch ?? {};
  return { contributions: stretch === undefined ? [] : contributionsOf(stretch), pValue, eValue, kind, impact, consequential, events, since };
};

const tellInto = (file: AgentFile, { tenant, agent, run, now }: Pick<ActionSeen, 'tenant' | 'agent' | 'run' | 'now'>, id: string, evidence: Evidence, mayOpen: () => boolean): Outcome & { readonly file: AgentFile } => {
  const outcome = tellOnce(file.lately, findingOf(id, { tenant, agent, run, at: now }, evidence), mayOpen);
  const { as } = outcome;
  if (as === undefined) return { ...outcome, file };
  return { ...outcome, file: {
    ...file, lately: outcome.lately, findings: [...file.findings.filter((one) => one !== as), as].slice(-keptFindings),
    cases: outcome.told === undefined ? file.cases : openCase(file.cases, id, evidence.kind, run, now),
  } };
};
