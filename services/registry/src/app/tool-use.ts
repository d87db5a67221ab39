import type { GovernedRecord } from '@countersign/contracts';
import type { ToolUse } from './permission-ports.ts';

/** The first round of an action that needed its permission: let run, changed, waiting or put before people. A deny is no use. */
export const useIn = (record: GovernedRecord, partition: number): readonly ToolUse[] => {
  if (record.kind !== 'action.decided' || record.round !== 1 || record.agent === null || record.decision.decision === 'deny') return [];
  const target = record.facts['target']?.value;
  return [{ partition, position: record.position, agent: record.agent, tool: record.tool, at: record.now, money: record.reserved.money, targets: Array.isArray(target) ? target.filter((one): one is string => typeof one === 'string') : typeof target === 'string' ? [target] : [] }];
};
