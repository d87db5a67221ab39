import type { BundleSpec } from '../../core/rules/bundle.ts';
import { linesOf } from '../../core/rules/matrix-shape.ts';
import type { CompiledBundle } from '../../core/rules/compile.ts';
import { standardFacts } from '../../core/facts/names.ts';
import type { Catalogue, Problem } from '../types.ts';
import { derivableFacts } from '../logic/tool-world.ts';

const warning = (kind: Problem['kind'], rule: string | null, why: string): Problem => ({ kind, severity: 'warning', rule, why, tools: [] });

/** What can be seen without asking a solver: names that nothing has or nobody reads. */
export const lintStructure = (spec: BundleSpec, bundle: CompiledBundle, catalogue: Catalogue): Problem[] => {
  const names = catalogue.map(({ tool }) => tool);
  const meets = (pattern: string): boolean => (pattern.endsWith('*') ? names.some((name) => name.startsWith(pattern.slice(0, -1))) : names.includes(pattern));
  const problems: Problem[] = [];
  for (const list of ['permit', 'neverAutomate'] as const) {
    for (const pattern of spec[list] ?? []) if (!meets(pattern)) problems.push(warning('no_tool', null, `${list} names ${pattern}, which no tool of the catalogue is called`));
  }
  for (const { id, tools } of spec.rules) {
    const idle = tools.filter((pattern) => !meets(pattern));
    if (idle.length > 0) problems.push(warning('no_tool', id, idle.length === tools.length ? `applies to no tool of the catalogue (${idle.join(', ')})` : `names ${idle.join(', ')}, which no tool of the catalogue is called`));
  }
  const read = new Set(bundle.rules.flatMap(({ when, rewrites }) => [...when.uses, ...rewrites.flatMap(({ value }) => value.uses)]));
  for (const name of Object.keys(spec.parameters ?? {})) if (!read.has(`parameters.${name}`)) problems.push(warning('unused_parameter', null, `parameters.${name} is read by no rule`));
  for (const { fact } of Object.values(spec.matrix ?? {}).flatMap((lines) => linesOf(lines))) read.add(fact);
  const derived = derivableFacts(catalogue);
  for (const name of spec.facts ?? []) {
    if (Object.hasOwn(standardFacts, name)) continue;
    if (!read.has(name)) problems.push(warning('unused_fact', null, `${name} is declared and read by no rule`));
    else if (!derived.has(name)) problems.push(warning('underived_fact', null, `no tool of the catalogue derives ${name}: rules that read it fail until a service supplies it`));
  }
  return problems;
};
