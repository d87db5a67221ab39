import { CodedError } from '@countersign/service-host';
import { parsePlace } from '../core/place.ts';
import type { Place } from '../core/place.ts';
import type { EventFilter } from '../views/events.ts';
import type { RunFilter } from '../views/runs.ts';

export type Query = Readonly<Record<string, string | string[] | undefined>>;

const bad = (name: string, wanted: string): CodedError => new CodedError('invalid_schema', `${name} ${wanted}`, { status: 400 });

const word = (query: Query, name: string): string | undefined => {
  const value = query[name];
  if (value === undefined) return undefined;
  if (typeof value !== 'string' || !/^[\w.:-]{1,128}$/.test(value)) throw bad(name, 'is one word of letters, digits and . : - _');
  return value;
};
const number = (query: Query, name: string, least: number, most: number): number | undefined => {
  const value = query[name];
  if (value === undefined) return undefined;
  const read = typeof value === 'string' && /^\d{1,6}$/.test(value) ? Number(value) : NaN;
  if (!(read >= least && read <= most)) throw bad(name, `is a number from ${least} to ${most}`);
  return read;
};
const flag = (query: Query, name: string): boolean => {
  const value = query[name];
  if (value !== undefined && value !== 'true' && value !== 'false') throw bad(name, 'is true or false');
  return value === 'true';
};

/** Who watches agents sees what waits for people as well; anybody else may be one of those people. */
const watching: readonly string[] = ['supervisor', 'operator', 'auditor'];
const readsFor = (roles: readonly string[]): { readonly withoutAsked: boolean } => ({ withoutAsked: !watching.some((role) => roles.includes(role)) });

/** What a reader asks for; what is not understood is refused, for a filter left out would show more than was asked. */
export const runFilter = (query: Query, roles: readonly string[]): RunFilter & { readonly tree: boolean } =>
  ({ ...readsFor(roles), agent: word(query, 'agent'), status: word(query, 'status'), tool: word(query, 'tool'), tier: number(query, 'tier', 1, 4), action: word(query, 'action'), tree: flag(query, 'tree') });

export const eventFilter = (query: Query, roles: readonly string[]): EventFilter =>
  ({ ...readsFor(roles), run: word(query, 'run'), tree: flag(query, 'tree'), agent: word(query, 'agent'), tool: word(query, 'tool'), kind: word(query, 'kind'), tier: number(query, 'tier', 1, 4) });

export const pageSize = (query: Query): number => number(query, 'limit', 1, 500) ?? 200;

/** undefined where nothing is said. */
export const placeOf = (text: unknown, name: string): Place | undefined => {
  if (text === undefined || text === '') return undefined;
  const place = typeof text === 'string' ? parsePlace(text) : undefined;
  if (place === undefined) throw bad(name, 'is not a place that was given out here: give back the id of the last event');
  return place;
};
