import type { Scope } from './scope.ts';
import { spend, weigh, weighText, weight } from './scope.ts';
import { Failure } from './value.ts';
import type { Result, Value } from './value.ts';
import type { Price } from './tree.ts';

export type Run = (scope: Scope) => Result;

/** A compiled piece; `constant` and `slot` say what it is where it is no more than that, so that whoever uses it can do without a call. */
export interface Node { readonly run: Run; readonly constant?: { readonly value: Value }; readonly slot?: number }

export const constantNode = (value: Value): Node => ({ run: () => value, constant: { value } });

/** The piece, paid for after it ran; what it cost is known from its value. */
export const paid = (node: Node, price: Price): Node => {
  const { run } = node;
  if (price === 'free') return node;
  const pay = price === 'text' ? weighText : weigh;
  return { run: (scope) => { const value = run(scope); pay(scope, value); return value; } };
};

export { Failure, spend, weight };
