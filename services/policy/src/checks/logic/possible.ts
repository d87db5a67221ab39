import { and, int, ite, no, not, or, real, text, yes } from './terms.ts';
import type { Script, Term } from './terms.ts';

/**
 * A value that is not known yet: the cases it may be, of which exactly one holds. `fail` is CEL's error as a value; `byArguments` as in core/cel.
 * Whatever cannot be modelled is an `unknown`, which may be anything: what holds for it holds in truth, what is found with it has to be tried.
 */
export type Case =
  | { readonly when: Term; readonly kind: 'null' }
  | { readonly when: Term; readonly kind: 'bool' | 'int' | 'double' | 'string'; readonly term: Term }
  | { readonly when: Term; readonly kind: 'list'; readonly list: List }
  | { readonly when: Term; readonly kind: 'map'; readonly fields: ReadonlyMap<string, Field>; /** Whether it may have other fields. */ readonly open: string | null }
  | { readonly when: Term; readonly kind: 'fail'; readonly byArguments: boolean; /** Somebody owes the fact: the action waits for it. */ readonly owed?: true }
  /** A fact that nobody made; a rule that reads it fails. */
  | { readonly when: Term; readonly kind: 'absent' };
export type Kind = Case['kind'];
/** `items` are the first ones, each there when its index is below `length`; where `open` names it, `length` may be more than they are. */
export interface List { readonly length: Term; readonly items: readonly Possible[]; readonly open: string | null }
export interface Field { readonly there: Term; readonly value: Possible }
export type Possible = readonly Case[];

export const boolean = (term: Term): Possible => [{ when: yes, kind: 'bool', term }];
export const absent: Possible = [{ when: yes, kind: 'absent' }];
export const failure = (byArguments: boolean): Possible => [{ when: yes, kind: 'fail', byArguments }];
export const listOf = (items: readonly Possible[]): Possible => [{ when: yes, kind: 'list', list: { length: int(items.length), items, open: null } }];

/** A JSON value as it stands. */
export const known = (value: unknown): Possible => {
  if (value === null || value === undefined) return [{ when: yes, kind: 'null' }];
  if (typeof value === 'boolean') return boolean(value ? yes : no);
  if (typeof value === 'number') return [Number.isSafeInteger(value) ? { when: yes, kind: 'int', term: int(value) } : { when: yes, kind: 'double', term: real(value) }];
  if (typeof value === 'string') return [{ when: yes, kind: 'string', term: text(value) }];
  if (Array.isArray(value)) return listOf(value.map(known));
  return [{ when: yes, kind: 'map', fields: new Map(Object.entries(value).map(([key, item]) => [key, { there: yes, value: known(item) }])), open: null }];
};

const sorts = { bool: 'Bool', int: 'Int', double: 'Real', string: 'String' } as const;
export const sortOf = (kind: keyof typeof sorts): 'Bool' | 'Int' | 'Real' | 'String' => sorts[kind];

/** One value out of cases that exclude each other, equal kinds put together. */
export const united = (script: Script, cases: readonly Case[]): Possible => {
  const kept: Case[] = [];
  for (const one of cases) {
    if (one.when === no) continue;
    const at = kept.findIndex((other) => other.kind === one.kind && one.kind !== 'list' && one.kind !== 'map' && (one.kind !== 'fail' || ((other as typeof one).byArguments === one.byArguments && (other as typeof one).owed === one.owed)));
    if (at < 0) { kept.push({ ...one, when: script.named('Bool', one.when) }); continue; }
    const other = kept[at]!;
    const when = script.named('Bool', or(other.when, one.when));
    kept[at] = 'term' in one && 'term' in other ? { ...one, when, term: script.named(sorts[one.kind], ite(one.when, one.term, other.term)) } : { ...other, when };
  }
  return kept;
};

export const under = (when: Term, value: Possible): Case[] => value.map((one) => ({ ...one, when: and(when, one.when) }));

export const choose = (script: Script, test: Term, a: Possible, b: Possible): Possible =>
  (test === yes ? a : test === no ? b : united(script, [...under(test, a), ...under(not(test), b)]));

/** When it is of this kind. */
export const when = (value: Possible, kind: Kind): Term => or(...value.filter((one) => one.kind === kind).map((one) => one.when));
/** When it is the given truth value. */
export const is = (value: Possible, truth: boolean): Term => or(...value.filter((one) => one.kind === 'bool').map((one) => and(one.when, truth ? (one as { term: Term }).term : not((one as { term: Term }).term))));
export const fails = (value: Possible, byArguments: boolean): Term => or(...value.filter((one) => one.kind === 'fail' && one.byArguments === byArguments).map((one) => one.when));

export const owedIn = (value: Possible): Term => or(...value.filter((one) => one.kind === 'fail' && one.owed === true).map((one) => one.when));

export const maxSafe = Number.MAX_SAFE_INTEGER;

/** Most elements of a list that are looked at one by one. */
export const listed = 3;

/** A list of any length whose elements `item` makes. */
export const anyList = (script: Script, key: string, item: (key: string) => Possible, { least = 0, most = Infinity }: { readonly least?: number; readonly most?: number } = {}): Possible => {
  const length = script.constant(`${key}#length`, 'Int');
  script.assume(`(>= ${length} ${least})`);
  if (most < Infinity) script.assume(`(<= ${length} ${most})`);
  if (most > listed) script.prefer(`(<= ${length} ${listed})`);
  const items = Array.from({ length: Math.min(listed, most) }, (_, i) => item(`${key}[${i}]`));
  return [{ when: yes, kind: 'list', list: { length, items, open: most <= listed ? null : key } }];
};

export const anyOf = (script: Script, key: string, kind: 'bool' | 'int' | 'double' | 'string'): Possible => {
  const term = script.constant(key, sorts[kind]);
  if (kind === 'int') script.assume(`(<= ${int(-maxSafe)} ${term} ${maxSafe})`);
  return [{ when: yes, kind, term }];
};

/** One of several, which one is not known. */
export const oneOf = (script: Script, key: string, choices: readonly Possible[]): Possible => {
  if (choices.length === 1) return choices[0]!;
  const tag = script.constant(`${key}#which`, 'Int');
  script.assume(`(<= 0 ${tag} ${choices.length - 1})`);
  return united(script, choices.flatMap((choice, i) => under(`(= ${tag} ${i})`, choice)));
};

/** Anything at all, errors included where `failing`. The same key is the same value. */
export const unknown = (script: Script, key: string, failing: boolean, depth = 1): Possible => oneOf(script, key, [
  known(null), anyOf(script, `${key}#bool`, 'bool'), anyOf(script, `${key}#int`, 'int'), anyOf(script, `${key}#double`, 'double'), anyOf(script, `${key}#string`, 'string'),
  depth > 0 ? anyList(script, `${key}#list`, (item) => unknown(script, item, false, depth - 1)) : listOf([]),
  [{ when: yes, kind: 'map', fields: new Map(), open: `${key}#map` }],
  ...(failing ? [failure(true), failure(false)] : []),
]);
