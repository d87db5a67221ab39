import type { GovernedRecord, Json } from '@countersign/contracts';
import type { Observation } from '../core/observe.ts';

/** Most targets looked at of one action, and how much of each: memory per agent stays bounded. */
const mostTargets = 50;
const longestTarget = 200;

const texts = (value: Json | undefined): readonly string[] => {
  const list = Array.isArray(value) ? value as readonly Json[] : [value];
  return list.filter((one): one is string => typeof one === 'string' && one !== '').slice(0, mostTargets);
};

/** Names that read. Only used where policy recorded no fact about the tool. */
const reads = /^(get|search|read|list|check)_/;
const looksConsequential = (tool: string): boolean => !reads.test(tool.slice(tool.lastIndexOf('.') + 1));

/**
 * What anomaly detection needs of a governed record: each action once, as proposed (round 1). Later rounds are the same act again.
 * @param shorten makes one bounded text of a long target, the same for the same target
 */
export const toObservation = (record: GovernedRecord, shorten: (target: string) => string): Observation | undefined => {
  if (record.kind !== 'action.decided' || record.round !== 1 || record.agent === null || record.run === null) return undefined;
  const consequential = record.facts['tool.consequential']?.value;
  return {
    tenant: record.tenant, agent: record.agent, run: record.run, action: record.action, tool: record.tool, now: record.now,
    consequential: typeof consequential === 'boolean' ? consequential : looksConsequential(record.tool),
    targets: texts(record.facts['target']?.value).map((target) => (target.length > longestTarget ? shorten(target) : target)),
  };
};
