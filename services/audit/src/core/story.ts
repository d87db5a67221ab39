import type { Leaf } from './entry.ts';
import { fieldsOf, numberOf } from './reading.ts';
import { holesIn } from './run-holes.ts';
import { wordsOf } from './story-words.ts';
import { coveringOf } from './withheld.ts';

/** One entry of a run, opened as far as it can be. */
export interface StoryEntry {
  readonly index: number;
  readonly leaf: Leaf;
  /** The payload's JSON; undefined where it was erased, or is gone. */
  readonly body: unknown;
}

export interface StoryActor { readonly kind: 'agent' | 'person' | 'service'; readonly id: string; /** What they did, each once, in order. */ readonly did: readonly string[] }

export interface StoryVote { readonly person: string; readonly vote: string; readonly at: number; /** Digest of what they were shown. */ readonly saw: string | null }

/** One action from proposal to outcome. Arguments, reason and result are others' words: untrusted, to be shown as text. */
export interface StoryAction {
  readonly action: string;
  readonly tool: string | null;
  readonly arguments: string | null;
  readonly reason: string | null;
  readonly proposedAt: number;
  /** When the last decision was made. */
  readonly decidedAt: number;
  readonly endedAt: number | null;
  readonly rounds: readonly { readonly at: number; readonly decision: string; readonly tier: number; readonly code: string | null; readonly policy: string; readonly rules: readonly string[] }[];
  readonly votes: readonly StoryVote[];
  readonly outcome: string | null;
  readonly result: string | null;
}

export interface StoryStep {
  readonly index: number;
  readonly at: number;
  readonly who: string;
  readonly kind: StoryActor['kind'];
  readonly action: string | null;
  /** In our words. */
  readonly what: string;
  /** In others' words, untrusted; null where nothing was quoted. */
  readonly said: string | null;
}

/** A run as one ordered story. */
export interface Story {
  readonly run: string;
  readonly tenant: string;
  readonly agent: string | null;
  readonly instruction: { readonly text: string | null; readonly by: string | null } | null;
  readonly startedAt: number | null;
  readonly endedAt: number | null;
  /** Trace id, as OpenTelemetry knows it. */
  readonly trace: string | null;
  readonly actors: readonly StoryActor[];
  readonly actions: readonly StoryAction[];
  readonly steps: readonly StoryStep[];
  /** What the record does not show, said plainly. */
  readonly gaps: readonly string[];
}

const longestText = 2_000;
const cut = (value: unknown): string | null => (typeof value !== 'string' || value === '' ? null : value.length > longestText ? `${value.slice(0, longestText)}… (${value.length - longestText} more)` : value);
const json = (value: unknown): string | null => (value === undefined || value === null ? null : cut(JSON.stringify(value)));
const list = (value: unknown): readonly Readonly<Record<string, unknown>>[] => (Array.isArray(value) ? value.map(fieldsOf) : []);

type Draft = { -readonly [K in keyof StoryAction]: StoryAction[K] } & { rounds: StoryAction['rounds'][number][]; votes: StoryVote[] };

/**
 * Puts the entries of a run in the order in which they came about: by the time that counts (the decision's own, else the broker's), then by index.
 * Works on what is there: an erased payload leaves its step, without its words.
 * @param beside other entries of the log, not to be told: erasures among them say why words are gone
 */
export const storyOf = (run: string, entries: readonly StoryEntry[], beside: readonly Pick<StoryEntry, 'index' | 'leaf'>[] = []): Story => {
  const timed = entries.map((entry) => ({ ...entry, fields: fieldsOf(entry.body), at: timeOf(entry) })).sort((a, b) => a.at - b.at || a.index - b.index);
  const actions = new Map<string, Draft>();
  const actors = new Map<string, { kind: StoryActor['kind']; id: string; did: Set<string> }>();
  const steps: StoryStep[] = [];
  const closed = new Set<string>();
  let [started, ended]: [Story['startedAt'], Story['endedAt']] = [null, null];
  let instruction: Story['instruction'] = null;

  for (const { index, leaf, body, fields, at } of timed) {
    const { who, kind, did, what, said } = wordsOf(leaf, fields, body === undefined);
    steps.push({ index, at, who, kind, action: leaf.action, what, said: cut(said) });
    const actor = actors.get(`${kind}:${who}`) ?? { kind, id: who, did: new Set<string>() };
    actors.set(`${kind}:${who}`, actor);
    actor.did.add(did);
    if (fields['kind'] === 'run.started') {
      started = at;
      instruction = { text: cut(fieldsOf(fieldsOf(fields['message'])['instruction'])['text']), by: cut(fieldsOf(fields['instruction'])['attestedBy']) };
    }
    if (leaf.type === 'countersign.governed.run.ended.v1') ended = at;
    for (const denied of leaf.type === 'countersign.governed.run.ended.v1' && Array.isArray(fields['denied']) ? fields['denied'] : []) closed.add(String(denied));
    if (leaf.action !== null && leaf.run === run) tell(actions, leaf, fields, at);
  }
  const told = [...actions.values()];
  for (const action of told) for (const { person } of action.votes) (actors.get(`person:${person}`) ?? actors.set(`person:${person}`, { kind: 'person', id: person, did: new Set() }).get(`person:${person}`)!).did.add('voted');
  if (instruction?.by) (actors.get(`person:${instruction.by}`) ?? actors.set(`person:${instruction.by}`, { kind: 'person', id: instruction.by, did: new Set() }).get(`person:${instruction.by}`)!).did.add('gave the instruction');
  return {
    run, tenant: timed[0]?.leaf.tenant ?? '', agent: timed.find(({ leaf }) => leaf.agent !== null)?.leaf.agent ?? null, instruction, startedAt: started, endedAt: ended,
    trace: timed.map(({ leaf }) => /^[0-9a-f]{2}-([0-9a-f]{32})-/.exec(leaf.trace ?? '')?.[1]).find((trace) => trace !== undefined) ?? null,
    actors: [...actors.values()].map(({ did, ...actor }) => ({ ...actor, did: [...did] })), actions: told, steps, gaps: [...holesIn(run, entries), ...gapsOf(timed, beside, told, started, ended, closed)],
  };
};

const timeOf = ({ leaf, body }: StoryEntry): number => {
  const fields = fieldsOf(body);
  return numberOf(fields['now']) ?? (typeof fields['stream'] === 'string' ? numberOf(fields['at']) : null) ?? leaf.said ?? leaf.at;
};

const tell = (actions: Map<string, Draft>, leaf: Leaf, fields: Readonly<Record<string, unknown>>, at: number): void => {
  const id = leaf.action!;
  const message = fieldsOf(fields['message']);
  if (leaf.decision !== null) {
    const { decision, tier, code, policy, rules } = leaf.decision;
    const action = actions.get(id) ?? { action: id, tool: leaf.tool ?? cut(fields['tool']), arguments: null, reason: null, proposedAt: at, decidedAt: at, endedAt: null, rounds: [], votes: [], outcome: null, result: null };
    actions.set(id, action);
    // What was executed is what rules made of it, where they changed anything.
    action.arguments = json(fieldsOf(fields['modified'])['arguments'] ?? message['arguments']) ?? action.arguments;
    action.reason ??= cut(message['reason']);
    action.decidedAt = at;
    action.rounds.push({ at, decision, tier, code, policy, rules });
    for (const vote of list(fieldsOf(fields['resolved'])['votes'])) action.votes.push({ person: String(vote['person']), vote: String(vote['vote']), at, saw: cut(fieldsOf(fields['resolved'])['digest']) });
    return;
  }
  const action = actions.get(id);
  if (action === undefined) return;
  if (leaf.type === 'countersign.governed.action.outcome.v1') {
    action.outcome = leaf.outcome;
    action.endedAt = at;
    action.result = cut(message['error']) ?? cut(message['result']);
  }
  if (leaf.type === 'countersign.governed.action.cancelled.v1') { action.outcome ??= 'cancelled'; action.endedAt ??= at; }
  if (leaf.type === 'countersign.governed.action.reversed.v1') action.outcome = `${action.outcome ?? ''} and reversed (${message['status'] === 'succeeded' ? 'succeeded' : 'failed'})`.trim();
};

const listed = (indices: readonly number[]): string => `${indices.slice(0, 10).join(', ')}${indices.length > 10 ? ', …' : ''}`;

const gapsOf = (timed: readonly StoryEntry[], beside: readonly Pick<StoryEntry, 'index' | 'leaf'>[], actions: readonly StoryAction[], started: number | null, ended: number | null, closed: ReadonlySet<string>): readonly string[] => {
  const covering = coveringOf([...timed, ...beside]);
  const closedWords = timed.filter(({ body }) => body === undefined);
  const erased = closedWords.filter((entry) => covering(entry) !== undefined).map(({ index }) => index);
  const gone = closedWords.filter((entry) => covering(entry) === undefined).map(({ index }) => index);
  const open = actions.filter(({ rounds, outcome, action }) => outcome === null && !closed.has(action) && ['allow', 'modify'].includes(rounds.at(-1)?.decision ?? ''));
  const waiting = actions.filter(({ rounds, action }) => !closed.has(action) && ['step_up', 'defer'].includes(rounds.at(-1)?.decision ?? ''));
  const skewed = timed.filter(({ leaf }) => leaf.skew !== null && leaf.skew !== undefined).map(({ index }) => index);
  return [
    ...(timed.length === 0 ? ['nothing of this run is on the record'] : started === null && timed.every(({ body }) => body !== undefined) ? ['its beginning is not among these entries'] : []),
    ...(erased.length > 0 ? [`the words of ${erased.length} entries are erased or past their time (${listed(erased)}); that they were there is proved all the same`] : []),
    ...(gone.length > 0 ? [`the words of ${gone.length} entries are gone or were changed, and no erasure on the record covers them (${listed(gone)}): somebody took them away`] : []),
    ...(ended === null && timed.length > 0 ? ['the run has not ended, or its end is not on the record yet'] : []),
    ...open.map(({ action }) => `${action} was allowed and nobody has said what came of it`),
    ...waiting.map(({ action }) => `${action} was still waiting`),
    ...(skewed.length > 0 ? [`the clocks of sender and broker were more than 10 s apart at ${skewed.length} entries (${listed(skewed)})`] : []),
  ];
};
