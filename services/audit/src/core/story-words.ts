import type { Leaf } from './entry.ts';
import type { StoryActor } from './story.ts';
import { fieldsOf } from './reading.ts';

interface Words { readonly who: string; readonly kind: StoryActor['kind']; /** For the list of actors. */ readonly did: string; readonly what: string; readonly said: string | null }

type Fields = Readonly<Record<string, unknown>>;
const text = (value: unknown): string | null => (typeof value === 'string' && value !== '' ? value : null);
const services = new Set(['registry', 'policy', 'approvals', 'supervision', 'anomaly', 'audit', 'gateway', 'timer', 'system']);
const byWhom = (by: unknown, fallback: string): Pick<Words, 'who' | 'kind'> => {
  const who = text(by) ?? fallback;
  return { who, kind: services.has(who) ? 'service' : who.startsWith('agent:') ? 'agent' : 'person' };
};

/** What one entry says, in words. Without its payload only what the leaf says. */
export const wordsOf = (leaf: Leaf, fields: Fields, closed: boolean): Words => {
  const agent = { who: leaf.agent ?? 'unknown', kind: 'agent' as const };
  const message = fieldsOf(fields['message']);
  const first = leaf.oversight[0];
  switch (leaf.type.replace(/^countersign\.(?:governed\.)?/, '').replace(/\.v\d+$/, '')) {
    case 'run.started': return { ...agent, did: 'opened the run', what: 'opens the run under an instruction', said: text(fieldsOf(message['instruction'])['text']) };
    case 'action.decided': return decided(leaf, message);
    case 'action.outcome': return { ...agent, did: 'reported outcomes', what: `reports the outcome of ${leaf.tool ?? 'an action'}: ${leaf.outcome ?? 'unknown'}`, said: text(message['error']) ?? text(message['result']) };
    case 'action.cancelled': return { ...byWhom(fields['by'], first?.who ?? 'unknown'), did: 'cancelled', what: 'cancels the action', said: text(fields['reason']) };
    case 'action.reversed': return { ...byWhom(message['by'], first?.who ?? 'unknown'), did: 'reversed', what: `has the action reversed: ${text(message['status']) ?? 'unknown'}`, said: null };
    case 'run.halted': return { ...byWhom(fields['by'], first?.who ?? 'unknown'), did: 'halted the run', what: 'halts the run', said: text(fields['reason']) };
    case 'run.resumed': return { ...byWhom(fields['by'], first?.who ?? 'unknown'), did: 'let the run go on', what: 'lets the run go on', said: text(fields['reason']) };
    case 'run.ended': return { ...agent, did: 'ended the run', what: 'the run ends', said: text(fields['reason']) };
    case 'message.refused': return { who: 'policy', kind: 'service', did: 'refused messages', what: `refuses a message of the runtime: ${text(fields['code']) ?? 'code erased'}`, said: text(fields['detail']) };
    case 'supervision.halt': return { ...byWhom(fields['by'], first?.who ?? 'unknown'), did: 'halted', what: `halts ${scopeOf(fields)}`, said: text(fields['reason']) };
    case 'supervision.lift': return { ...byWhom(fields['by'], first?.who ?? 'unknown'), did: 'lifted a halt', what: `lifts the halt of ${scopeOf(fields)}`, said: text(fields['reason']) };
    case 'anomaly.finding': return { who: 'anomaly', kind: 'service', did: 'reported findings', what: `finds something unusual: ${text(fields['kind']) ?? 'erased'}, ${text(fields['severity']) ?? ''}`, said: text(fields['explanation']) };
    case 'audit.rejected': return { who: 'unknown', kind: 'service', did: 'sent what nobody could read', what: 'a message that could not be read is kept as it came', said: null };
    default: return event(leaf, fields, closed);
  }
};

const decided = ({ agent, decision, tool, oversight }: Leaf, message: Fields): Words => {
  const { decision: what = 'unknown', tier = 0, round = 1, code = null, rules = [], observed = false } = decision ?? {};
  const voters = oversight.filter(({ event }) => event === 'voted').length;
  const asked = (round ?? 1) <= 1 ? `${agent ?? 'the agent'} proposes ${tool ?? 'something that is no tool'}` : `${tool ?? 'the action'} is decided again, round ${round}${voters > 0 ? `, after ${voters} vote${voters === 1 ? '' : 's'}` : ''}`;
  return { who: 'policy', kind: 'service', did: 'decided', what: `${asked}: ${what}, tier ${tier}${code === null ? '' : ` (${code})`}${rules.length > 0 ? `, by ${rules.join(', ')}` : ''}${observed ? ', observed and not enforced' : ''}`, said: (round ?? 1) <= 1 ? text(message['reason']) : null };
};

const scopeOf = (fields: Fields): string => {
  const scope = fieldsOf(fields['scope']);
  return `${text(scope['kind']) ?? 'something'}${text(scope['id']) === null ? '' : ` ${text(scope['id'])}`}`;
};

const event = (leaf: Leaf, fields: Fields, closed: boolean): Words => {
  const data = fieldsOf(fields['data']);
  const vote = fieldsOf(data['vote']);
  const overseen = leaf.oversight[0];
  const actor = byWhom(vote['person'] ?? data['person'] ?? fields['by'], overseen?.who ?? 'unknown');
  switch (overseen?.event) {
    case 'requested': return { who: 'approvals', kind: 'service', did: 'asked people', what: `asks people: ${(Array.isArray(fieldsOf(data['question'])['route']) ? fieldsOf(data['question'])['route'] as unknown[] : []).map(String).join(' or ') || 'a route that is erased'}`, said: null };
    case 'voted': return { ...actor, did: 'voted', what: `votes ${overseen.said ?? 'something'}`, said: text(data['reason']) };
    case 'resolved': return { who: 'approvals', kind: 'service', did: 'closed approvals', what: `the question is closed: ${overseen.said ?? 'unknown'}`, said: null };
    case 'reviewed': return { ...actor, did: 'reviewed afterwards', what: `judges it afterwards, blind: ${overseen.said ?? 'unknown'}`, said: text(data['reason']) };
    default: return { ...actor, did: overseen?.event ?? leaf.type, what: `${overseen?.event ?? leaf.type}${closed ? ' (erased)' : ''}`, said: text(data['reason']) };
  }
};
