import type { BusMessage } from '@countersign/bus';

const offsets = new Map<string, bigint>();
/** The next record of a topic, as the bus hands it over. */
export const told = (topic: string, type: string, body: object, change: Partial<BusMessage> = {}): BusMessage => {
  const offset = offsets.get(topic) ?? 0n;
  offsets.set(topic, offset + 1n);
  return {
    topic, partition: 0, offset, timestamp: 1_793_500_000_000 + Number(offset), key: 'k', value: Buffer.from(JSON.stringify(body)),
    headers: { ce_id: `${topic}.${offset}`, ce_type: `countersign.${type}.v1`, tenant: 'acme', traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01' }, ...change,
  };
};

export const run = '0192f5a0-7e1a-7c3e-9a55-3f3c2b1a0d4e';
export const action = '0192f5a0-8f00-7a11-8c01-000000000001';
const digest = '47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU';
const at = 1_793_500_000_000;
const base = (position: number) => ({ position, tenant: 'acme', run, agent: 'payer', inbox: null, now: at + position * 100, seq: position, traceparent: null });
const decision = (decided: string, more: object = {}) => ({ decision: decided, tier: 3, code: decided === 'allow' ? null : 'approval_required', rules: [{ id: 'money.large', tier: 3, decision: null, reason: 'much' }], policyVersion: 'p-1', approval: null, claim: true, ...more });
const proposed = { action, tool: 'payments.transfer', arguments: { to: 'NL01PRNT', minor: 900 }, deadline: null, reason: '<script>the toner</script> is empty', confidence: null };
const governed = (position: number, kind: string, body: object): BusMessage => told('runs.governed.v1', `governed.${kind}`, { ...base(position), kind, ...body });
const approvals = (version: number, type: string, by: string, data: object): BusMessage => told('approvals.events.v1', 'approvals.event', { stream: 'approval-7', version, type, at: at + 100 + version * 10, by, data });

/** A payment that a person approved, from the first message of its run to the last: as the bus hands it over. */
export const payment = (): readonly BusMessage[] => [
  governed(0, 'run.started', { message: { instruction: { text: 'pay the printer', attestation: 'x' }, traceId: null }, token: { scope: 'payments.*' }, instruction: { attestedBy: 'ann' } }),
  governed(1, 'action.decided', { action, tool: 'payments.transfer', round: 1, message: proposed, resolved: null, facts: {}, decision: decision('step_up', { approval: { route: ['finance'], quorum: 1, expiresAt: 0, digest, requesters: ['ann'] } }), snapshots: { agent: 3, tool: 2, halts: 0, level: 'normal' } }),
  approvals(1, 'requested', 'approvals', { type: 'requested', question: { approval: '7', run, action, agent: 'payer', tool: 'payments.transfer', digest, route: ['finance'], requesters: ['ann'] } }),
  approvals(2, 'voted', 'tess', { type: 'voted', vote: { person: 'tess', vote: 'approve', jws: 'x' }, reason: 'the invoice is real' }),
  governed(2, 'action.decided', { action, tool: 'payments.transfer', round: 2, message: proposed, resolved: { approval: '7', action, answers: 1, digest, resolution: 'approved', votes: [{ person: 'tess', vote: 'approve', jws: 'x' }] }, facts: {}, decision: decision('allow'), snapshots: { agent: 3, tool: 2, halts: 0, level: 'normal' } }),
  governed(3, 'action.outcome', { action, tool: 'payments.transfer', message: { action, status: 'succeeded', result: 'paid, receipt 77', error: null, cost: null, tokens: null, durationMs: 12 }, settled: { calls: 1, money: null } }),
  governed(4, 'run.ended', { reason: 'done', denied: [] }),
];
