import { celEnv, isCelError, isCelList, isCelMap, isCelUint, plan } from '@bufbuild/cel';
import type { CelInput } from '@bufbuild/cel';
import { Failure } from './value.ts';
import type { Compiled, Result, Value } from './value.ts';
import type { CelTree } from './parse.ts';

const env = celEnv();

/** JSON to the interpreter's values: integers become int, other numbers double, objects maps. */
const toCel = (value: Value): CelInput => {
  if (typeof value === 'number') return Number.isSafeInteger(value) ? BigInt(value) : value;
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return (value as readonly Value[]).map(toCel) as CelInput;
  return new Map(Object.entries(value).map(([key, item]) => [key, toCel(item)] as const)) as CelInput;
};

const fromCel = (value: unknown): Value => {
  if (typeof value === 'bigint') return Number(value);
  if (value === null || typeof value === 'boolean' || typeof value === 'number' || typeof value === 'string') return value;
  if (isCelUint(value as never)) return Number((value as unknown as { value: bigint }).value);
  if (isCelList(value as never)) return [...(value as Iterable<unknown>)].map(fromCel);
  if (isCelMap(value as never)) return Object.fromEntries([...(value as unknown as Iterable<[unknown, unknown]>)].map(([key, item]) => [String(key), fromCel(item)]));
  throw new Error('a value that is no JSON');
};

/** Runs a tree in the library's interpreter (some 50 times slower, RE2-safe `matches`): for what the compiler does not cover. */
export const interpretTree = (tree: CelTree, uses: readonly string[], blame: boolean): Compiled => {
  const run = plan(env, tree) as (bindings: Record<string, CelInput>) => unknown;
  return ({ names }): Result => {
    const bindings: Record<string, CelInput> = {};
    for (const name of uses) {
      const value = names[name];
      if (value === undefined) continue;
      if (value instanceof Failure) return value;
      bindings[name] = toCel(value);
    }
    try {
      const result = run(bindings);
      return isCelError(result as never) ? new Failure(String((result as { message?: string }).message), blame) : fromCel(result);
    } catch (error) {
      return new Failure((error as Error).message, blame);
    }
  };
};
