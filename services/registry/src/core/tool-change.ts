import type { ToolDefinition } from './tool.ts';

/** Strongest last: who holds the tool's credential. */
const enforcement = ['cooperative', 'brokered', 'sandboxed'];

const same = (a: unknown, b: unknown): boolean => JSON.stringify(sorted(a)) === JSON.stringify(sorted(b));
const sorted = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, inner]) => [name, sorted(inner)]));
};

/**
 * In which ways a changed definition may let a decision come out lower, in words; empty where it only tightens or renames. What cannot be
 * told to tighten counts: a schema, an extractor or a compensator that differs may do anything.
 */
export const mayLoosen = (before: ToolDefinition, after: ToolDefinition): readonly string[] => {
  const ways: string[] = [];
  const weaker = (scale: readonly string[], a: string, b: string): boolean => a !== b && !(scale.includes(a) && scale.includes(b) && scale.indexOf(b) > scale.indexOf(a));
  if (before.consequential && !after.consequential) ways.push('it is no longer called consequential');
  if (!before.reversible && after.reversible) ways.push('it is now called reversible');
  if (weaker(enforcement, before.enforcement, after.enforcement)) ways.push(`its enforcement goes from ${before.enforcement} to ${after.enforcement}`);
  // Nothing is trusted less than what third parties wrote; of our own records and of directories rules say different things.
  if (before.resultTrust !== after.resultTrust && after.resultTrust !== 'third_party') ways.push(`its result is trusted as ${after.resultTrust} instead of ${before.resultTrust}`);
  if (!same(before.resultFields, after.resultFields)) ways.push('fields of its result are trusted otherwise');
  if (before.dataClasses.some((one) => !after.dataClasses.includes(one))) ways.push('it names fewer data classes');
  for (const name of ['schema', 'facts', 'compensator', 'audience', 'system'] as const) if (!same(before[name], after[name])) ways.push(`its ${name} changed`);
  // Somebody else's server says what the tool does: another definition there is another tool.
  if (before.source?.server !== after.source?.server || before.source?.name !== after.source?.name) ways.push('it comes from another source');
  else if (before.source?.digest !== after.source?.digest) ways.push('its definition changed at its source');
  if ((before.tests ?? []).some((test) => !(after.tests ?? []).some((one) => same(one, test)))) ways.push('it has other tests');
  const known = new Set(['source', 'tests', 'tool', 'title', 'consequential', 'reversible', 'enforcement', 'resultTrust', 'resultFields', 'dataClasses', 'schema', 'facts', 'compensator', 'audience', 'system']);
  for (const name of new Set([...Object.keys(before), ...Object.keys(after)])) {
    if (!known.has(name) && !same(before[name as keyof ToolDefinition], after[name as keyof ToolDefinition])) ways.push(`its ${name} changed`);
  }
  return ways;
};
