import { Failure, equals, isList, isMap } from './value.ts';
import type { Result, Value } from './value.ts';

type Operator = (a: Value, b: Value, blame: boolean) => Result;

const noOverload = (name: string, blame: boolean): Failure => new Failure(`no such overload: ${name}`, blame);

const order = (name: string, test: (sign: number) => boolean): Operator => (a, b, blame) => {
  if (typeof a !== typeof b || (typeof a !== 'number' && typeof a !== 'string' && typeof a !== 'boolean')) return noOverload(name, blame);
  return test(a < b! ? -1 : a > b! ? 1 : a === b ? 0 : Number.NaN);
};

const integers = (name: string, work: (a: number, b: number) => number): Operator => (a, b, blame) => {
  if (!Number.isSafeInteger(a) || !Number.isSafeInteger(b)) return noOverload(name, blame);
  const result = work(a as number, b as number);
  return Number.isSafeInteger(result) ? result + 0 : new Failure(`integer overflow or division by zero in ${name}`, blame);
};

const add = integers('_+_', (a, b) => a + b);
const maxConcat = 100_000;

/** Longest list or text a concatenation may make: an expression cannot be made to eat memory. */
const plus: Operator = (a, b, blame) => {
  if (typeof a === 'number') return add(a, b, blame);
  if (typeof a === 'string' && typeof b === 'string') return a.length + b.length > maxConcat ? new Failure('text too long', blame) : a + b;
  if (isList(a) && isList(b)) return a.length + b.length > maxConcat ? new Failure('list too long', blame) : [...a, ...b];
  return noOverload('_+_', blame);
};

const text = (name: string, work: (a: string, b: string) => boolean): Operator => (a, b, blame) =>
  typeof a === 'string' && typeof b === 'string' ? work(a, b) : noOverload(name, blame);

/** Reads one element: own properties only, so that `constructor` and `__proto__` are no fields. */
export const index: Operator = (a, b, blame) => {
  if (isList(a)) return typeof b === 'number' && Number.isInteger(b) ? (b >= 0 && b < a.length ? a[b]! : new Failure(`index ${b} out of range`, blame)) : noOverload('_[_]', blame);
  if (!isMap(a)) return noOverload('_[_]', blame);
  if (typeof b !== 'string' || !Object.hasOwn(a, b)) return new Failure(`no such key: ${String(b)}`, blame);
  return a[b]!;
};

const contains: Operator = (a, b, blame) => {
  if (isList(b)) return b.some((item) => equals(a, item));
  if (isMap(b)) return typeof a === 'string' && Object.hasOwn(b, a);
  return noOverload('@in', blame);
};

/** Operators and functions of two values, by their names in the syntax tree. */
export const binary: ReadonlyMap<string, Operator> = new Map<string, Operator>([
  ['_==_', (a, b) => equals(a, b)],
  ['_!=_', (a, b) => !equals(a, b)],
  ['_<_', order('_<_', (sign) => sign < 0)],
  ['_<=_', order('_<=_', (sign) => sign <= 0)],
  ['_>_', order('_>_', (sign) => sign > 0)],
  ['_>=_', order('_>=_', (sign) => sign >= 0)],
  ['_+_', plus],
  ['_-_', integers('_-_', (a, b) => a - b)],
  ['_*_', integers('_*_', (a, b) => a * b)],
  ['_/_', integers('_/_', (a, b) => Math.trunc(a / b))],
  ['_%_', integers('_%_', (a, b) => a % b)],
  ['@in', contains],
  ['_[_]', index],
  ['startsWith', text('startsWith', (a, b) => a.startsWith(b))],
  ['endsWith', text('endsWith', (a, b) => a.endsWith(b))],
  ['contains', text('contains', (a, b) => a.includes(b))],
]);

const codePoints = (value: string): number => {
  let count = 0;
  for (const _ of value) count++;
  return count;
};

export const unary: ReadonlyMap<string, (a: Value, blame: boolean) => Result> = new Map<string, (a: Value, blame: boolean) => Result>([
  ['!_', (a, blame) => (typeof a === 'boolean' ? !a : noOverload('!_', blame))],
  ['-_', (a, blame) => (Number.isSafeInteger(a) ? 0 - (a as number) : noOverload('-_', blame))],
  ['size', (a, blame) => (typeof a === 'string' ? codePoints(a) : isList(a) ? a.length : isMap(a) ? Object.keys(a).length : noOverload('size', blame))],
  ['dyn', (a) => a],
]);
