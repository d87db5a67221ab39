import type { Names } from '../../core/cel/compile.ts';
import type { CelTree } from '../../core/cel/parse.ts';
import { binary, unary } from './operators.ts';
import type { Place } from './operators.ts';
import { boolean, choose, failure, fails, is, known, listOf, listed, owedIn, under, united, unknown, when } from './possible.ts';
import type { Case, Possible } from './possible.ts';
import { and, int, no, not, or, yes } from './terms.ts';
import type { Script, Term } from './terms.ts';

interface Local { readonly value: Possible; readonly key: string; readonly blame: boolean }
/** What names mean to an expression. `note` takes what could not be modelled. */
export interface Scope {
  readonly script: Script; readonly names: Names;
  /** A fact's or parameter's value, and a text that names it wherever the same value is meant. */
  value(name: string): { readonly value: Possible; readonly key: string };
  note(why: string): void;
}
interface Frame extends Scope { readonly locals: ReadonlyMap<string, Local> }
interface Encoded { readonly value: Possible; /** Names this computation: the same key is the same value. */ readonly key: string; readonly blame: boolean }

/** What a syntax tree comes to, for all facts at once; the same semantics as core/cel/compile.ts. */
export const encode = (tree: CelTree, scope: Scope): Possible => node(tree, { ...scope, locals: new Map() }).value;

const node = (tree: CelTree, frame: Frame): Encoded => {
  const kind = tree.exprKind;
  switch (kind.case) {
    case 'constExpr': return constant(kind.value.constantKind as { case: string | undefined; value: unknown }, frame);
    case 'identExpr': return name(kind.value.name, frame);
    case 'selectExpr': {
      const full = path(tree, frame);
      if (full !== undefined && !kind.value.testOnly && frame.names.has(full)) return name(full, frame);
      return select(node(kind.value.operand!, frame), kind.value.field, kind.value.testOnly, frame);
    }
    case 'callExpr': return call(kind.value.function, [...(kind.value.target === undefined ? [] : [kind.value.target]), ...kind.value.args].map((operand) => node(operand, frame)), frame);
    case 'listExpr': return list(kind.value.elements.map((item) => node(item, frame)), frame);
    case 'comprehensionExpr': return comprehension(kind.value as unknown as Comprehension, frame);
    default: return guessed(`${kind.case ?? 'empty'}`, [], true, frame);
  }
};

/** A computation of which nothing is modelled but that the same inputs give the same result. */
const guessed = (what: string, parts: readonly Encoded[], blame: boolean, { script, note }: Frame): Encoded => {
  note(what);
  const key = `${what}(${parts.map((part) => part.key).join(',')})`;
  return { key, blame, value: unknown(script, key, true) };
};

const path = (tree: CelTree, frame: Frame): string | undefined => {
  const kind = tree.exprKind;
  if (kind.case === 'identExpr') return frame.locals.has(kind.value.name) ? undefined : kind.value.name;
  if (kind.case !== 'selectExpr' || kind.value.testOnly) return undefined;
  const before = path(kind.value.operand!, frame);
  return before === undefined ? undefined : `${before}.${kind.value.field}`;
};

const constant = ({ case: kind, value }: { case: string | undefined; value: unknown }, frame: Frame): Encoded => {
  const plain = kind === 'nullValue' ? null : kind === 'int64Value' && Number.isSafeInteger(Number(value)) ? Number(value) : kind === 'boolValue' || kind === 'stringValue' || kind === 'doubleValue' ? value : undefined;
  const key = JSON.stringify(typeof value === 'bigint' ? String(value) : value) ?? 'null';
  return plain === undefined ? guessed(`a ${kind} literal ${key}`, [], false, frame) : { value: known(plain), key, blame: false };
};

const name = (id: string, frame: Frame): Encoded => {
  const local = frame.locals.get(id);
  return local ?? { ...frame.value(id), blame: frame.names.byArguments(id) };
};

const select = (from: Encoded, field: string, test: boolean, frame: Frame): Encoded => {
  const key = `${from.key}.${field}${test ? '?' : ''}`;
  const value = united(frame.script, from.value.flatMap((one) => {
    if (one.kind === 'fail') return [one];
    if (one.kind !== 'map') return under(one.when, failure(from.blame));
    const declared = one.fields.get(field);
    const missing = failure(from.blame);
    if (declared !== undefined) return under(one.when, test ? boolean(declared.there) : choose(frame.script, declared.there, declared.value, missing));
    if (one.open === null) return under(one.when, test ? boolean(no) : missing);
    const there = frame.script.constant(`${one.open}.${field}#there`, 'Bool');
    return under(one.when, test ? boolean(there) : choose(frame.script, there, unknown(frame.script, `${one.open}.${field}`, false), missing));
  }));
  return { value, key, blame: from.blame };
};

const list = (items: readonly Encoded[], { script }: Frame): Encoded => {
  const failed: Case[] = [];
  let sound: Term = yes;
  for (const { value } of items) {
    failed.push(...under(sound, value.filter(({ kind }) => kind === 'fail')));
    sound = and(sound, not(fails(value, true)), not(fails(value, false)));
  }
  const value = united(script, [...failed, ...under(sound, listOf(items.map((item) => item.value.filter(({ kind }) => kind !== 'fail'))))]);
  return { value, key: `[${items.map(({ key }) => key).join(',')}]`, blame: items.some(({ blame }) => blame) };
};

const call = (id: string, parts: readonly Encoded[], frame: Frame): Encoded => {
  const blame = parts.some((part) => part.blame);
  const key = `${id}(${parts.map((part) => part.key).join(',')})`;
  const place: Place = { script: frame.script, key, blame, note: frame.note };
  const [a, b, c] = parts;
  if ((id === '_&&_' || id === '_||_') && parts.length === 2) return { key, blame, value: logic(a!.value, b!.value, id === '_||_', blame, frame.script) };
  if (id === '@not_strictly_false' && parts.length === 1) return { key, blame, value: boolean(not(is(a!.value, false))) };
  if (id === '_?_:_' && parts.length === 3) {
    const other = and(...[is(a!.value, true), is(a!.value, false), fails(a!.value, true), fails(a!.value, false)].map(not));
    return { key, blame, value: united(frame.script, [
      ...a!.value.filter(({ kind }) => kind === 'fail'), ...under(other, failure(a!.blame)),
      ...under(is(a!.value, true), b!.value), ...under(is(a!.value, false), c!.value),
    ]) };
  }
  const value = parts.length === 1 ? unary(id, a!.value, place) : parts.length === 2 ? binary(id, a!.value, b!.value, place) : undefined;
  return value === undefined ? guessed(`function ${id}`, parts, blame, frame) : { key, blame, value };
};

/** && and ||: an error on one side is absorbed when the other side decides. */
const logic = (a: Possible, b: Possible, decisive: boolean, blame: boolean, script: Script): Possible => {
  const decided = script.named('Bool', or(is(a, decisive), is(b, decisive)));
  const byArguments = or(fails(a, true), fails(b, true)), byUs = or(fails(a, false), fails(b, false));
  const plain = and(when(a, 'bool'), when(b, 'bool'));
  // Of two errors of ours the first one counts; which it is matters where a fact is owed.
  const owed = and(not(decided), not(byArguments), or(owedIn(a), and(not(fails(a, false)), owedIn(b))));
  return united(script, [
    { when: or(decided, and(not(byArguments), not(byUs), plain)), kind: 'bool', term: decisive ? decided : not(decided) },
    { when: and(not(decided), or(byArguments, and(not(byUs), not(plain), blame ? yes : no))), kind: 'fail', byArguments: true },
    { when: and(not(decided), not(byArguments), not(owed), or(byUs, and(not(plain), blame ? no : yes))), kind: 'fail', byArguments: false },
    { when: owed, kind: 'fail', byArguments: false, owed: true },
  ]);
};

interface Comprehension {
  readonly iterVar: string; readonly iterVar2: string; readonly accuVar: string;
  readonly iterRange: CelTree; readonly accuInit: CelTree; readonly loopCondition: CelTree; readonly loopStep: CelTree; readonly result: CelTree;
}

/** Unrolls a macro over the elements that are looked at; what a longer list leads to is unknown. */
const comprehension = (loop: Comprehension, frame: Frame): Encoded => {
  const range = node(loop.iterRange, frame);
  const start = node(loop.accuInit, frame);
  const whole = `macro ${shape(loop)} over ${range.key} with ${read(loop, frame).join()}`;
  if (loop.iterVar2 !== '') return guessed('a macro with two variables', [{ ...range, key: whole }], range.blame, frame);
  let blame = range.blame;
  const cases = range.value.flatMap((one, at) => {
    if (one.kind === 'fail') return [one];
    if (one.kind !== 'list') return under(one.when, one.kind === 'map' ? guessed('a macro over a map', [{ ...range, key: whole }], true, frame).value : failure(range.blame));
    const bind = (accu: Possible, step: number, item?: Possible): Frame => ({
      ...frame, locals: new Map([...frame.locals, [loop.accuVar, { value: accu, key: `${whole}#${at}.${step}`, blame: range.blame || start.blame }], ...(item === undefined ? [] : [[loop.iterVar, { value: item, key: `${range.key}[${step}]`, blame: range.blame }] as const])]),
    });
    let accu = start.value;
    let going: Term = yes;
    one.list.items.forEach((item, i) => {
      const inside = bind(accu, i, item);
      going = frame.script.named('Bool', and(going, `(< ${int(i)} ${one.list.length})`, not(is(node(loop.loopCondition, inside).value, false))));
      const step = node(loop.loopStep, inside);
      blame ||= step.blame;
      accu = choose(frame.script, going, step.value, accu);
    });
    const end = node(loop.result, bind(accu, one.list.items.length)).value;
    if (one.list.open === null) return under(one.when, end);
    const beyond = frame.script.named('Bool', and(going, `(> ${one.list.length} ${one.list.items.length})`));
    return under(one.when, choose(frame.script, beyond, guessed(`a macro over more than ${listed} elements`, [{ ...range, key: whole }], true, frame).value, end));
  });
  return { value: united(frame.script, cases), key: whole, blame };
};

/** What a macro reads beside its range: parameters of two versions may differ under one name. */
const read = (tree: unknown, frame: Frame): string[] => {
  if (typeof tree !== 'object' || tree === null) return [];
  if ('exprKind' in tree) {
    const full = path(tree as CelTree, frame);
    if (full !== undefined && frame.names.has(full)) return [frame.value(full).key];
    const { case: kind, value } = (tree as CelTree).exprKind;
    if (kind === 'identExpr') return [frame.locals.get(value.name)?.key ?? ''];
  }
  return Object.values(tree).flatMap((part) => read(part, frame));
};

/** A tree without the ids of its nodes: equal for equal texts. */
const shape = (tree: unknown): string => JSON.stringify(tree, (key, value: unknown) => (key === 'id' || key === '$typeName' || key === '$unknown' ? undefined : typeof value === 'bigint' ? String(value) : value));

