import { fieldsOf, idOf, numberOf } from './reading.ts';
import type { LeafContext } from './entry.ts';

/** Something a person (or a service in their place) did about agents: who, when, what they saw. */
export interface Oversight {
  /** `asked`, `voted`, `reviewed`, `halt`, `lift`, `cancelled`, `reversed`, or the type of a service's event. */
  readonly event: string;
  /** Pseudonym of the person, or the name of a service; null where people were asked and nobody has answered. */
  readonly who: string | null;
  readonly at: number;
  /** `approve`, `deny`, `right`, `wrong`, `expired`: what they decided; null where there was nothing to decide. */
  readonly said: string | null;
  /** Digest of what they were shown; null where nothing was. */
  readonly saw: string | null;
}

type Fields = Readonly<Record<string, unknown>>;
/** Actors that are no people; everybody else is pseudonymous. */
const services = new Set(['registry', 'policy', 'approvals', 'supervision', 'anomaly', 'audit', 'gateway', 'timer', 'system']);
const mostPeople = 8;

/** People (and services) whom a record names as having done something; the order is the record's. */
export const oversightOf = (fields: Fields, at: number, context: Pick<LeafContext, 'pseudonym' | 'shownTo'>): readonly Oversight[] => {
  const who = (value: unknown): string | null => (typeof value !== 'string' || value === '' ? null : services.has(value) ? value : context.pseudonym(value));
  const digest = (value: unknown): string | null => idOf(value, 64);
  const when = (value: unknown): number => numberOf(value) ?? at;
  const now = when(fields['now'] ?? fields['at']);
  switch (fields['kind']) {
    case 'action.decided': return decided(fields, now, who, digest);
    case 'action.cancelled': return [{ event: 'cancelled', who: who(fields['by']), at: now, said: null, saw: null }];
    case 'action.reversed': return [{ event: 'reversed', who: who(fieldsOf(fields['message'])['by']), at: now, said: null, saw: null }];
    case 'run.halted': return [{ event: 'halt', who: who(fields['by']), at: now, said: null, saw: null }];
    case 'run.resumed': return [{ event: 'lift', who: who(fields['by']), at: now, said: null, saw: null }];
    case 'run.started': {
      const by = fieldsOf(fields['instruction'])['attestedBy'];
      return typeof by === 'string' ? [{ event: 'instructed', who: who(by), at: now, said: null, saw: null }] : [];
    }
    case undefined: break;
    default: return [];
  }
  if (fields['op'] === 'halt' || fields['op'] === 'lift') return [{ event: fields['op'], who: who(fields['by']), at: now, said: null, saw: null }];
  if (typeof fields['stream'] !== 'string') return [];
  const data = fieldsOf(fields['data']);
  const vote = fieldsOf(data['vote']);
  const shown = typeof vote['jws'] === 'string' ? context.shownTo(vote['jws']) : digest(fieldsOf(data['question'])['digest'] ?? data['digest']);
  return [{ event: idOf(fields['type'], 64) ?? 'unknown', who: who(vote['person'] ?? data['person'] ?? fields['by']), at: now, said: idOf(vote['vote'] ?? data['verdict'] ?? data['resolution'], 16), saw: shown }];
};

const decided = (fields: Fields, at: number, who: (value: unknown) => string | null, digest: (value: unknown) => string | null): readonly Oversight[] => {
  const resolved = fieldsOf(fields['resolved']);
  const votes = Array.isArray(resolved['votes']) ? resolved['votes'].map(fieldsOf) : [];
  const cast = votes.slice(0, mostPeople - 1).map((vote): Oversight => ({ event: 'voted', who: who(vote['person']), at, said: idOf(vote['vote'], 16), saw: digest(resolved['digest']) }));
  const ended = votes.length === 0 && resolved['resolution'] !== undefined ? [{ event: 'resolved', who: null, at, said: idOf(resolved['resolution'], 16), saw: digest(resolved['digest']) }] : [];
  const approval = fieldsOf(fieldsOf(fields['decision'])['approval']);
  const asked = digest(approval['digest']);
  return [...cast, ...ended, ...(asked === null ? [] : [{ event: 'asked', who: null, at, said: null, saw: asked }])];
};

/** Everybody a record names by their id: whoever has to be forgotten, or to be found. */
export const peopleIn = (body: unknown): readonly string[] => {
  const found = new Set<string>();
  oversightOf(fieldsOf(body), 0, { pseudonym: (person) => { found.add(person); return ''; }, shownTo: () => null });
  const fields = fieldsOf(body);
  for (const name of requestersIn(fields)) found.add(name);
  return [...found].filter((name) => /^[\w.:@/-]{1,200}$/.test(name));
};

const requestersIn = (fields: Fields): readonly string[] => {
  const lists = [fieldsOf(fieldsOf(fields['decision'])['approval'])['requesters'], fieldsOf(fields['review'])['requesters'], fieldsOf(fieldsOf(fields['data'])['question'])['requesters'], [fields['owner']]];
  return lists.flatMap((list) => (Array.isArray(list) ? list : [])).filter((name) => typeof name === 'string' && name !== '');
};
