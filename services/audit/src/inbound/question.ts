import { CodedError } from '@countersign/service-host';
import type { Question } from '../views/questions.ts';

type Query = Readonly<Record<string, unknown>>;

const ids = ['run', 'agent', 'action', 'tool', 'person', 'rule', 'decision', 'outcome', 'trace', 'type'] as const;
const others = ['tier', 'from', 'to', 'text', 'after', 'limit'] as const;

const refuse = (detail: string): never => { throw new CodedError('invalid_request', detail); };
const textOf = (query: Query, name: string): string | undefined => {
  const value = query[name];
  if (value !== undefined && typeof value !== 'string') return refuse(`${name} is given twice`);
  return value === '' ? undefined : value as string | undefined;
};
const whole = (query: Query, name: string, most: number): number | undefined => {
  const text = textOf(query, name);
  if (text === undefined) return undefined;
  return /^\d{1,15}$/.test(text) && Number(text) <= most ? Number(text) : refuse(`${name} is a whole number up to ${most}`);
};

/** Conditions out of a query string. A misspelt one is refused: leaving it out would answer another question. */
export const questionOf = (query: Query): Question => {
  const known: readonly string[] = [...ids, ...others];
  const strange = Object.keys(query).find((name) => !known.includes(name));
  if (strange !== undefined) refuse(`there is no condition "${strange.slice(0, 40)}"; there are ${known.join(', ')}`);
  const wanted = Object.fromEntries(ids.map((name) => {
    const text = textOf(query, name);
    if (text !== undefined && !/^[\w.:@/~+*-]{1,200}$/.test(text)) refuse(`${name}: an id of 1 to 200 letters, digits and . : @ / ~ + * _ -`);
    return [name, text];
  }));
  const text = textOf(query, 'text');
  if (text !== undefined && (text.length > 500 || text.includes('\u0000') || !text.isWellFormed())) refuse('text: at most 500 characters');
  return { ...wanted, text, tier: whole(query, 'tier', 4), from: whole(query, 'from', Number.MAX_SAFE_INTEGER), to: whole(query, 'to', Number.MAX_SAFE_INTEGER) };
};

export const pageOf = (query: Query): { readonly after: number; readonly limit: number } => ({ after: whole(query, 'after', Number.MAX_SAFE_INTEGER) ?? -1, limit: Math.max(1, whole(query, 'limit', 1000) ?? 100) });
