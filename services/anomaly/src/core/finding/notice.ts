import type { Finding } from '@countersign/contracts';
import type { ActionSeen, Meeting } from '../observation.ts';
import type { Score } from '../score.ts';
import { openCase } from './disposition.ts';
import { newFile, withRun } from './file.ts';
import type { AgentFile } from './file.ts';
import { findingOf } from './finding.ts';
import type { Evidence } from './finding.ts';
import { tellOnce } from './refractory.ts';
import type { Outcome } from './refractory.ts';
import { confidenceOf, isWorse, severityOf } from './severity.ts';
import { contributionsOf, stretchWith } from './stretch.ts';
import type { Stretch } from './stretch.ts';

/** Findings named beside a level. */
const keptFindings = 16;
/** Less than this share of a run's chance to be ordinary is worth a line in its file. */
const oddBelow = 0.05;

export interface Noticed {
  /** Undefined: there is still nothing to say of this agent. */
  readonly file: AgentFile | undefined;
  readonly findings: readonly Finding[];
}

/** What a scored action makes people be told: a finding where it asks for attention, one where an agent's work has changed for good. */
export const noticed = (known: AgentFile | undefined, seen: ActionSeen, score: Score, place: string): Noticed => {
  const before = known?.odd[seen.run];
  const isOdd = score.alert || score.drift || score.news.length > 0 || score.level !== 'normal' || score.pValue < oddBelow;
  if (known === undefined && !isOdd) return { file: undefined, findings: [] };
  let file = known ?? newFile(seen.tenant);
  const stretch = isOdd || before !== undefined ? stretchWith(before, seen, score) : undefined;
  if (stretch !== undefined) file = { ...file, odd: withRun(file.odd, seen.run, stretch) };

  const findings: Finding[] = [];
  const tell = (kind: Finding['kind'], id: string, opens: boolean): void => {
    const outcome = tellInto(file, seen, id, evidenceOf(kind, stretch, score, seen), opens);
    file = outcome.file;
    if (kind === 'behaviour' && stretch !== undefined && outcome.as !== undefined) file = { ...file, odd: { ...file.odd, [seen.run]: { ...stretch, told: outcome.severity } } };
    if (outcome.told !== undefined) findings.push(outcome.told);
  };
  if (score.alert) tell('behaviour', `f-${place}`, score.opens);
  // A run that was told of goes on, and gets worse.
  else if (before?.told && stretch !== undefined && isWorse(severityOf(stretch.impact, confidenceOf(score.eValue)), before.told)) tell('behaviour', `f-${place}`, true);
  if (score.drift) tell('drift', `d-${place}`, true);
  return { file, findings };
};

/** Agents, of whatever partitions, did the same that none of their peers ever did: told of the last one. */
export const noticedTogether = (known: AgentFile | undefined, met: Meeting, place: string): { readonly file: AgentFile; readonly findings: readonly Finding[] } => {
  const file = known ?? newFile(met.tenant);
  const evidence = evidenceOf('spread', file.odd[met.run], met, { ...met, impact: 'medium', consequential: true });
  const { agents, count, what } = met;
  const outcome = tellInto(file, met, `s-${place}`, evidence, true, { spread: { agents, count, what } });
  return { file: outcome.file, findings: outcome.told === undefined ? [] : [outcome.told] };
};

/** What is known of a run, or of its action alone where nothing of it is remembered. */
const evidenceOf = (kind: Finding['kind'], stretch: Stretch | undefined, { pValue, eValue }: Pick<Score, 'pValue' | 'eValue'>, action: Pick<ActionSeen, 'action' | 'now' | 'impact' | 'consequential'>): Evidence => {
  const { events = [action.action], since = action.now, impact = action.impact, consequential = action.consequential } = stretch ?? {};
  return { contributions: stretch === undefined ? [] : contributionsOf(stretch), pValue, eValue, kind, impact, consequential, events, since };
};

const tellInto = (file: AgentFile, { tenant, agent, run, now }: Pick<ActionSeen, 'tenant' | 'agent' | 'run' | 'now'>, id: string, evidence: Evidence, opens: boolean, more: Pick<Finding, 'spread'> = {}): Outcome & { readonly file: AgentFile } => {
  const outcome = tellOnce(file.lately, { ...findingOf(id, { tenant, agent, run, at: now }, evidence), ...more }, opens);
  const { as } = outcome;
  if (as === undefined) return { ...outcome, file };
  return { ...outcome, file: {
    ...file, lately: outcome.lately, findings: [...file.findings.filter((one) => one !== as), as].slice(-keptFindings),
    cases: outcome.told === undefined ? file.cases : openCase(file.cases, id, evidence.kind, run, now),
  } };
};
