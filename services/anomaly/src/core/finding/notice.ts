import type { Finding } from '@countersign/contracts';
import type { ActionSeen } from '../observation.ts';
import type { Score } from '../score.ts';
import { openCase } from './disposition.ts';
import { newFile, withRun } from './file.ts';
import type { AgentFile } from './file.ts';
import { findingOf } from './finding.ts';
import type { Evidence } from './finding.ts';
import { tellOnce } from './refractory.ts';
import { confidenceOf, isWorse, severityOf } from './severity.ts';
import { contributionsOf, stretchWith } from './stretch.ts';

/** Findings named beside a level. */
const keptFindings = 16;
/** Less than this share of a run's chance to be ordinary is worth a line in its file. */
const oddBelow = 0.05;

export interface Noticed {
  /** Undefined: there is still nothing to say of this agent. */
  readonly file: AgentFile | undefined;
  readonly findings: readonly Finding[];
}

/** What a scored action makes people be told: a finding where it asks for attention, one where an agent's work has changed for good, one where several agents do the same odd thing. */
export const noticed = (known: AgentFile | undefined, seen: ActionSeen, score: Score, place: string): Noticed => {
  const before = known?.odd[seen.run];
  const isOdd = score.alert || score.drift || score.spread.length > 0 || score.level !== 'normal' || score.pValue < oddBelow;
  if (known === undefined && !isOdd) return { file: undefined, findings: [] };
  let file = known ?? newFile(seen.tenant);
  const stretch = isOdd || before !== undefined ? stretchWith(before, seen, score) : undefined;
  if (stretch !== undefined) file = { ...file, odd: withRun(file.odd, seen.run, stretch) };

  const findings: Finding[] = [];
  const tell = (kind: Finding['kind'], id: string, opens: boolean, more: Pick<Finding, 'spread'> = {}): void => {
    const { events = [seen.action], since = seen.now, impact = seen.impact, consequential = seen.consequential } = stretch ?? {};
    const evidence: Evidence = { contributions: stretch === undefined ? [] : contributionsOf(stretch), pValue: score.pValue, eValue: score.eValue, kind, impact, consequential, events, since };
    const outcome = tellOnce(file.lately, { ...findingOf(id, { tenant: seen.tenant, agent: seen.agent, run: seen.run, at: seen.now }, evidence), ...more }, opens);
    if (outcome.as !== undefined) file = { ...file, lately: outcome.lately, findings: [...file.findings.filter((one) => one !== outcome.as), outcome.as].slice(-keptFindings) };
    if (kind === 'behaviour' && stretch !== undefined && outcome.as !== undefined) file = { ...file, odd: { ...file.odd, [seen.run]: { ...stretch, told: outcome.severity } } };
    if (outcome.told === undefined) return;
    file = { ...file, cases: openCase(file.cases, id, kind, seen.run, seen.now) };
    findings.push(outcome.told);
  };
  if (score.alert) tell('behaviour', `f-${place}`, score.opens);
  // A run that was told of goes on, and gets worse.
  else if (before?.told && stretch !== undefined && isWorse(severityOf(stretch.impact, confidenceOf(score.eValue)), before.told)) tell('behaviour', `f-${place}`, true);
  if (score.drift) tell('drift', `d-${place}`, true);
  if (score.spread.length > 1) tell('spread', `s-${place}`, true, { spread: { agents: score.spread.slice(-64), count: score.spread.length, what: `${seen.tool}${seen.targets.length > 0 ? ` to ${seen.targets[0]}` : ''}`.slice(0, 500) } });
  return { file, findings };
};
