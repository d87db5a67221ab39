import { fieldsOf, numberOf } from './reading.ts';
import type { StoryEntry } from './story.ts';

type Fields = Readonly<Record<string, unknown>>;
const text = (value: unknown): string | null => (typeof value === 'string' ? value : null);
const list = (value: unknown): readonly Fields[] => (Array.isArray(value) ? value.map(fieldsOf) : []);
const texts = (value: unknown): readonly string[] => (Array.isArray(value) ? value.filter((one): one is string => typeof one === 'string') : []);
const factOf = (facts: unknown, name: string): unknown => fieldsOf(fieldsOf(facts)[name])['value'];

/** What one decision about one action rested on and came to (AARM R5). Everything in it is read out of the entries beside it, so that nobody needs to believe it. */
export interface ReceiptStatement {
  readonly tenant: string;
  readonly run: string;
  /** What was asked for; arguments as they were decided on, JSON. */
  readonly action: { readonly id: string; readonly tool: string | null; readonly arguments: unknown; readonly reason: string | null; readonly proposedAt: number };
  /** Under what: the instruction, the trace, versions of agent and tool, the agent's anomaly level. */
  readonly context: { readonly instruction: string | null; readonly trace: string | null; readonly agentVersion: number | null; readonly toolVersion: number | null; readonly level: string | null; readonly facts: unknown };
  /** The person who gave the instruction (null: nobody signed it), the service that held the session (null: the agent itself), and the agent with role, scope and session key. */
  readonly identity: { readonly human: string | null; readonly service: string | null; readonly agent: string | null; readonly roles: readonly string[]; readonly scope: string | null; readonly session: string | null; readonly onBehalfOf: readonly string[] };
  readonly decision: { readonly decision: string; readonly tier: number; readonly code: string | null; readonly at: number; readonly round: number; readonly observed: boolean };
  readonly policy: { readonly version: string; readonly rules: readonly { readonly id: string | null; readonly reason: string | null }[] };
  readonly approval: { readonly resolution: string | null; readonly shown: string | null; readonly votes: readonly { readonly person: string | null; readonly vote: string | null; readonly signature: string | null }[] } | null;
  readonly deferral: unknown;
  /** What came of it; null before it is known, and in the receipt of a round that another followed. */
  readonly outcome: { readonly status: string; readonly at: number } | null;
  /** Entry of the round before, which this one follows up; null for the first. */
  readonly follows: number | null;
}

export interface ReceiptParts { readonly statement: ReceiptStatement; /** Indices of the entries that it rests on. */ readonly entries: readonly number[] }

const kind = ({ body }: StoryEntry): unknown => fieldsOf(body)['kind'];

/**
 * The receipt of a round of an action's decision; without `round`, of the last.
 * @param entries those of the run; opened, or nothing can be said
 */
export const receiptOf = (run: string, action: string, entries: readonly StoryEntry[], round?: number): ReceiptParts | undefined => {
  const ordered = [...entries].filter(({ leaf }) => leaf.run === run).sort((a, b) => a.index - b.index);
  const rounds = ordered.filter((entry) => kind(entry) === 'action.decided' && entry.leaf.action === action).sort((a, b) => (a.leaf.decision?.round ?? 0) - (b.leaf.decision?.round ?? 0));
  const decided = round === undefined ? rounds.at(-1) : rounds.find(({ leaf }) => leaf.decision?.round === round);
  if (decided?.leaf.decision === null || decided === undefined) return undefined;
  const started = ordered.find((entry) => kind(entry) === 'run.started');
  const ended = decided === rounds.at(-1) ? ordered.find((entry) => kind(entry) === 'action.outcome' && entry.leaf.action === action) : undefined;
  const before = rounds[rounds.indexOf(decided) - 1];
  const used = [started, rounds[0], before, decided, ended].filter((entry) => entry !== undefined);
  return { statement: statementOf(run, action, { started, first: rounds[0]!, decided, ended, before }), entries: [...new Set(used.map(({ index }) => index))].sort((a, b) => a - b) };
};

interface Parts { readonly started: StoryEntry | undefined; readonly first: StoryEntry; readonly decided: StoryEntry; readonly ended: StoryEntry | undefined; readonly before: StoryEntry | undefined }

const statementOf = (run: string, id: string, { started, first, decided, ended, before }: Parts): ReceiptStatement => {
  const { leaf } = decided;
  const fields = fieldsOf(decided.body);
  const opening = fieldsOf(started?.body);
  const token = fieldsOf(opening['token']);
  const decision = fieldsOf(fields['decision']);
  const resolved = fields['resolved'] === null || fields['resolved'] === undefined ? undefined : fieldsOf(fields['resolved']);
  const message = fieldsOf(fields['message']);
  const { decision: said, tier, code, policy, round, observed } = leaf.decision!;
  return {
    tenant: leaf.tenant, run,
    action: { id, tool: leaf.tool ?? text(fields['tool']), arguments: fieldsOf(fields['modified'])['arguments'] ?? message['arguments'] ?? null, reason: text(message['reason']), proposedAt: numberOf(fieldsOf(first.body)['now']) ?? first.leaf.at },
    context: {
      instruction: text(fieldsOf(fieldsOf(opening['message'])['instruction'])['text']), trace: /^[0-9a-f]{2}-([0-9a-f]{32})-/.exec(leaf.trace ?? '')?.[1] ?? null,
      agentVersion: leaf.rested?.agent ?? null, toolVersion: leaf.rested?.tool ?? null, level: text(fieldsOf(fields['snapshots'])['level']), facts: fields['facts'] ?? null,
    },
    identity: {
      human: text(fieldsOf(opening['instruction'])['attestedBy']), service: text(token['via']), agent: leaf.agent, roles: texts(factOf(fields['facts'], 'agent.roles')),
      scope: text(token['scope']), session: text(fieldsOf(token['cnf'])['jkt']), onBehalfOf: actorsOf(token['act']),
    },
    decision: { decision: said, tier, code, at: numberOf(fields['now']) ?? leaf.at, round: round ?? 1, observed },
    policy: { version: policy, rules: list(decision['rules']).map((rule) => ({ id: text(rule['id']), reason: text(rule['reason']) })) },
    approval: resolved === undefined ? null : { resolution: text(resolved['resolution']), shown: text(resolved['digest']), votes: list(resolved['votes']).map((vote) => ({ person: text(vote['person']), vote: text(vote['vote']), signature: text(vote['jws']) })) },
    deferral: decision['deferral'] ?? null,
    outcome: ended === undefined ? null : { status: ended.leaf.outcome ?? 'unknown', at: numberOf(fieldsOf(ended.body)['now']) ?? ended.leaf.at },
    follows: before?.index ?? null,
  };
};

/** The chain of agents that it acts for, the nearest first (RFC 8693). */
const actorsOf = (act: unknown): readonly string[] => {
  const found: string[] = [];
  for (let one = fieldsOf(act); typeof one['sub'] === 'string' && found.length < 16; one = fieldsOf(one['act'])) found.push(one['sub']);
  return found;
};
