import type { GovernedDecided, GovernedRecord, Json, JsonObject } from '@countersign/contracts';
import { effectiveArguments } from '@countersign/kernel';
import type { AgentRecord } from './agent-record.ts';
import type { Current } from './current.ts';
import type { ApprovalCommand } from './commands.ts';
import type { Evidence, Instruction } from './events.ts';

/** A command and the approval it is for. */
export interface Reaction { readonly approval: string; readonly command: ApprovalCommand }

/** Which approvals are open for an action, so that they can be cancelled when something else ended it. */
export interface OpenApprovals { readonly forAction: (run: string, action: string) => readonly string[]; readonly forRun: (run: string) => readonly string[]; /** Of an action, those that were said to be approved. */ readonly approved: (run: string, action: string) => readonly string[] }

/** `approvalId` of (run, action, position); `digest` of canonical JSON; `agentRecord` as it stands when people are asked, `current` what the tool's reader says by then, `instruction` what the run was told. */
export interface Making { approvalId(run: string, action: string, position: number): string; digest(value: Json): string; readonly agentRecord: AgentRecord; readonly current?: Current | undefined; readonly instruction?: Instruction | undefined }

/** Policy's codes for approvals whose votes did not hold. */
const notHeld: ReadonlySet<string> = new Set(['votes_invalid', 'frozen']);

const evidenceOf = (record: GovernedDecided, { agentRecord, current, instruction }: Making): Evidence => {
  const { modified, message, decision } = record;
  return {
    arguments: effectiveArguments(record) as JsonObject, ...(modified !== undefined && { proposed: message.arguments, changes: modified.changes }),
    reason: message.reason, facts: record.facts, failed: (record.failed ?? []).map(({ fact }) => fact), rules: decision.rules, policyVersion: decision.policyVersion,
    level: record.snapshots.level, cost: record.reserved.money, agentRecord, ...(current !== undefined && { current }), ...(instruction !== undefined && { instruction }),
  };
};

/**
 * What a governed record means for approvals: a step_up opens one, any later decision or end of the action closes those that are open.
 * @param making the same record always opens the same approval
 */
export const react = (record: GovernedRecord, open: OpenApprovals, making: Making): readonly Reaction[] => {
  const { approvalId, digest } = making;
  const cancel = (approvals: readonly string[]): Reaction[] => approvals.map((approval) => ({ approval, command: { type: 'cancel', now: record.now } }));
  if (record.run === null) return [];
  switch (record.kind) {
    case 'action.decided': {
      const asked = record.decision.decision === 'step_up' ? record.decision.approval : null;
      if (asked === null) return cancel(open.forAction(record.run, record.action));
      const approval = approvalId(record.run, record.action, record.position);
      const others = open.forAction(record.run, record.action).filter((other) => other !== approval);
      const evidence = evidenceOf(record, making);
      return [...cancel(others), {
        approval,
        command: {
          type: 'request', now: record.now,
          question: {
            approval, tenant: record.tenant, run: record.run, action: record.action, agent: record.agent ?? '', tool: record.tool, round: record.round, answers: record.position,
            digest: asked.digest, tier: record.decision.tier, expiresAt: asked.expiresAt, ask: asked, evidence, evidenceDigest: digest(evidence as unknown as Json),
          },
        },
      }];
    }
    case 'message.refused': {
      const { action } = record.reply;
      return record.ceType === 'countersign.runs.resolved.v1' && notHeld.has(record.code) && action !== null ? open.approved(record.run, action).map((approval) => ({ approval, command: { type: 'reopen', why: record.detail.slice(0, 500), now: record.now } })) : [];
    }
    case 'action.cancelled':
    case 'action.outcome':
      return cancel(open.forAction(record.run, record.action));
    case 'run.ended':
      return cancel(open.forRun(record.run));
    default:
      return [];
  }
};
