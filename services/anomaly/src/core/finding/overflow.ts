import type { Finding } from '@countersign/contracts';
import { isWorse } from './severity.ts';

/** What a tenant's day had no alert left for, since it was last told. Plain data: it is part of the checkpoint. */
export interface Withheld {
  readonly since: number;
  readonly runs: number;
  /** The first of those concerned. */
  readonly agents: readonly string[];
  /** The one that is told for all of them: the most severe, of equals the least likely. */
  readonly worst: Finding;
}

/** How long what is withheld is gathered before it is told in one. */
export const windowMs = 900_000;
const mostAgents = 64;

/** Takes up what would have been told. */
export const withhold = (known: Withheld | null, finding: Finding): Withheld => {
  if (known === null) return { since: finding.at, runs: 1, agents: [finding.agent], worst: finding };
  const { worst, agents } = known;
  const isWorst = isWorse(finding.severity, worst.severity) || (finding.severity === worst.severity && finding.pValue < worst.pValue);
  return { since: known.since, runs: known.runs + 1, agents: agents.includes(finding.agent) || agents.length >= mostAgents ? agents : [...agents, finding.agent], worst: isWorst ? finding : worst };
};

/** Whether it is time to tell. A clock that jumped back keeps nothing quiet for longer than the window. */
export const isDue = (withheld: Withheld | null, now: number): withheld is Withheld => withheld !== null && Math.abs(now - withheld.since) >= windowMs;

/** One finding for all of them: that of the worst, with how many there were. */
export const overflowOf = ({ since, runs, agents, worst }: Withheld, at: number): Finding => ({
  ...worst, withheld: { runs, agents, since }, at,
  explanation: `Today's alerts are used up: ${runs === 1 ? 'one run' : `${runs} runs`} of ${agents.length === 1 ? 'one agent' : `${agents.length >= mostAgents ? 'at least ' : ''}${agents.length} agents`} would have been told of and ${runs === 1 ? 'was' : 'were'} withheld; ${runs === 1 ? 'it is this' : 'the highest is this'}. ${worst.explanation}`.slice(0, 4_000),
});
