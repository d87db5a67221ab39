import { celEnv, celFunc, CelScalar, isCelError, isCelList, isCelMap, isCelUint, plan } from '@bufbuild/cel';
import type { CelInput } from '@bufbuild/cel';
import { metered } from './metered.ts';
import type { Names, Slots } from './names.ts';
import type { Run } from './node.ts';
import { failing } from './operators.ts';
import type { CelTree } from './parse.ts';
import { pattern } from './pattern.ts';
import type { Pattern } from './pattern.ts';
import { caps, containsCost, spend } from './scope.ts';
import type { Scope } from './scope.ts';
import { Failure } from './value.ts';
import type { Result, Value } from './value.ts';

/** The evaluation under way: the library's functions have no other way to reach it. Nothing here is asynchronous. */
let current: Scope | undefined;
const patterns = new Map<string, Pattern>();

const DYN = CelScalar.DYN;
const env = celEnv({ funcs: [
  celFunc('@step', [DYN], DYN, (goOn) => (goOn === true && --current!.fuel < 0 ? false : goOn)),
  celFunc('@weigh', [DYN], DYN, (value) => pay(value, weightOf(value, current!.fuel))),
  celFunc('@weighText', [DYN], DYN, (value) => (typeof value === 'string' ? pay(value, weightOf(value, 0)) : value)),
  celFunc('@contains', [CelScalar.STRING, CelScalar.STRING], CelScalar.BOOL, (text, part) => {
    pay(null, containsCost(text, part));
    return text.includes(part);
  }),
  celFunc('@matches', [CelScalar.STRING, CelScalar.STRING], CelScalar.BOOL, (text, source) => {
    let compiled = patterns.get(source);
    if (compiled === undefined) patterns.set(source, compiled = pattern(source));
    pay(null, compiled.cost(text));
    return compiled.test(text);
  }),
] });

const pay = <T>(value: T, units: number): T => {
  spend(current!, units);
  if (current!.fuel < 0) throw new Error('out of fuel');
  return value;
};

/** As `weight`, of the library's values. */
const weightOf = (value: unknown, limit: number, depth = 0): number => {
  if (typeof value === 'string') return value.length > caps.text ? Infinity : value.length >> 6;
  if (value instanceof Uint8Array) return value.length > caps.text ? Infinity : value.length >> 6;
  const map = isCelMap(value as never);
  if (!map && !isCelList(value as never)) return 0;
  const { size } = value as { size: number };
  if (size > caps.elements || depth > caps.depth) return Infinity;
  let sum = size;
  if (map) for (const key of (value as Map<unknown, unknown>).keys()) sum += 1 + (typeof key === 'string' ? key.length >> 6 : 0);
  for (const item of map ? (value as Map<unknown, unknown>).values() : value as Iterable<unknown>) {
    if (sum > limit) break;
    sum += weightOf(item, limit - sum, depth + 1);
  }
  return sum;
};

/** JSON to the interpreter's values: integers become int, other numbers double, objects maps. */
const toCel = (value: Value, depth = 0): CelInput => {
  if (typeof value === 'number') return Number.isSafeInteger(value) ? BigInt(value) : value;
  if (typeof value !== 'object' || value === null) return value;
  if (depth > caps.depth) throw new Error('nested too deep');
  if (Array.isArray(value)) return (value as readonly Value[]).map((item) => toCel(item, depth + 1)) as CelInput;
  return new Map(Object.entries(value).map(([key, item]) => [key, toCel(item, depth + 1)] as const)) as CelInput;
};

const fromCel = (value: unknown): Value => {
  if (typeof value === 'bigint') return exact(value);
  if (value === null || typeof value === 'boolean' || typeof value === 'number' || typeof value === 'string') return value;
  if (isCelUint(value as never)) return exact((value as unknown as { value: bigint }).value);
  if (isCelList(value as never)) return [...(value as Iterable<unknown>)].map(fromCel);
  if (isCelMap(value as never)) return Object.fromEntries([...(value as unknown as Iterable<[unknown, unknown]>)].map(([key, item]) => [String(key), fromCel(item)]));
  throw new Error('a value that is no JSON');
};

const exact = (value: bigint): number => {
  const number = Number(value);
  if (!Number.isSafeInteger(number)) throw new Error('an integer beyond 2^53');
  return number;
};

const noValue = failing('no value');

/** Whether the library has a function of this name, in any form. */
export const knowsFunction = (name: string): boolean => env.funcs.find(name) !== undefined;

/** Runs a tree in the library's interpreter, some 50 times slower: for what the compiler does not cover, and as its reference. */
export const interpretTree = (tree: CelTree, uses: readonly string[], names: Names, slots: Slots): Run => {
  // Planned when it is first needed: most conditions never are.
  let planned: ((bindings: Record<string, CelInput>) => unknown) | undefined;
  const reads = uses.map((name) => ({ name, fixed: names.constant?.(name), slot: names.constant?.(name) === undefined ? slots.of(name) : -1 }));
  return (scope): Result => {
    const before = current;
    try {
      const bindings: Record<string, CelInput> = {};
      for (const { name, fixed, slot } of reads) {
        const value = fixed ?? scope.slots[slot];
        // Left unbound, a name that stands for nothing is an error where it is read, and nowhere else.
        if (value !== undefined && !(value instanceof Failure)) bindings[name] = toCel(value);
      }
      current = scope;
      planned ??= plan(env, metered(tree, names)) as NonNullable<typeof planned>;
      const result = planned(bindings);
      if (result === undefined) return noValue;
      return isCelError(result as never) ? failing(String((result as { message?: string }).message)) : fromCel(result);
    } catch (error) {
      return failing((error as Error).message);
    } finally {
      current = before;
    }
  };
};
