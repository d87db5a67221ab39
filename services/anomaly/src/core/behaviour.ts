import { keys, mostDoubt, mostUnasked, refused } from './act.ts';
import type { Act } from './act.ts';
import { mix } from './hash.ts';
import type { FeatureName } from './score.ts';
import { countOf, rawCount, standing } from './table.ts';
import type { Probation, Table } from './table.ts';

/** The baselines that an action is held against, widest first. */
export interface Baselines {
  readonly tenant: Table;
  readonly group: Table;
  readonly agent: Table;
  /** Digest of the run's instruction, hashed; the group's table has what peers do under it. */
  readonly task: number;
  /** Runs that peers have done of it. */
  readonly taskRuns: number;
}

/** What must be known of a thing before it counts as habit: of one agent on two days, of peers also by two of them. */
export const agentProbation: Probation = { runs: 3, days: 2, principals: 1 };
export const peerProbation: Probation = { runs: 3, days: 2, principals: 2 };

/** Runs of a task after which its own habits count, and the run is compared with runs of familiar tasks. */
export const familiarFrom = 3;

export const behaviours = ['tool', 'sequence', 'target', 'provenance', 'flow', 'asked', 'content', 'refusals'] as const satisfies readonly FeatureName[];
/**
 * What a surprise of each kind weighs. Where a value came from and whether it was asked for tells about hijack on any task; which tool, in which
 * order, at which target is news in every new task and weighs half there, in full where the task is known; what was refused did no harm: half.
 */
const weights = [0.5, 0.5, 0.5, 1, 1, 1, 1, 0.5] as const;
const weightsOfKnown = [1, 1, 1, 1, 1, 1, 1, 0.5] as const;
/** Reading harms less than acting; it is still looked at, since what reads can also carry data out. */
const impactOfReading = 0.5;

/** Surprises of one action in nats, weighed. Reused from action to action. */
export interface Surprise {
  readonly nats: Float64Array;
  /** By feature: the probability expected of what was seen, and the share among peers. */
  readonly expected: Float64Array;
  readonly peers: Float64Array;
  /** All together: as this agent and task are known, and as if the task were new. */
  known: number;
  fresh: number;
}
export const newSurprise = (): Surprise => ({ nats: new Float64Array(behaviours.length), expected: new Float64Array(behaviours.length), peers: new Float64Array(behaviours.length), known: 0, fresh: 0 });

/** Pseudo-counts by which a level leans on the wider one. */
const lean = { class: 20, group: 5, agent: 5, task: 1 } as const;

/**
 * The least number of events that a wider level must let expect before a narrower one that saw none is believed to be different: half an event, as
 * in the estimators of Jeffreys and of Krichevsky and Trofimov (1981). With a fixed λ a rare thing would fall by the whole ratio λ / N at each level:
 * that one in a hundred never was met in fifty runs of a task says nothing about the task.
 */
const halfAnEvent = 0.5;
/** (n + λ p) / (N + λ) with p the wider level's, and λ at least what half an event takes. */
const leaning = (part: number, whole: number, wider: number, least: number): number => {
  const lambda = wider * least < halfAnEvent ? halfAnEvent / wider : least;
  return (part + lambda * wider) / (whole + lambda);
};

/** A probability estimated from wide to narrow. `fresh` leaves out what was learned under the run's own task. */
interface Estimate { known: number; fresh: number; peers: number }

/** How often something was counted: by peers, by the agent, under the run's task. */
interface Counts { peers: number; agent: number; task: number }

const count = (to: Counts, { group, agent, task, taskRuns }: Baselines, key: number): void => {
  to.peers = countOf(group, key, peerProbation);
  to.agent = countOf(agent, key, agentProbation);
  to.task = taskRuns === 0 ? 0 : rawCount(group, mix(task, key) || 1);
};

/**
 * Share of `part` among `whole`, each level leaning on the wider one by additive smoothing: p ← (n + λ p) / (N + λ)
 * (Jelinek–Mercer, as interpolated n-grams have it; MacKay and Peto 1995). λ: `lean`.
 */
const narrow = (to: Estimate, { taskRuns }: Baselines, part: Counts, whole: Counts, leanGroup: number): void => {
  const byPeers = leaning(part.peers, whole.peers, to.known, leanGroup);
  const byAgent = leaning(part.agent, whole.agent, byPeers, lean.agent);
  to.peers = whole.peers === 0 ? 0 : part.peers / whole.peers;
  const others = leaning(Math.max(0, part.peers - part.task), Math.max(0, whole.peers - whole.task), to.fresh, leanGroup);
  // What the agent did of a task that is known cannot be told apart from what it did of others.
  to.fresh = taskRuns === 0 ? leaning(part.agent, whole.agent, others, lean.agent) : others;
  to.known = taskRuns < familiarFrom ? to.fresh : leaning(part.task, whole.task, byAgent, lean.task);
};

/** The same for a class of tools (those that only read, those that act): tenant, then group. */
const ofClass = (to: Estimate, at: Baselines, part: number, whole: number, prior: number): void => {
  const wide = leaning(countOf(at.tenant, part, peerProbation), countOf(at.tenant, whole, peerProbation), prior, lean.class);
  to.known = to.fresh = leaning(countOf(at.group, part, peerProbation), countOf(at.group, whole, peerProbation), wide, lean.class);
};

/** How often an act of unknown habit has a target of at least this doubt, and how often it carries a warning: held loosely (`lean.class`). */
const doubtPrior = [1, 0.6, 0.35, 0.2, 0.1] as const;
const signPrior = 0.1;
const tool = 0, sequence = 1, target = 2, provenance = 3, flow = 4, asked = 5, content = 6, refusals = 7;

const estimate: Estimate = { known: 0, fresh: 0, peers: 0 };
const uses: Counts = { peers: 0, agent: 0, task: 0 }, part: Counts = { ...uses }, whole: Counts = { ...uses };

const note = (out: Surprise, feature: number, impact: number, isKnown: boolean): void => {
  const weight = impact * weights[feature]!;
  const nats = estimate.known >= 1 ? 0 : -Math.log(estimate.known) * (isKnown ? impact * weightsOfKnown[feature]! : weight);
  out.nats[feature]! += nats;
  out.known += nats;
  if (estimate.fresh < 1) out.fresh -= Math.log(estimate.fresh) * weight;
  if (estimate.known < out.expected[feature]!) out.expected[feature] = estimate.known;
  out.peers[feature] = estimate.peers;
};

/** How surprising an action is. Each surprise is −ln of the probability that a run of this kind shows at least that much, times weight and impact. */
export const surpriseOf = (act: Act, at: Baselines, out: Surprise): void => {
  out.nats.fill(0);
  out.expected.fill(1);
  out.known = out.fresh = 0;
  const impact = act.consequential === 1 ? 1 : impactOfReading, isKnown = at.taskRuns >= familiarFrom;
  count(uses, at, keys.tool(act.tool));
  newTool(estimate, at, uses);
  const usual = estimate.known, usualFresh = estimate.fresh;
  note(out, tool, impact, isKnown);
  // Sequence: interpolated bigram, beyond what the tool alone is a surprise.
  count(part, at, keys.pair(act.previous, act.tool));
  count(whole, at, keys.before(act.previous));
  narrow(estimate, at, part, whole, 3);
  estimate.known /= usual;
  estimate.fresh /= usualFresh;
  note(out, sequence, impact, isKnown);
  if (act.targets.length > 0) { newTarget(estimate, act, at, uses); note(out, target, impact, isKnown); }
  if (act.doubt > 0) {
    ofClass(estimate, at, keys.classDoubt(act.consequential, act.doubt), keys.class(act.consequential), doubtPrior[Math.min(act.doubt, mostDoubt)]!);
    count(part, at, keys.doubt(act.tool, act.doubt));
    narrow(estimate, at, part, uses, lean.group);
    note(out, provenance, impact, isKnown);
  }
  if (act.from !== 0) {
    estimate.known = estimate.fresh = 1 / 3;
    count(part, at, keys.from(act.tool, act.from));
    narrow(estimate, at, part, uses, 1.5);
    note(out, flow, impact, isKnown);
  }
  for (let bit = 1; bit <= act.signs; bit <<= 1) if ((act.signs & bit) !== 0) {
    ofClass(estimate, at, keys.classSign(act.consequential, bit), keys.class(act.consequential), signPrior);
    count(part, at, keys.sign(act.tool, bit));
    narrow(estimate, at, part, uses, lean.group);
    note(out, bit === refused ? refusals : bit <= mostUnasked ? asked : content, impact, isKnown);
  }
};

const discount = 0.5;
const strength = 1;
/** Chance that the next one is a new one, of `n` draws with `k` different ones: (θ + d k) / (θ + n), the Pitman–Yor process (Pitman and Yor 1997). */
const newOne = (n: number, k: number): number => Math.min(1, (strength + discount * k) / (strength + n));

/** Share of runs that use the tool at all. A tool that nobody used in other tasks is as likely as new tools are in a new task. */
const newTool = (to: Estimate, at: Baselines, own: Counts): void => {
  const { group, taskRuns } = at;
  const isNew = newOne(rawCount(group, keys.tasks()), rawCount(group, keys.tools()));
  to.known = to.fresh = isNew;
  to.peers = 0;
  if (own.peers - own.task > 0 || (taskRuns === 0 && own.agent > 0)) {
    whole.peers = countOf(group, keys.run(), peerProbation);
    whole.agent = countOf(at.agent, keys.run(), agentProbation);
    whole.task = taskRuns;
    narrow(to, at, own, whole, 1);
  } else if (taskRuns >= familiarFrom) to.known = (own.task + lean.task * isNew) / (taskRuns + lean.task);
};

/** A target on probation is half as surprising, in nats, as one that nobody ever used: a single run of somebody vouches for little. */
const vouched = (isNew: number, standing: number): number => (standing === 0 ? isNew : standing === 1 ? Math.sqrt(isNew) : 1);

/**
 * Chance that the next target of a tool is one never used (Pitman–Yor; Teh 2006 for the hierarchy). Known to the agent or to its peers for longer than its
 * probation: no news. Of several the newest counts.
 */
const newTarget = (to: Estimate, act: Act, at: Baselines, used: Counts): void => {
  const { group, agent, task, taskRuns } = at;
  const distinct = keys.distinct(act.tool);
  const isNew = newOne(used.peers, rawCount(group, distinct));
  const isNewToTask = taskRuns < familiarFrom ? 1 : (strength * isNew + discount * rawCount(group, mix(task, distinct) || 1)) / (strength + used.task);
  let known = 1, fresh = 1, met = 0;
  for (const one of act.targets) {
    const key = keys.target(act.tool, one), keyOfTask = mix(task, key) || 1;
    const ofTask = taskRuns === 0 ? 0 : rawCount(group, keyOfTask);
    const ofPeers = rawCount(group, key);
    if (ofPeers > 0) met++;
    // What the agent did of a task that is known cannot be told apart from what it did of others: its own habit only vouches for what somebody did there.
    const own = standing(agent, key, agentProbation);
    const elsewhere = ofPeers - ofTask > 0 ? Math.max(own, standing(group, key, peerProbation)) : taskRuns === 0 ? own : 0;
    fresh = Math.min(fresh, vouched(isNew, elsewhere));
    if (taskRuns >= familiarFrom) known = Math.min(known, vouched(isNewToTask, ofTask === 0 ? 0 : Math.max(own, standing(group, keyOfTask, peerProbation))));
  }
  to.known = taskRuns >= familiarFrom ? known : fresh;
  to.fresh = fresh;
  to.peers = met / act.targets.length;
};
