import { fused } from './compare.ts';
import { logic } from './logic.ts';
import { loop } from './loop.ts';
import type { Names, Slots } from './names.ts';
import { constantNode, paid } from './node.ts';
import type { Node, Run } from './node.ts';
import { append, binary, failing, unary } from './operators.ts';
import { CelProblem } from './parse.ts';
import type { CelTree } from './parse.ts';
import { pattern } from './pattern.ts';
import { spend } from './scope.ts';
import { accumulator, nameOf, prices } from './tree.ts';
import { Failure, isMap } from './value.ts';
import type { Value } from './value.ts';

export type { Names };

/** The expression is legal CEL but not of the compiled subset: the interpreter takes it. */
export class Unsupported extends Error {
  readonly function: string | undefined;
  constructor(what: string, name?: string) {
    super(what);
    this.function = name;
  }
}

interface Frame { readonly names: Names; readonly slots: Slots; readonly locals: ReadonlyMap<string, number>; readonly depth: number }

const deepest = 8;

/** Compiles a syntax tree to closures. Throws Unsupported where it leaves the subset, a CelProblem where it can never run. */
export const compileTree = (tree: CelTree, names: Names, slots: Slots): Run => compileNode(tree, { names, slots, locals: new Map(), depth: 0 }).run;

const compileNode = (tree: CelTree, frame: Frame): Node => {
  const kind = tree.exprKind;
  switch (kind.case) {
    case 'constExpr': return literal(kind.value.constantKind as { case: string | undefined; value: unknown });
    case 'identExpr': return local(kind.value.name, frame) ?? named(tree, frame);
    case 'selectExpr': {
      if (!kind.value.testOnly && nameOf(tree, frame.names, frame.locals) !== undefined) return named(tree, frame);
      return select(compileNode(kind.value.operand!, frame).run, kind.value.field, kind.value.testOnly);
    }
    case 'callExpr': return { ...call(kind.value.function, [...(kind.value.target === undefined ? [] : [kind.value.target]), ...kind.value.args], frame) };
    case 'listExpr': {
      if (kind.value.optionalIndices.length > 0) throw new Unsupported('optional elements');
      return list(kind.value.elements.map((item) => compileNode(item, frame)));
    }
    case 'comprehensionExpr': return comprehension(kind.value as unknown as Comprehension, frame);
    default: throw new Unsupported(kind.case ?? 'empty expression');
  }
};

const literal = ({ case: kind, value }: { case: string | undefined; value: unknown }): Node => {
  if (kind === 'nullValue') return constantNode(null);
  if (kind === 'boolValue' || kind === 'stringValue') return constantNode(value as Value);
  // An integral double is an int to everything but arithmetic, where it must not be taken for one.
  if (kind === 'doubleValue' && Number.isFinite(value) && !Number.isInteger(value)) return constantNode(value as number);
  if (kind === 'int64Value' && Number.isSafeInteger(Number(value))) return constantNode(Number(value));
  throw new Unsupported(`${kind} ${String(value).slice(0, 40)}`);
};

const local = (id: string, { locals }: Frame): Node | undefined => {
  const at = locals.get(id);
  return at === undefined ? undefined : { run: (scope) => scope.locals[at]! };
};

const named = (tree: CelTree, { names, slots, locals }: Frame): Node => {
  const name = nameOf(tree, names, locals);
  if (name === undefined) throw new CelProblem(`unknown name ${tree.exprKind.case === 'identExpr' ? tree.exprKind.value.name : ''}`);
  const fixed = names.constant?.(name);
  if (fixed !== undefined) return constantNode(fixed);
  const slot = slots.of(name);
  return { slot, run: (scope) => scope.slots[slot]! };
};

const select = (from: Run, field: string, test: boolean): Node => {
  const noMap = failing(`no field ${field} in a value that is no map`);
  const missing = failing(`no such key: ${field}`);
  return { run: (scope) => {
    const value = from(scope);
    if (value instanceof Failure) return value;
    if (!isMap(value)) return noMap;
    const there = Object.hasOwn(value, field);
    return test ? there : there ? value[field]! : missing;
  } };
};

const list = (items: readonly Node[]): Node => {
  const fixed = items.length > 0 && items.every((item) => item.constant !== undefined) ? Object.freeze(items.map((item) => item.constant!.value)) : undefined;
  if (fixed !== undefined) return constantNode(fixed);
  return { run: (scope) => {
    const values: Value[] = [];
    for (const item of items) {
      const value = item.run(scope);
      if (value instanceof Failure) return value;
      values.push(value);
    }
    return values;
  } };
};

const call = (id: string, operands: readonly CelTree[], frame: Frame): Node => {
  if ((id === '_&&_' || id === '_||_') && operands.length >= 2) return { run: logic(operands.flatMap((one) => chain(id, one)).map((one) => compileNode(one, frame)), id === '_||_') };
  const price = prices(id, operands, frame.names, frame.locals);
  const parts = operands.map((operand, i) => paid(compileNode(operand, frame), price[i]!));
  const [a, b, c] = parts;
  if (id === '@not_strictly_false' && parts.length === 1) return { run: (scope) => a!.run(scope) !== false };
  if (id === '_?_:_' && parts.length === 3) return conditional(a!.run, b!.run, c!.run);
  if (id === 'matches' && parts.length === 2) return matching(a!.run, b!);
  const one = parts.length === 1 ? unary.get(id) : undefined;
  if (one !== undefined) return { run: (scope) => { const value = a!.run(scope); return value instanceof Failure ? value : one(value, scope); } };
  const two = parts.length === 2 ? (id === '_+_' && collects(operands[0]!) ? append : binary.get(id)) : undefined;
  if (two === undefined) throw new Unsupported(`function ${id}`, id);
  const quick = fused(id, a!, b!);
  if (quick !== undefined) return { run: quick };
  const [left, right] = [a!.run, b!.run];
  return { run: (scope) => {
    const first = left(scope);
    if (first instanceof Failure) return first;
    const second = right(scope);
    return second instanceof Failure ? second : two(first, second, scope);
  } };
};

/** The parts of `a && b && c`, which the parser has paired up. */
const chain = (id: string, tree: CelTree): readonly CelTree[] =>
  (tree.exprKind.case === 'callExpr' && tree.exprKind.value.function === id ? tree.exprKind.value.args.flatMap((one) => chain(id, one)) : [tree]);

const collects = (tree: CelTree): boolean => tree.exprKind.case === 'identExpr' && tree.exprKind.value.name === accumulator;

const noChoice = failing('no such overload: _?_:_');
const conditional = (test: Run, yes: Run, no: Run): Node => ({ run: (scope) => {
  const value = test(scope);
  return value === true ? yes(scope) : value === false ? no(scope) : value instanceof Failure ? value : noChoice;
} });

const noMatch = failing('no such overload: matches');
const matching = (text: Run, of: Node): Node => {
  const source = of.constant?.value;
  if (typeof source !== 'string') throw new CelProblem('matches needs its pattern as a text in the rule or its parameters');
  let compiled: ReturnType<typeof pattern>;
  try {
    compiled = pattern(source);
  } catch (error) {
    throw new CelProblem((error as Error).message);
  }
  return { run: (scope) => {
    const value = text(scope);
    if (typeof value !== 'string') return value instanceof Failure ? value : noMatch;
    spend(scope, compiled.cost(value));
    return scope.fuel >= 0 && compiled.test(value);
  } };
};

interface Comprehension {
  readonly iterVar: string; readonly iterVar2: string; readonly accuVar: string;
  readonly iterRange: CelTree; readonly accuInit: CelTree; readonly loopCondition: CelTree; readonly loopStep: CelTree; readonly result: CelTree;
}

const comprehension = (tree: Comprehension, frame: Frame): Node => {
  if (tree.iterVar2 !== '' || tree.accuVar !== accumulator) throw new Unsupported('macro with two variables');
  if (frame.depth >= 2 * deepest) throw new CelProblem(`macros nested deeper than ${deepest}`);
  const range = compileNode(tree.iterRange, frame);
  const start = compileNode(tree.accuInit, frame);
  const [item, total] = [frame.depth, frame.depth + 1];
  const withTotal: Frame = { ...frame, depth: frame.depth + 2, locals: new Map([...frame.locals, [tree.accuVar, total]]) };
  const inside: Frame = { ...withTotal, locals: new Map([...withTotal.locals, [tree.iterVar, item]]) };
  return { run: loop({
    range: range.constant === undefined ? paid(range, 'whole') : range, start, item, total,
    goOn: compileNode(tree.loopCondition, inside), step: compileNode(tree.loopStep, inside), end: compileNode(tree.result, withTotal),
  }) };
};
