import type { CelTree } from './parse.ts';
import type { Names } from './names.ts';

/** `a.b.c` where a tree is nothing but field access; undefined where it is more. */
export const dotted = (tree: CelTree): string | undefined => {
  const kind = tree.exprKind;
  if (kind.case === 'identExpr') return kind.value.name;
  if (kind.case !== 'selectExpr' || kind.value.testOnly) return undefined;
  const before = dotted(kind.value.operand!);
  return before === undefined ? undefined : `${before}.${kind.value.field}`;
};

/** The declared name that a tree is, the longest first; `bound`: names of macros around it, which hide others. */
export const nameOf = (tree: CelTree, names: Names, bound: { has(name: string): boolean }): string | undefined => {
  const full = dotted(tree);
  return full !== undefined && !bound.has(full.split('.', 1)[0]!) && names.has(full) ? full : undefined;
};

/** A literal, a parameter, or a list of such: what costs nothing to look at, because it stands in the bundle. */
export const isConstant = (tree: CelTree, names: Names, bound: { has(name: string): boolean }): boolean => {
  const kind = tree.exprKind;
  if (kind.case === 'constExpr') return true;
  if (kind.case === 'listExpr') return kind.value.elements.every((item) => isConstant(item, names, bound));
  const name = nameOf(tree, names, bound);
  return name !== undefined && names.constant?.(name) !== undefined;
};

/** What of a call's operands must be paid for: nothing, texts only, or the whole value. Both engines ask here. */
export type Price = 'free' | 'text' | 'whole';
const free: ReadonlySet<string> = new Set(['_&&_', '_||_', '_?_:_', '!_', '@not_strictly_false', '_[_]', 'contains', 'matches']);
const bounded: ReadonlySet<string> = new Set(['_==_', '_!=_', '_<_', '_<=_', '_>_', '_>=_', 'startsWith', 'endsWith', '@in']);

export const prices = (id: string, operands: readonly CelTree[], names: Names, bound: { has(name: string): boolean }): readonly Price[] => {
  const fixed = operands.map((one) => isConstant(one, names, bound));
  // Compared with something of a size that the bundle sets, a value is not looked at any further than that.
  const cheap = bounded.has(id) && (id === '@in' ? fixed[1] : id === 'startsWith' || id === 'endsWith' ? fixed[1] : fixed.some(Boolean));
  return operands.map((one, i) => {
    if (free.has(id) || cheap || fixed[i]) return 'free';
    if (id === '_+_' && i === 0 && one.exprKind.case === 'identExpr' && one.exprKind.value.name === accumulator) return 'free';
    return id === 'size' ? 'text' : 'whole';
  });
};

/** The name that the parser gives to what a macro collects; nobody can write it. */
export const accumulator = '@result';
