import type { Json } from '@countersign/contracts';
import type { Value } from '../cel/value.ts';
import type { CompiledTool } from '../rules/compile.ts';
import type { FailedFact } from '../world.ts';
import { extract } from './amount.ts';

/** The same JSON, whatever the order of members; a number of CEL is a number. */
const same = (a: unknown, b: unknown): boolean => {
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return a === b;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const [left, right] = [Object.entries(a), b as Record<string, unknown>];
  return left.length === Object.keys(right).length && left.every(([name, value]) => Object.hasOwn(right, name) && same(value, right[name]));
};
const mustFail = (value: Json): boolean => same(value, { fails: true });

/** What a tool's extractors read otherwise than its own examples say, in words; empty where all agree. */
export const extractorFaults = (tool: CompiledTool): readonly string[] => (tool.snapshot.tests ?? []).flatMap(({ name, arguments: args, facts }, i) => {
  const failed: FailedFact[] = [];
  const found = extract(tool, args as Value, failed);
  return Object.entries(facts).flatMap(([fact, expected]) => {
    const fault = failed.find((one) => one.fact === fact);
    const at = `test ${name ?? i + 1}, fact ${fact}`;
    if (mustFail(expected)) return fault === undefined ? [`${at}: it should fail and is ${JSON.stringify(found[fact] ?? null)}`] : [];
    if (fault !== undefined) return [`${at}: it fails: ${fault.why}`];
    if (!Object.hasOwn(tool.snapshot.facts, fact)) return [`${at}: the tool has no such extractor`];
    return same(found[fact] ?? null, expected) ? [] : [`${at}: it is ${JSON.stringify(found[fact] ?? null)} instead of ${JSON.stringify(expected)}`];
  });
});
