import type { Tier } from '@countersign/contracts';
import type { Names } from '../cel/compile.ts';
import { Failure, isList } from '../cel/value.ts';
import type { Result, Value } from '../cel/value.ts';
import { linesOf } from './matrix-shape.ts';
import type { MatrixLineSpec, MatrixSpec } from './matrix-shape.ts';
import { anyOf } from './patterns.ts';
import type { Complain } from './problem.ts';

/** Tier and reason that a value calls for; null where it calls for nothing, undefined where it is of no kind that the line knows. */
type Reading = { readonly tier: Tier; readonly reason: string } | null | undefined;
interface Line { readonly fact: string; readonly currency: string | null; readonly ceiling: number | null; readonly consequential: boolean; readonly matches: (tool: string) => boolean; readonly read: (value: Value) => Reading }
/** The lines of one dimension that apply to a tool. */
export interface MatrixRow { readonly id: string; readonly lines: readonly Line[] }
export interface Matrix { rows(tool: string): readonly MatrixRow[] }

/** What a row says about one action: a tier, that its fact is not known (for which reason), or nothing. */
export type RowVerdict = { readonly tier: Tier; readonly reason: string } | { readonly unknown: string; readonly byArguments: boolean } | null;

/** Compiles the tier matrix; reports facts that do not exist. */
export const compileMatrix = (spec: MatrixSpec, names: Names, complain: Complain): Matrix => {
  const all = Object.entries(spec).map(([dimension, lines]) => ({
    id: `matrix:${dimension}`,
    lines: linesOf(lines).map((line, i): Line => {
      if (!names.has(line.fact)) complain(`matrix.${dimension}${Array.isArray(lines) ? `[${i}]` : ''}.fact`, `unknown name ${line.fact}`);
      return { fact: line.fact, currency: line.currency ?? null, ceiling: line.ceiling ?? null, consequential: line.consequential ?? false, matches: line.tools === undefined ? () => true : anyOf(line.tools), read: reader(line) };
    }),
  }));
  return {
    rows: (tool) => all.map(({ id, lines }) => ({ id, lines: lines.filter((line) => line.matches(tool)) })).filter(({ lines }) => lines.length > 0),
  };
};

const reader = ({ fact, from, below, values, otherwise = 1 }: MatrixLineSpec): Line['read'] => {
  const calls = (tier: number, reason: string): Reading => (tier === 1 ? null : { tier: tier as Tier, reason });
  if (values !== undefined) {
    const known = new Map(Object.entries(values).map(([value, tier]) => [value, calls(tier, `${fact} has ${value}`)]));
    const other = calls(otherwise, `${fact} has a value that the matrix does not name`);
    const one = (value: Value): Reading => (['string', 'boolean', 'number'].includes(typeof value) ? (known.has(String(value)) ? known.get(String(value)) : other) : undefined);
    return (value) => (isList(value) ? value.map(one).reduce(higher, null) : one(value));
  }
  const steps = (['4', '3', '2'] as const).flatMap((tier) => {
    const limit = (from ?? below)![tier];
    return limit === undefined ? [] : [{ limit, reading: calls(Number(tier), `${fact} is ${from === undefined ? 'below' : 'at or above'} ${limit}`) }];
  });
  return (value) => {
    if (typeof value !== 'number' || Number.isNaN(value)) return undefined;
    for (const { limit, reading } of steps) if (from === undefined ? value < limit : value >= limit) return reading;
    return null;
  };
};

/** A value that nobody understands beats one that calls for something. */
const higher = (a: Reading, b: Reading): Reading => (a === undefined || b === undefined ? undefined : (b?.tier ?? 0) > (a?.tier ?? 0) ? b : a);

/** What a row calls for. `read` gives a fact's value, a Failure where it could not be derived, undefined where nobody made it. */
export const readRow = (row: MatrixRow, consequential: boolean, read: (fact: string) => Result | undefined): RowVerdict => {
  let highest: { readonly tier: Tier; readonly reason: string } | null = null;
  let elsewhere: string | null = null;
  let inCurrency = false;
  for (const line of row.lines) {
    if (line.consequential && !consequential) continue;
    const ceiling = line.ceiling === null ? null : read('agent.ceiling');
    if (ceiling === 1 || ceiling === 2) if (ceiling !== line.ceiling) continue;
    const value = read(line.fact);
    if (value instanceof Failure) return { unknown: value.why, byArguments: value.byArguments };
    if (value === undefined) return { unknown: `${line.fact} is not known`, byArguments: false };
    if (value === null) continue; // Derived, and the act has none: no amount, no target.
    if (line.currency !== null && read('currency') !== line.currency) { elsewhere = `${line.fact} is in no currency that the matrix knows`; continue; }
    inCurrency = true;
    const reading = line.read(value);
    if (reading === undefined) return { unknown: `${line.fact} has a value of another kind than the matrix knows`, byArguments: false };
    if (reading !== null && reading.tier > (highest?.tier ?? 0)) highest = reading;
  }
  return elsewhere !== null && !inCurrency ? { unknown: elsewhere, byArguments: false } : highest;
};
