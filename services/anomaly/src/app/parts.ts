import type { DetectorState } from '../core/detect.ts';
import type { AgentFile } from '../core/finding/file.ts';
import { heal } from '../core/heal.ts';
import { emptyPartition, partitionOf } from '../core/partition.ts';
import type { PartitionState } from '../core/partition.ts';

type AgentPart = readonly [DetectorState['agents'] extends Map<string, infer A> ? A | null : never, AgentFile | null];

/** A partition's state falls into parts, saved as they change: each agent, each group of peers, each tenant, and what spread lately. */
const spread = 'spread';
const agent = 'agent ', group = 'group ', tenant = 'tenant ';

/** The parts that an entry about agents (by `agentKey`) may have changed. */
export const partsOf = (state: PartitionState, tenantName: string, agents: readonly string[]): readonly string[] => [
  spread, `${tenant}${tenantName}`,
  ...agents.flatMap((name) => [`${agent}${name}`, `${group}${tenantName} ${state.detector.agents.get(name)?.group ?? ''}`]),
];

/** What a part holds now; undefined: there is none of that name. */
export const readPart = ({ detector, files, spread: things }: PartitionState, part: string): unknown => {
  if (part === spread) return things;
  if (part.startsWith(group)) return detector.groups.get(part.slice(group.length));
  if (part.startsWith(tenant)) return detector.tenants.get(part.slice(tenant.length));
  const name = part.slice(agent.length);
  return [detector.agents.get(name) ?? null, files.get(name) ?? null] satisfies AgentPart;
};

/** The partition whose parts these are. Who had to be healed is told of when the next minute begins. */
export const assemble = (parts: ReadonlyMap<string, unknown>, minute: number): PartitionState => {
  const { detector, files, spread: fresh } = emptyPartition();
  const healed: string[] = [];
  for (const [name, part] of parts) {
    if (name.startsWith(group)) detector.groups.set(name.slice(group.length), part as never);
    else if (name.startsWith(tenant)) detector.tenants.set(name.slice(tenant.length), part as never);
    else if (name.startsWith(agent)) {
      const [baseline, file] = part as AgentPart;
      if (baseline !== null) detector.agents.set(name.slice(agent.length), baseline);
      if (baseline !== null && heal(baseline) && file !== null) healed.push(name.slice(agent.length));
      if (file !== null) files.set(name.slice(agent.length), file);
    }
  }
  const state = partitionOf(detector, files, (parts.get(spread) as PartitionState['spread'] | undefined) ?? fresh, minute);
  for (const name of healed) state.elevated.add(name);
  return state;
};
