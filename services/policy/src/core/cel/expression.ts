import { Unsupported, compileTree } from './compile.ts';
import { interpretTree, knowsFunction } from './interpret.ts';
import { createSlots } from './names.ts';
import type { Names, Slots } from './names.ts';
import type { Run } from './node.ts';
import { CelProblem, offsetOf, parseCel } from './parse.ts';
import type { CelTree } from './parse.ts';
import type { Scope } from './scope.ts';
import { nameOf } from './tree.ts';
import { Failure } from './value.ts';
import type { Result } from './value.ts';

/** `interpreted` says why the slow way is taken; null where the expression is compiled. */
export interface Expression {
  readonly source: string; readonly uses: readonly string[]; readonly interpreted: string | null;
  readonly run: Run;
  /** `run` in two parts, for those who run many: what `quick` says holds where it is a truth value and fuel is left, else `settle` says what it comes to. */
  readonly quick: Run;
  /** `fuel` is what was there before `quick`. */
  readonly settle: (scope: Scope, result: Result, fuel: number) => Result;
}

/**
 * Makes CEL text runnable. Names are read from `slots`, by the numbers that the table gives out. Throws a CelProblem where the text is no CEL,
 * reads a name that does not exist, or has a pattern that is none.
 */
export const expression = (source: string, names: Names, slots: Slots = createSlots()): Expression => {
  const tree = parseCel(source);
  const uses = freeNames(tree, names);
  const slow = interpretTree(tree, uses, names, slots);
  try {
    return { source, ...settled(compileTree(tree, names, slots), slow, uses, names, slots), uses, interpreted: null };
  } catch (error) {
    if (!(error instanceof Unsupported)) throw error;
    if (error.function !== undefined && !knowsFunction(error.function)) throw new CelProblem(`unknown function ${error.function}`);
    return { source, ...settled(slow, slow, uses, names, slots), uses, interpreted: error.message };
  }
};

/** What a run came to once it is known whether it may count: fuel, and who is to blame for a failure, are looked at here for both engines alike. */
const settled = (fast: Run, slow: Run, uses: readonly string[], names: Names, slots: Slots): Pick<Expression, 'run' | 'quick' | 'settle'> => {
  const reads = uses.filter((name) => names.constant?.(name) === undefined).map((name) => ({ name, slot: slots.of(name), byArguments: names.byArguments(name) }));
  const settle = (scope: Scope, found: Result, fuel: number): Result => {
    let result = found;
    if (scope.beyond) {
      scope.beyond = false;
      scope.fuel = fuel;
      result = slow(scope);
    }
    if (scope.fuel < 0) return new Failure('too much work for what the arguments hold', true);
    return result instanceof Failure ? blamed(result, scope) : result;
  };
  // What could not be derived is to blame before the expression itself: the arguments first, then what is only late.
  const blamed = ({ why }: Failure, { slots: values }: Scope): Failure => {
    const failed = reads.flatMap(({ slot, byArguments }) => {
      const value = values[slot];
      return value === undefined ? [new Failure(why, byArguments)] : value instanceof Failure ? [value] : [];
    });
    if (failed.length === 0) return new Failure(why, reads.some((one) => one.byArguments));
    return failed.find((one) => one.byArguments) ?? failed.find((one) => one.constructor !== Failure) ?? failed[0]!;
  };
  return {
    quick: fast, settle,
    run: (scope) => {
      const { fuel } = scope;
      const result = fast(scope);
      return typeof result === 'boolean' && scope.fuel >= 0 ? result : settle(scope, result, fuel);
    },
  };
};

/** Names a tree reads, the longest declared `a.b` first; throws on one that is neither declared nor bound by a macro. */
const freeNames = (tree: CelTree, names: Names): string[] => {
  const found = new Set<string>();
  const walk = (node: unknown, bound: ReadonlySet<string>): void => {
    if (typeof node !== 'object' || node === null) return;
    if (Array.isArray(node)) return node.forEach((item) => walk(item, bound));
    const kind = (node as Partial<CelTree>).exprKind;
    if (kind === undefined) return Object.values(node).forEach((item) => walk(item, bound));
    const name = nameOf(node as CelTree, names, bound);
    if (name !== undefined) return void found.add(name);
    if (kind.case === 'identExpr' && !bound.has(kind.value.name)) throw new CelProblem(`unknown name ${kind.value.name}`, offsetOf(tree, node as CelTree));
    const inner = kind.case === 'comprehensionExpr' ? new Set([...bound, kind.value.iterVar, kind.value.iterVar2, kind.value.accuVar]) : bound;
    walk(kind.value, inner);
  };
  walk(tree, new Set());
  return [...found];
};
