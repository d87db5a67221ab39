import { start } from './act.ts';
import type { Lessons } from './act.ts';
import type { Impact } from './finding/impact.ts';
import { newMix } from './mix-drift.ts';
import type { Mix } from './mix-drift.ts';
import { newPace } from './pace.ts';
import type { Pace } from './pace.ts';
import { newRhythm } from './rhythm.ts';
import type { Rhythm } from './rhythm.ts';
import { newSlow } from './slow.ts';
import type { Slow } from './slow.ts';
import { newTable } from './table.ts';
import type { Table } from './table.ts';
import { newAmounts, newShare } from './tails.ts';
import type { Amounts, Share } from './tails.ts';

/** A run that goes on. */
export interface OpenRun {
  readonly run: string;
  /** Digest of its instruction, hashed; 0: not told. */
  readonly task: number;
  /** Tool of the last action. */
  previous: number;
  readonly lessons: Lessons;
  /** The oddest it was, by channel, nats. */
  fresh: number;
  familiar: number;
  volume: number;
  silence: number;
  spend: number;
  trouble: number;
  /** Of its oddest action: what speaks of hijack (origin, unasked, strangers' words), apart from what only is not habit. */
  hijack: number;
  /** The level it is tested at (from its first action on), what became of it, and its chance so far. */
  level: number;
  pValue: number;
  eValue: number;
  /** Whether it is what it did that makes it odd, rather than how much, when or at what cost. */
  byBehaviour: boolean;
  /** The sum of peaks that these were ranked by. */
  ranked: number;
  alerted: boolean;
  /** Whether its alert came out of the day's budget. */
  budgeted: boolean;
  /** Why it is kept from being learned: the day's budget had no alert left, it was only counted with a case that was told of, an analyst called it an attack, or it is the rest of a run that is kept. */
  kept: 'over_budget' | 'untold' | 'attack' | 'rest' | null;
  /** The rest of a run that analysts cleared as far as it went. */
  readonly resumed: boolean;
  actions: number;
  /** The most that what it did could do. */
  impact: Impact;
  consequential: boolean;
  /** When it last acted, epoch ms. */
  at: number;
  tokens: number;
  cost: number;
}

export const newRun = (run: string, task: number): OpenRun => ({
  run, task, previous: start, lessons: { own: [], tools: [], classes: [], targets: [] }, fresh: 0, familiar: 0, volume: 0, silence: 0, spend: 0, trouble: 0, hijack: 0,
  level: 0, pValue: 1, eValue: 0.5, byBehaviour: true, ranked: -1, alerted: false, budgeted: false, kept: null, resumed: false, actions: 0, impact: 'low', consequential: false, at: 0, tokens: 0, cost: 0,
});

/** Nothing of such a run is learned until an analyst says what it was. */
export const isKept = ({ alerted, kept }: OpenRun): boolean => alerted || kept !== null;

/** A kept run that no longer goes on: what it is, how odd it was, and when. */
export interface Flagged { readonly run: string; readonly as: 'attack' | 'rest'; readonly pValue: number; readonly at: number }
const mostFlagged = 32;
/** Keeps a run's id from being learned under again. */
export const flag = (agent: AgentBaseline, { run, pValue, at }: Pick<OpenRun, 'run' | 'pValue' | 'at'>, as: Flagged['as']): void => {
  const known = unflag(agent, run);
  agent.flagged.push({ run, as: known?.as === 'attack' ? 'attack' : as, pValue: Math.min(pValue, known?.pValue ?? 1), at: Math.max(at, known?.at ?? 0) });
  if (agent.flagged.length > mostFlagged) agent.flagged.shift();
};
export const unflag = ({ flagged }: AgentBaseline, run: string): Flagged | undefined => {
  const at = flagged.findIndex((one) => one.run === run);
  return at < 0 ? undefined : flagged.splice(at, 1)[0];
};

/** Everything that is remembered of one agent: a few KB. */
export interface AgentBaseline {
  /** Key of its peer group: tenant and roles. */
  peers: string;
  group: string;
  owner: string;
  version: number;
  /** When it was last registered as another one, epoch ms. */
  renewed: number;
  habits: Table;
  /** The day (epoch days) and the time (epoch ms) at which a case about it was last opened. */
  alertedOn: number;
  alertedAt: number;
  readonly pace: Pace;
  readonly rhythm: Rhythm;
  readonly mix: Mix;
  /** Actions, tokens and cost of a run. */
  readonly lengths: Amounts;
  readonly tokens: Amounts;
  readonly cost: Amounts;
  readonly failures: Share;
  /** Runs that go on, and those that were too odd to learn from, until an analyst says what they were; the oldest first. */
  readonly open: OpenRun[];
  readonly pending: OpenRun[];
  /** Runs that are kept and no longer go on, the oldest first: under their ids nothing is learned, and none of it starts clean. */
  readonly flagged: Flagged[];
  /** Recent share of runs that were odd by habit alone: where most are, its work has changed. */
  changed: number;
  /** Divergence of its mix of tools from its frozen one, nats, as of the last run. */
  strayed: number;
  /** Evidence of slow attack over its runs, and for its level now. */
  readonly slow: Slow;
  evidence: number;
  evidenceAt: number;
}

export const newAgentBaseline = (): AgentBaseline => ({
  peers: '', group: '', owner: '', version: 0, renewed: 0, alertedOn: 0, alertedAt: 0, habits: newTable(32, 256), pace: newPace(), rhythm: newRhythm(), mix: newMix(), lengths: newAmounts(), tokens: newAmounts(), cost: newAmounts(), failures: newShare(), open: [], pending: [], flagged: [], changed: 0, strayed: 0, slow: newSlow(), evidence: 0, evidenceAt: 0,
});

/** A registered agent became another one: its habits are those of its peers until it has its own. */
export const startAnew = (agent: AgentBaseline, now: number): void => {
  agent.renewed = now;
  const fresh = newAgentBaseline();
  agent.habits = fresh.habits;
  Object.assign(agent.pace, { ...fresh.pace, minute: agent.pace.minute, count: agent.pace.count });
  // When it works has nothing to do with what it is; how long nobody used it has.
  agent.rhythm.last = 0;
  agent.mix.fast.fill(0);
  agent.mix.slow.fill(0);
  agent.mix.n = 0;
  Object.assign(agent.lengths, fresh.lengths);
  Object.assign(agent.tokens, fresh.tokens);
  Object.assign(agent.cost, fresh.cost);
  Object.assign(agent.failures, fresh.failures);
  agent.pending.length = 0;
  Object.assign(agent.slow, fresh.slow);
  agent.changed = 0;
  agent.strayed = 0;
};
