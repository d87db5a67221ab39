import type { ActionSeen, GovernedDecided, GovernedOutcome, GovernedRecord, Json, Observation } from '@countersign/contracts';
import { impactOf } from '../core/finding/impact.ts';
import { trusts } from '../core/observation.ts';
import type { Trust } from '../core/observation.ts';

/** Most targets looked at of one action, and how much of each: memory per agent stays bounded. */
const mostTargets = 50;
const longestTarget = 200;

/** What the registry says of an agent; undefined: it has not told of it. */
export interface Registered {
  readonly owner: string;
  readonly roles: readonly string[];
  /** Another number when, and only when, what the agent is declared to be has changed. */
  readonly version: number;
}

export interface Rekeying {
  /** Makes one bounded text of a long one, the same for the same text. */
  readonly digest: (text: string) => string;
  readonly registered: (agent: string) => Registered | undefined;
}

const texts = (value: Json | undefined): readonly string[] => {
  const list = Array.isArray(value) ? value as readonly Json[] : [value];
  return list.filter((one): one is string => typeof one === 'string' && one !== '').slice(0, mostTargets);
};

/** Names that read. Only used where policy recorded no fact about the tool. */
const reads = /^(get|search|read|list|check)_/;
const looksConsequential = (tool: string): boolean => !reads.test(tool.slice(tool.lastIndexOf('.') + 1));

/** What anomaly detection needs of a governed record; undefined: nothing. Each action once, as proposed (round 1): later rounds are the same act again. */
export const toObservation = (record: GovernedRecord, rekeying: Rekeying): Observation | undefined => {
  if (!('run' in record) || record.run === null || record.agent === null) return undefined;
  const { tenant, agent, run, now } = record;
  const base = { tenant, agent, run, now };
  switch (record.kind) {
    case 'run.started': return { kind: 'started', ...base, task: rekeying.digest(record.message.instruction.text) };
    case 'run.ended': return { kind: 'ended', ...base };
    case 'action.outcome': return outcomeOf(record, base);
    case 'action.decided': return record.round === 1 ? actionOf(record, base, rekeying) : undefined;
    default: return undefined;
  }
};

type Base = Pick<ActionSeen, 'tenant' | 'agent' | 'run' | 'now'>;

const outcomeOf = ({ action, tool, message }: GovernedOutcome, base: Base): Observation | undefined =>
  (message === null || message.status === 'not_executed' ? undefined : {
    kind: 'outcome', ...base, action, tool, failed: message.status !== 'succeeded', tokens: message.tokens ?? null, cost: message.cost?.minor ?? null,
  });

const actionOf = (record: GovernedDecided, base: Base, { digest, registered }: Rekeying): ActionSeen => {
  const fact = (name: string): Json | undefined => record.facts[name]?.value;
  const known = fact('tool.consequential'), data = fact('tool.data'), marks = fact('change.marks');
  const consequential = typeof known === 'boolean' ? known : looksConsequential(record.tool);
  const reversible = fact('tool.reversible') === true;
  const targets = texts(fact('target')).map((target) => (target.length > longestTarget ? digest(target) : target));
  const about = registered(base.agent);
  const from = fact('target.from');
  // What was refused before its facts were derived belongs to the same peers.
  const group = (fact('agent.roles') === undefined ? about?.roles ?? [] : texts(fact('agent.roles'))).toSorted().join(' ');
  return {
    kind: 'action', ...base, action: record.action, tool: record.tool,
    group: group.length > longestTarget ? digest(group) : group, owner: about?.owner ?? '', version: about?.version ?? 0,
    consequential, reversible,
    impact: impactOf({ consequential, reversible: typeof fact('tool.reversible') === 'boolean' ? reversible : undefined, dataClasses: listed(data), tier: record.decision.tier, marked: listed(marks) > 0 }),
    targets, trust: targets.length === 0 ? 'none' : trustOf(fact('target.trust')), from: typeof from === 'string' ? from.slice(0, 128) : null,
    signs: signsOf(fact), denied: record.decision.decision === 'deny',
  };
};

const listed = (value: Json | undefined): number => (Array.isArray(value) ? value.length : 0);

/** What policy could not place is as good as read nowhere. */
const trustOf = (value: Json | undefined): Trust => trusts.find((one) => one === value) ?? 'nowhere';

const signsOf = (fact: (name: string) => Json | undefined): ActionSeen['signs'] => {
  const signs: Record<ActionSeen['signs'][number], boolean> = {
    act_unasked: fact('act.asked') === false, other_day: fact('date.off') === true, strange_text: fact('text.strange') === true,
    foreign_content: fact('content.foreign') === true, amount_unnamed: typeof fact('amount') === 'number' && fact('amount.named') === false,
    // Read in nothing but what an untrusted runtime says that a tool returned.
    claimed: fact('target.trust') === 'nowhere' && typeof fact('target.from') === 'string',
  };
  return (Object.keys(signs) as (keyof typeof signs)[]).filter((sign) => signs[sign]);
};
