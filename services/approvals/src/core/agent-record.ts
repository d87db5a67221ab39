import type { ApprovalEvidence, Finding, GovernedRecord } from '@countersign/contracts';

/** What became of an agent's last actions, and what anomaly detection found, the newest first. */
export type AgentRecord = ApprovalEvidence['agentRecord'];
export const noRecord: AgentRecord = { outcomes: [], findings: [] };

const most = { outcomes: 20, findings: 5, explanation: 1_000 } as const;
type Outcome = AgentRecord['outcomes'][number];

/** What a governed record says of its agent; undefined where nothing that an approver would want to know. */
export const outcomeIn = (record: GovernedRecord): { readonly agent: string; readonly outcome: Outcome } | undefined => {
  if (record.run === null || record.agent === null) return undefined;
  const of = (action: string, tool: string, status: string) => ({ agent: record.agent!, outcome: { run: record.run!, action, tool, status, at: record.now } });
  if (record.kind === 'action.outcome') return of(record.action, record.tool, record.message.status);
  return record.kind === 'action.decided' && record.decision.decision === 'deny' ? of(record.action, record.tool, 'denied') : undefined;
};

/** Safe to repeat: an action stands once. */
export const withOutcome = (record: AgentRecord, outcome: Outcome): AgentRecord => (
  record.outcomes.some(({ run, action, status }) => run === outcome.run && action === outcome.action && status === outcome.status) ? record
    : { ...record, outcomes: [outcome, ...record.outcomes].sort((a, b) => b.at - a.at).slice(0, most.outcomes) });

export const withFinding = (record: AgentRecord, { finding, kind, severity, explanation, at }: Finding): AgentRecord => (
  record.findings.some((one) => one.finding === finding) ? record
    : { ...record, findings: [{ finding, kind, severity, explanation: explanation.slice(0, most.explanation).toWellFormed(), at }, ...record.findings].sort((a, b) => b.at - a.at).slice(0, most.findings) });
