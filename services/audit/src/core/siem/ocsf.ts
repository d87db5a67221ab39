import type { ApiActivity } from '@countersign/contracts';
import { operationOf, severityOf } from './record.ts';
import type { SiemRecord } from './record.ts';

const severities = { 1: 'Informational', 2: 'Low', 3: 'Medium', 4: 'High' } as const;
/** OCSF security_control profile: what was done about it. */
const actions = { allow: [1, 'Allowed'], modify: [4, 'Modified'], deny: [2, 'Denied'], step_up: [99, 'Stepped up to people'], defer: [99, 'Deferred'] } as const;

/** Success, failure, or something in between; of a decision, of an outcome, or of nothing that could fail. */
const statusOf = ({ decision, outcome }: SiemRecord): readonly [1 | 2 | 99, string] => {
  if (outcome !== null) return outcome === 'succeeded' ? [1, 'Success'] : outcome === 'failed' ? [2, 'Failure'] : [99, outcome];
  if (decision === null || decision === 'allow' || decision === 'modify') return [1, 'Success'];
  return decision === 'deny' ? [2, 'Failure'] : [99, decision === 'defer' ? 'Deferred' : 'Waiting for people'];
};

/**
 * One entry as OCSF API Activity (class 6003, OCSF 1.9): the agent is the application that acts, the decision its authorization.
 * `metadata.uid` is the log and the entry's index, the same at every attempt, so that a receiver drops what came twice.
 */
export const toApiActivity = (record: SiemRecord, origin: string): ApiActivity => {
  const operation = operationOf(record);
  const [statusId, status] = statusOf(record);
  const severity = severityOf(record);
  const action = record.decision === null ? undefined : actions[record.decision as keyof typeof actions];
  return {
    activity_id: 99, activity_name: operation, category_uid: 6, category_name: 'Application Activity', class_uid: 6003, class_name: 'API Activity', type_uid: 600399, type_name: 'API Activity: Other',
    time: record.at, severity_id: severity, severity: severities[severity], status_id: statusId, status, ...(record.code !== null && { status_code: record.code }),
    ...(action && { action_id: action[0], action: action[1] }),
    message: [record.agent, operation, record.tool, record.decision, record.outcome].filter((part) => part !== null).join(' '),
    metadata: { version: '1.9.0', uid: `${origin}/${record.index}`, sequence: record.index, log_name: origin, event_code: record.type, profiles: ['security_control'], product: { name: 'Countersign', vendor_name: 'Countersign' }, ...(record.trace !== null && { correlation_uid: record.trace }) },
    actor: {
      app_name: 'Countersign', app_uid: record.agent ?? 'countersign',
      ...(record.people.length > 0 && { user: { name: record.people[0]!, uid: record.people[0]!, type: 'User', type_id: 1 } }),
      ...(record.decision !== null && { authorizations: [{ decision: record.decision, policy: { name: record.rules.join(', ') || 'no rule', uid: record.rules[0] ?? 'none', is_applied: true } }] }),
    },
    api: { operation: record.tool ?? operation, service: { name: 'Countersign' }, ...(record.action !== null && { request: { uid: record.action } }) },
    src_endpoint: { name: record.agent ?? 'countersign', uid: record.agent ?? 'countersign', type: 'AI agent', type_id: 99 },
    resources: record.tool === null ? [] : [{ uid: record.tool, type: 'tool' }],
    unmapped: { index: record.index, run: record.run, stream: record.stream, tier: record.tier, rules: record.rules, people: record.people },
  };
};
