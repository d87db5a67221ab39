import type { GovernedRecord, JsonObject } from '@countersign/contracts';
import { bindingOf, effectiveArguments } from '@countersign/kernel';
import type { ApprovalCommand } from './commands.ts';

/** A command and the approval it is for. */
export interface Reaction { readonly approval: string; readonly command: ApprovalCommand }

/** Which approvals are open for an action, so that they can be cancelled when something else ended it. */
export interface OpenApprovals { readonly forAction: (run: string, action: string) => readonly string[]; readonly forRun: (run: string) => readonly string[] }

/**
 * What a governed record means for approvals: a step_up opens one, any later decision or end of the action closes those that are open.
 * @param approvalId of (run, action, position): the same record always opens the same approval
 */
export const react = (record: GovernedRecord, open: OpenApprovals, approvalId: (run: string, action: string, position: number) => string): readonly Reaction[] => {
  const cancel = (approvals: readonly string[]): Reaction[] => approvals.map((approval) => ({ approval, command: { type: 'cancel', now: record.now } }));
  if (record.run === null) return [];
  switch (record.kind) {
    case 'action.decided': {
      const asked = record.decision.decision === 'step_up' ? record.decision.approval : null;
      if (asked === null) return cancel(open.forAction(record.run, record.action));
      const approval = approvalId(record.run, record.action, record.position);
      const others = open.forAction(record.run, record.action).filter((other) => other !== approval);
      return [...cancel(others), {
        approval,
        command: {
          type: 'request', now: record.now,
          question: {
            approval, tenant: record.tenant, run: record.run, action: record.action, agent: record.agent ?? '', tool: record.tool, answers: record.position,
            digest: asked.digest, tier: record.decision.tier, expiresAt: asked.expiresAt, ask: asked, binding: bindingOf(record) as JsonObject,
            evidence: { arguments: effectiveArguments(record), ...(record.modified !== undefined && { changes: record.modified.changes }), reason: record.message.reason, facts: record.facts, rules: record.decision.rules, policyVersion: record.decision.policyVersion },
          },
        },
      }];
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
