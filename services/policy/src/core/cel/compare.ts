import { failing } from './operators.ts';
import type { Node, Run } from './node.ts';
import { Failure } from './value.ts';
import type { Value } from './value.ts';

/*
 * Most conditions compare one name with one constant. These do it in one call instead of three; they say the same as operators.ts
 * (the differential test runs both shapes against the interpreter).
 */

const scalar = (value: Value): value is string | number | boolean | null => typeof value !== 'object' || value === null;

const equality = (slot: number, constant: Value, same: boolean): Run => (scope) => {
  const value = scope.slots[slot]!;
  return value === constant ? same : value instanceof Failure ? value : !same;
};

type Order = '_<_' | '_<=_' | '_>_' | '_>=_';
const numeric: Readonly<Record<Order, (slot: number, limit: number, no: Failure) => Run>> = {
  '_<_': (slot, limit, no) => ({ slots }) => { const value = slots[slot]!; return typeof value === 'number' ? value < limit : value instanceof Failure ? value : no; },
  '_<=_': (slot, limit, no) => ({ slots }) => { const value = slots[slot]!; return typeof value === 'number' ? value <= limit : value instanceof Failure ? value : no; },
  '_>_': (slot, limit, no) => ({ slots }) => { const value = slots[slot]!; return typeof value === 'number' ? value > limit : value instanceof Failure ? value : no; },
  '_>=_': (slot, limit, no) => ({ slots }) => { const value = slots[slot]!; return typeof value === 'number' ? value >= limit : value instanceof Failure ? value : no; },
};
const mirrored: Readonly<Record<Order, Order>> = { '_<_': '_>_', '_<=_': '_>=_', '_>_': '_<_', '_>=_': '_<=_' };

const member = (slot: number, items: readonly Value[]): Run => {
  const set = new Set<unknown>(items);
  return ({ slots }) => { const value = slots[slot]!; return value instanceof Failure ? value : set.has(value); };
};

/** The one-call form of `id` over two operands; undefined where they are not a name and a constant of the simple kinds. */
export const fused = (id: string, a: Node, b: Node): Run | undefined => {
  if (id === '@in') return a.slot !== undefined && Array.isArray(b.constant?.value) && (b.constant.value as readonly Value[]).every(scalar) ? member(a.slot, b.constant.value as readonly Value[]) : undefined;
  const [named, fixed, turned] = a.slot !== undefined ? [a.slot, b.constant, false] : [b.slot, a.constant, true];
  if (named === undefined || fixed === undefined) return undefined;
  const { value } = fixed;
  if ((id === '_==_' || id === '_!=_') && scalar(value)) return equality(named, value, id === '_==_');
  if (id in numeric && typeof value === 'number') return numeric[turned ? mirrored[id as Order] : id as Order](named, value, failing(`no such overload: ${id}`));
  return undefined;
};
