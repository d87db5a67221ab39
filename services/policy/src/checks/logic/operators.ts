import { and, equal, int, ite, no, not, or, yes } from './terms.ts';
import type { Script, Term } from './terms.ts';
import { boolean, choose, failure, maxSafe, united, unknown, under } from './possible.ts';
import type { Case, List, Possible } from './possible.ts';

/** What an operator needs to know of where it stands. `key` names this very computation; `note` takes what is not modelled. */
export interface Place { readonly script: Script; readonly key: string; readonly blame: boolean; readonly note: (why: string) => void }
type Binary = (a: Case, b: Case, place: Place) => Possible;

const overload = (place: Place): Possible => failure(place.blame);
const numeric = (one: Case): Term | null => (one.kind === 'int' ? `(to_real ${one.term})` : one.kind === 'double' ? one.term : null);
const guess = (place: Place, why: string): Possible => {
  place.note(why);
  return boolean(place.script.constant(`${place.key}#guess`, 'Bool'));
};

/** CEL equality, which never fails: between different kinds it is false. */
export const same = (a: Possible, b: Possible, place: Place): Term => or(...a.flatMap((one, i) => b.map((other, j) => and(one.when, other.when, sameCase(one, other, { ...place, key: `${place.key}=${i}.${j}` })))));

const sameCase = (a: Case, b: Case, place: Place): Term => {
  if (a.kind === 'null' && b.kind === 'null') return yes;
  if ((a.kind === 'bool' && b.kind === 'bool') || (a.kind === 'string' && b.kind === 'string') || (a.kind === 'int' && b.kind === 'int') || (a.kind === 'double' && b.kind === 'double')) return equal(a.term, b.term);
  if (numeric(a) !== null && numeric(b) !== null) return equal(numeric(a)!, numeric(b)!);
  if (a.kind === 'list' && b.kind === 'list') return sameLists(a.list, b.list, place);
  if (a.kind === 'map' && b.kind === 'map') return (guess(place, 'equality of maps')[0] as { term: Term }).term;
  return no;
};

const sameLists = (a: List, b: List, place: Place): Term => {
  const items = Math.max(a.items.length, b.items.length);
  const parts = [equal(a.length, b.length)];
  for (let i = 0; i < items; i++) {
    const [x, y] = [a.items[i], b.items[i]];
    if (x !== undefined && y !== undefined) parts.push(or(`(>= ${int(i)} ${a.length})`, same(x, y, { ...place, key: `${place.key}[${i}]` })));
  }
  const beyond = a.open !== null && b.open !== null ? (guess(place, 'equality of long lists')[0] as { term: Term }).term : yes;
  return and(...parts, or(`(<= ${a.length} ${items})`, beyond));
};

const order = (relation: '<' | '<=' | '>' | '>='): Binary => (a, b, place) => {
  if (a.kind === 'int' && b.kind === 'int') return boolean(`(${relation} ${a.term} ${b.term})`);
  const [x, y] = [numeric(a), numeric(b)];
  if (x !== null && y !== null) return boolean(`(${relation} ${x} ${y})`);
  if (a.kind === 'string' && b.kind === 'string') return boolean(relation === '<' ? `(str.< ${a.term} ${b.term})` : relation === '<=' ? `(str.<= ${a.term} ${b.term})` : relation === '>' ? `(str.< ${b.term} ${a.term})` : `(str.<= ${b.term} ${a.term})`);
  if (a.kind === 'bool' && b.kind === 'bool') return boolean(relation === '<' ? and(not(a.term), b.term) : relation === '<=' ? or(not(a.term), b.term) : relation === '>' ? and(a.term, not(b.term)) : or(a.term, not(b.term)));
  return overload(place);
};

/** Integers only; a result that is no safe integer is an error. */
const arithmetic = (work: (a: Term, b: Term) => Term, impossible: (b: Term) => Term = () => no): Binary => (a, b, place) => {
  if (a.kind !== 'int' || b.kind !== 'int') return overload(place);
  const result = place.script.named('Int', work(a.term, b.term));
  const bad = place.script.named('Bool', or(impossible(b.term), `(> ${result} ${maxSafe})`, `(< ${result} ${int(-maxSafe)})`));
  return choose(place.script, bad, overload(place), [{ when: yes, kind: 'int', term: result }]);
};

/** Truncates towards zero; SMT-LIB's own rounds down. */
const quotient = (a: Term, b: Term): Term => `(ite (>= ${a} 0) (div ${a} ${b}) (- (div (- ${a}) ${b})))`;
const add = arithmetic((a, b) => `(+ ${a} ${b})`);

const plus: Binary = (a, b, place) => {
  if (a.kind === 'string' && b.kind === 'string') return [{ when: yes, kind: 'string', term: `(str.++ ${a.term} ${b.term})` }];
  if (a.kind === 'list' && b.kind === 'list') return joined(a.list, b.list, place);
  return add(a, b, place);
};

const fixedLength = ({ length, open }: List): number | null => (open === null && /^\d+$/.test(length) ? Number(length) : null);

const joined = (a: List, b: List, place: Place): Possible => {
  if (fixedLength(a) !== null && b.open === null) return [{ when: yes, kind: 'list', list: { length: `(+ ${a.length} ${b.length})`, items: [...a.items, ...b.items], open: null } }];
  if (fixedLength(b) === 0) return [{ when: yes, kind: 'list', list: a }];
  place.note('lists of unknown length put together');
  const length = `(+ ${a.length} ${b.length})`;
  return [{ when: yes, kind: 'list', list: { length, items: Array.from({ length: 3 }, (_, i) => unknown(place.script, `${place.key}[${i}]`, false, 0)), open: `${place.key}#joined` } }];
};

const texts = (work: (a: Term, b: Term) => Term): Binary => (a, b, place) => (a.kind === 'string' && b.kind === 'string' ? boolean(work(a.term, b.term)) : overload(place));

const contains: Binary = (a, b, place) => {
  if (b.kind === 'map') {
    if (a.kind !== 'string') return b.open === null ? boolean(no) : guess(place, 'keys of a map');
    const declared = or(...[...b.fields].map(([name, field]) => and(field.there, equal(a.term, `"${name}"`))));
    return b.open === null ? boolean(declared) : boolean(or(declared, (guess(place, 'keys of a map')[0] as { term: Term }).term));
  }
  if (b.kind !== 'list') return overload(place);
  const found = b.list.items.map((item, i) => and(`(< ${int(i)} ${b.list.length})`, same([{ ...a, when: yes }], item, { ...place, key: `${place.key}[${i}]` })));
  if (b.list.open === null) return boolean(or(...found));
  // Beyond the elements that are looked at, whether it is among them is anybody's guess.
  place.note('elements far down a list');
  return boolean(or(...found, and(`(> ${b.list.length} ${b.list.items.length})`, place.script.constant(`${place.key}#beyond`, 'Bool'))));
};

const element: Binary = (a, b, place) => {
  if (a.kind === 'map') return b.kind === 'string' ? unknownAt(place, 'a map read by a computed key') : overload(place);
  if (a.kind !== 'list' || b.kind !== 'int') return overload(place);
  const { list } = a;
  const cases: Case[] = list.items.flatMap((item, i) => under(and(equal(b.term, int(i)), `(< ${int(i)} ${list.length})`), item));
  const inside = and(`(<= 0 ${b.term})`, `(< ${b.term} ${list.length})`);
  if (list.open !== null) cases.push(...under(and(inside, `(>= ${b.term} ${list.items.length})`), unknownAt(place, 'an element far down a list')));
  return united(place.script, [...cases, ...under(not(inside), overload(place))]);
};

const unknownAt = (place: Place, why: string): Possible => {
  place.note(why);
  return unknown(place.script, place.key, true);
};

const binaries: Readonly<Record<string, Binary>> = {
  '_==_': (a, b, place) => boolean(same([{ ...a, when: yes }], [{ ...b, when: yes }], place)),
  '_!=_': (a, b, place) => boolean(not(same([{ ...a, when: yes }], [{ ...b, when: yes }], place))),
  '_<_': order('<'), '_<=_': order('<='), '_>_': order('>'), '_>=_': order('>='),
  '_+_': plus, '_-_': arithmetic((a, b) => `(- ${a} ${b})`), '_*_': arithmetic((a, b) => `(* ${a} ${b})`),
  '_/_': arithmetic(quotient, (b) => `(= ${b} 0)`), '_%_': arithmetic((a, b) => `(- ${a} (* ${b} ${quotient(a, b)}))`, (b) => `(= ${b} 0)`),
  '@in': contains, '_[_]': element,
  startsWith: texts((a, b) => `(str.prefixof ${b} ${a})`), endsWith: texts((a, b) => `(str.suffixof ${b} ${a})`), contains: texts((a, b) => `(str.contains ${a} ${b})`),
};

/** An operator over everything both sides may be; undefined where the operator is not modelled. */
export const binary = (name: string, a: Possible, b: Possible, place: Place): Possible | undefined => {
  const work = Object.hasOwn(binaries, name) ? binaries[name]! : undefined;
  if (work === undefined) return undefined;
  return united(place.script, a.flatMap((one, i): readonly Case[] => (one.kind === 'fail' ? [one] : b.flatMap((other, j): readonly Case[] =>
    under(and(one.when, other.when), other.kind === 'fail' ? [{ ...other, when: yes }] : work(one, other, { ...place, key: `${place.key}@${i}.${j}` }))))));
};

const unaries: Readonly<Record<string, (a: Case, place: Place) => Possible>> = {
  '!_': (a, place) => (a.kind === 'bool' ? boolean(not(a.term)) : overload(place)),
  '-_': (a, place) => (a.kind === 'int' ? [{ when: yes, kind: 'int', term: `(- ${a.term})` }] : overload(place)),
  size: (a, place) => (a.kind === 'string' ? [{ when: yes, kind: 'int', term: `(str.len ${a.term})` }] : a.kind === 'list' ? [{ when: yes, kind: 'int', term: a.list.length }]
    : a.kind === 'map' ? (a.open === null ? [{ when: yes, kind: 'int', term: `(+ 0 0 ${[...a.fields.values()].map((field) => ite(field.there, '1', '0')).join(' ')})` }] : unknownAt(place, 'size of a map')) : overload(place)),
  dyn: (a) => [{ ...a, when: yes }],
};

export const unary = (name: string, a: Possible, place: Place): Possible | undefined => {
  const work = Object.hasOwn(unaries, name) ? unaries[name]! : undefined;
  if (work === undefined) return undefined;
  return united(place.script, a.flatMap((one, i): readonly Case[] => (one.kind === 'fail' ? [one] : under(one.when, work(one, { ...place, key: `${place.key}@${i}` })))));
};

