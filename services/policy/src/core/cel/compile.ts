import { binary, index, unary } from './operators.ts';
import { Failure, isList, isMap } from './value.ts';
import type { Compiled, Result, Scope, Value } from './value.ts';
import type { CelTree } from './parse.ts';

/** The expression is legal CEL but not of the compiled subset: the interpreter takes it. */
export class Unsupported extends Error {}

/** Names in scope. `byArguments` tells which of them were computed from the proposal's arguments. */
export interface Names { has(name: string): boolean; byArguments(name: string): boolean }

const arithmetic: ReadonlySet<string> = new Set(['_+_', '_-_', '_*_', '_/_', '_%_', '-_', 'size']);
const maxIterations = 10_000;

interface Node { readonly run: Compiled; readonly blame: boolean }
interface Frame { readonly names: Names; readonly locals: ReadonlyMap<string, number>; readonly depth: number; readonly used: Set<string>; readonly blame: readonly boolean[] }

/**
 * Compiles a syntax tree to closures. Returns the function and the names it reads.
 * Throws Unsupported where the tree leaves the subset, Error where it reads a name that does not exist.
 */
export const compileTree = (tree: CelTree, names: Names): { readonly run: Compiled; readonly uses: ReadonlySet<string>; readonly blame: boolean } => {
  const operators = new Set<string>();
  let doubles = false;
  visit(tree, (node) => {
    if (node.exprKind.case === 'callExpr') operators.add(node.exprKind.value.function);
    if (node.exprKind.case === 'constExpr' && node.exprKind.value.constantKind.case === 'doubleValue') doubles = true;
  });
  if (doubles && [...operators].some((name) => arithmetic.has(name))) throw new Unsupported('arithmetic beside a double literal');
  const used = new Set<string>();
  const node = compileNode(tree, { names, locals: new Map(), depth: 0, used, blame: [] });
  return { run: node.run, uses: used, blame: node.blame };
};

const visit = (tree: unknown, see: (node: CelTree) => void): void => {
  if (typeof tree !== 'object' || tree === null) return;
  if ('exprKind' in tree) see(tree as CelTree);
  for (const part of Object.values(tree)) if (typeof part === 'object') visit(part, see);
};

const compileNode = (tree: CelTree, frame: Frame): Node => {
  const kind = tree.exprKind;
  switch (kind.case) {
    case 'constExpr': return literal(kind.value.constantKind as { case: string | undefined; value: unknown });
    case 'identExpr': return name(kind.value.name, frame);
    case 'selectExpr': {
      const full = path(tree, frame);
      if (full !== undefined && !kind.value.testOnly && frame.names.has(full)) return name(full, frame);
      return select(compileNode(kind.value.operand!, frame), kind.value.field, kind.value.testOnly);
    }
    case 'callExpr': return call(kind.value.function, [...(kind.value.target === undefined ? [] : [kind.value.target]), ...kind.value.args], frame);
    case 'listExpr': {
      if (kind.value.optionalIndices.length > 0) throw new Unsupported('optional elements');
      return list(kind.value.elements.map((item) => compileNode(item, frame)));
    }
    case 'comprehensionExpr': return comprehension(kind.value as unknown as Comprehension, frame);
    default: throw new Unsupported(kind.case ?? 'empty expression');
  }
};

/** `a.b.c` as one name, where nothing but field access is in it and `a` is no local. */
const path = (tree: CelTree, frame: Frame): string | undefined => {
  const kind = tree.exprKind;
  if (kind.case === 'identExpr') return frame.locals.has(kind.value.name) ? undefined : kind.value.name;
  if (kind.case !== 'selectExpr' || kind.value.testOnly) return undefined;
  const before = path(kind.value.operand!, frame);
  return before === undefined ? undefined : `${before}.${kind.value.field}`;
};

const literal = ({ case: kind, value }: { case: string | undefined; value: unknown }): Node => {
  if (kind === 'nullValue') return { run: () => null, blame: false };
  if (kind === 'boolValue' || kind === 'stringValue' || kind === 'doubleValue') return { run: () => value as Value, blame: false };
  if (kind === 'int64Value' && Number.isSafeInteger(Number(value))) {
    const number = Number(value);
    return { run: () => number, blame: false };
  }
  throw new Unsupported(`${kind} literal`);
};

const name = (id: string, frame: Frame): Node => {
  const local = frame.locals.get(id);
  if (local !== undefined) return { run: (scope) => scope.locals[local]!, blame: frame.blame[local] ?? false };
  if (!frame.names.has(id)) throw new Error(`unknown name ${id}`);
  frame.used.add(id);
  const blame = frame.names.byArguments(id);
  return { run: ({ names }) => { const value = names[id]; return value === undefined ? new Failure(`${id} is not known`, blame) : value; }, blame };
};

const select = (from: Node, field: string, test: boolean): Node => ({
  blame: from.blame,
  run: (scope) => {
    const value = from.run(scope);
    if (value instanceof Failure) return value;
    if (!isMap(value)) return new Failure(`no field ${field} in a value that is no map`, from.blame);
    const there = Object.hasOwn(value, field);
    if (test) return there;
    return there ? value[field]! : new Failure(`no such key: ${field}`, from.blame);
  },
});

const list = (items: readonly Node[]): Node => ({
  blame: items.some((item) => item.blame),
  run: (scope) => {
    const values: Value[] = [];
    for (const item of items) {
      const value = item.run(scope);
      if (value instanceof Failure) return value;
      values.push(value);
    }
    return values;
  },
});

const call = (id: string, operands: readonly CelTree[], frame: Frame): Node => {
  const parts = operands.map((operand) => compileNode(operand, frame));
  const blame = parts.some((part) => part.blame);
  const [a, b, c] = parts;
  if (id === '_&&_' && parts.length === 2) return { blame, run: absorbing(a!, b!, false, blame) };
  if (id === '_||_' && parts.length === 2) return { blame, run: absorbing(a!, b!, true, blame) };
  if (id === '@not_strictly_false' && parts.length === 1) return { blame, run: (scope) => a!.run(scope) !== false };
  if (id === '_?_:_' && parts.length === 3) {
    return { blame, run: (scope) => {
      const test = a!.run(scope);
      if (typeof test !== 'boolean') return test instanceof Failure ? test : new Failure('no such overload: _?_:_', a!.blame);
      return test ? b!.run(scope) : c!.run(scope);
    } };
  }
  const one = parts.length === 1 ? unary.get(id) : undefined;
  if (one !== undefined) return { blame, run: (scope) => { const value = a!.run(scope); return value instanceof Failure ? value : one(value, blame); } };
  const two = parts.length === 2 ? (id === '_[_]' ? index : binary.get(id)) : undefined;
  if (two === undefined) throw new Unsupported(`function ${id}`);
  return { blame, run: (scope) => {
    const left = a!.run(scope);
    if (left instanceof Failure) return left;
    const right = b!.run(scope);
    return right instanceof Failure ? right : two(left, right, blame);
  } };
};

/** CEL's && and ||: an error on one side is absorbed when the other side decides. */
const absorbing = (a: Node, b: Node, decisive: boolean, blame: boolean): Compiled => (scope) => {
  const left = a.run(scope);
  if (left === decisive) return decisive;
  const right = b.run(scope);
  if (right === decisive) return decisive;
  if (left instanceof Failure) return right instanceof Failure && right.byArguments ? right : left;
  if (right instanceof Failure) return right;
  return typeof left === 'boolean' && typeof right === 'boolean' ? !decisive : new Failure('no such overload: logic on a value that is no bool', blame);
};

interface Comprehension {
  readonly iterVar: string; readonly iterVar2: string; readonly accuVar: string;
  readonly iterRange: CelTree; readonly accuInit: CelTree; readonly loopCondition: CelTree; readonly loopStep: CelTree; readonly result: CelTree;
}

const comprehension = (loop: Comprehension, frame: Frame): Node => {
  if (loop.iterVar2 !== '') throw new Unsupported('comprehension with two variables');
  if (frame.depth >= 6) throw new Unsupported('macros nested too deep');
  const range = compileNode(loop.iterRange, frame);
  const start = compileNode(loop.accuInit, frame);
  const [item, total] = [frame.depth, frame.depth + 1];
  const blame = [...frame.blame];
  blame[item] = range.blame;
  blame[total] = range.blame || start.blame;
  const withTotal: Frame = { ...frame, depth: frame.depth + 2, locals: new Map([...frame.locals, [loop.accuVar, total]]), blame };
  const inside: Frame = { ...withTotal, locals: new Map([...withTotal.locals, [loop.iterVar, item]]) };
  const goOn = compileNode(loop.loopCondition, inside);
  const step = compileNode(loop.loopStep, inside);
  const end = compileNode(loop.result, withTotal);
  return { blame: range.blame || step.blame, run: (scope) => iterate(scope, { range, start, goOn, step, end, item, total }) };
};

interface Loop { range: Node; start: Node; goOn: Node; step: Node; end: Node; item: number; total: number }

const iterate = (scope: Scope, { range, start, goOn, step, end, item, total }: Loop): Result => {
  const over = range.run(scope);
  if (over instanceof Failure) return over;
  const items = isList(over) ? over : isMap(over) ? Object.keys(over) : undefined;
  if (items === undefined) return new Failure('no such overload: a macro over a value that is neither list nor map', range.blame);
  if (items.length > maxIterations) return new Failure(`more than ${maxIterations} elements`, range.blame);
  const { locals } = scope;
  locals[total] = start.run(scope);
  for (const value of items) {
    locals[item] = value;
    if (goOn.run(scope) === false) break;
    locals[total] = step.run(scope);
  }
  return end.run(scope);
};
