import type { GovernedRecord, RunEvent } from '@countersign/contracts';

/** What happened to a run, in one line: what a timeline shows and what live readers get. The whole record is audit's. */
export type RunFact = Omit<RunEvent, 'id'>;

const longest = 300;
const cut = (text: string | null | undefined): string | null => (text == null ? null : text.slice(0, longest).toWellFormed());

/** The line of a governed record; undefined where it is about no run. Texts are cut: they are shown, nothing is decided by them. */
export const factOf = (record: GovernedRecord): RunFact | undefined => {
  const { run, agent } = record;
  if (run === null) return undefined;
  const base = { run, agent: agent ?? '', kind: record.kind, at: record.now };
  switch (record.kind) {
    case 'run.started':
      return { ...base, reason: cut(record.message.delegation?.arguments.instruction ?? record.message.instruction.text), ...(record.token.parent !== undefined && { parent: record.token.parent.run }) };
    case 'action.decided': {
      const { tier, decision, code, rules } = record.decision;
      return { ...base, action: record.action, tool: record.tool, round: record.round, tier, decision, code, rules: rules.slice(0, 16).map(({ id, reason }) => ({ id, reason: cut(reason)! })) };
    }
    case 'action.outcome':
      return { ...base, action: record.action, tool: record.tool, outcome: record.message.status, cost: record.message.cost, reason: cut(record.message.error) };
    case 'action.cancelled':
      return { ...base, action: record.action, by: record.by, reason: cut(record.reason) };
    case 'action.reversed':
      return { ...base, action: record.action, tool: record.message.compensator, by: record.message.by, outcome: record.message.status };
    case 'run.halted':
    case 'run.resumed':
      return { ...base, halt: record.halt, by: record.by, reason: cut(record.reason) };
    case 'run.ended':
      return { ...base, reason: record.reason };
    case 'message.refused':
      return { ...base, code: record.code, reason: cut(record.detail) };
    default:
      return undefined;
  }
};
