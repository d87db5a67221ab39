import { containsCost, spend } from './scope.ts';
import type { Scope } from './scope.ts';
import { Failure, equals, isList, isMap } from './value.ts';
import type { Result, Value } from './value.ts';

export type Operator = (a: Value, b: Value, scope: Scope) => Result;

/** One for each place: an evaluation that fails makes nothing new. Who is to blame is found out at the end. */
export const failing = (why: string): Failure => new Failure(why, false);
const overload = (name: string): Failure => failing(`no such overload: ${name}`);

/** Leaves the compiled subset: integers beyond 2^53 and arithmetic on doubles are exact in the interpreter only. */
const left = failing('beyond what is compiled');
export const beyond = (scope: Scope): Failure => {
  scope.beyond = true;
  scope.fuel = -1;
  return left;
};

const order = (name: string, test: (sign: number) => boolean): Operator => {
  const no = overload(name);
  return (a, b) => {
    if (typeof a !== typeof b || (typeof a !== 'number' && typeof a !== 'string' && typeof a !== 'boolean')) return no;
    return test(a < b! ? -1 : a > b! ? 1 : a === b ? 0 : Number.NaN);
  };
};

const integers = (name: string, work: (a: number, b: number) => number, divides = false): Operator => {
  const no = overload(name);
  const zero = failing(`division by zero in ${name}`);
  return (a, b, scope) => {
    if (typeof a !== 'number' || typeof b !== 'number') return no;
    if (!Number.isSafeInteger(a) || !Number.isSafeInteger(b)) return beyond(scope);
    if (divides && b === 0) return zero;
    const result = work(a, b);
    return Number.isSafeInteger(result) ? result + 0 : beyond(scope);
  };
};

const add = integers('_+_', (a, b) => a + b);
const plusNo = overload('_+_');
const plus: Operator = (a, b, scope) => {
  if (typeof a === 'number') return add(a, b, scope);
  if (typeof a === 'string' && typeof b === 'string') return a + b;
  return isList(a) && isList(b) ? [...a, ...b] : plusNo;
};

/** `a + b` where nobody else holds `a`: what a macro collects. */
export const append: Operator = (a, b, scope) => {
  if (!isList(a) || !isList(b)) return plus(a, b, scope);
  for (const item of b) (a as Value[]).push(item);
  return a;
};

const text = (name: string, work: (a: string, b: string, scope: Scope) => boolean): Operator => {
  const no = overload(name);
  return (a, b, scope) => (typeof a === 'string' && typeof b === 'string' ? work(a, b, scope) : no);
};

const indexNo = overload('_[_]');
const range = failing('index out of range');
const missing = failing('no such key');

/**
 * Reads one element: own properties only, so that `constructor` and `__proto__` are no fields. What the library makes of an index of an odd kind
 * (a truth value, half a number) is its own affair: it is asked.
 */
export const index: Operator = (a, b, scope) => {
  if (isList(a)) return Number.isInteger(b) ? ((b as number) >= 0 && (b as number) < a.length ? a[b as number]! : range) : beyond(scope);
  if (!isMap(a)) return typeof a === 'object' ? indexNo : beyond(scope);
  return typeof b !== 'string' ? beyond(scope) : Object.hasOwn(a, b) ? a[b]! : missing;
};

const inNo = overload('@in');
const within: Operator = (a, b) => {
  if (isList(b)) return b.some((item) => equals(a, item));
  if (isMap(b)) return typeof a === 'string' ? Object.hasOwn(b, a) : typeof a === 'object' ? inNo : false;
  return inNo;
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
  ['_/_', integers('_/_', (a, b) => Math.trunc(a / b), true)],
  ['_%_', integers('_%_', (a, b) => a % b, true)],
  ['@in', within],
  ['_[_]', index],
  ['startsWith', text('startsWith', (a, b) => a.startsWith(b))],
  ['endsWith', text('endsWith', (a, b) => a.endsWith(b))],
  ['contains', text('contains', (a, b, scope) => { spend(scope, containsCost(a, b)); return scope.fuel >= 0 && a.includes(b); })],
]);

const codePoints = (value: string): number => {
  let count = 0;
  for (const _ of value) count++;
  return count;
};

const notNo = overload('!_');
const minusNo = overload('-_');
const sizeNo = overload('size');
export const unary: ReadonlyMap<string, (a: Value, scope: Scope) => Result> = new Map<string, (a: Value, scope: Scope) => Result>([
  ['!_', (a) => (typeof a === 'boolean' ? !a : notNo)],
  ['-_', (a, scope) => (Number.isSafeInteger(a) ? 0 - (a as number) : typeof a === 'number' ? beyond(scope) : minusNo)],
  ['size', (a) => (typeof a === 'string' ? codePoints(a) : isList(a) ? a.length : isMap(a) ? Object.keys(a).length : sizeNo)],
  ['dyn', (a) => a],
]);
