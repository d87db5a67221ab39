import type { Json } from '@countersign/contracts';
import { sameJson } from '@countersign/kernel';
import type { Value } from '../cel/value.ts';
import type { CompiledTool } from '../rules/compile.ts';
import type { FailedFact } from '../world.ts';
import { extract } from './amount.ts';

const mustFail = (value: Json): boolean => sameJson(value, { fails: true });

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
    return sameJson(found[fact] ?? null, expected) ? [] : [`${at}: it is ${JSON.stringify(found[fact] ?? null)} instead of ${JSON.stringify(expected)}`];
  });
});
