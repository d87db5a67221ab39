import type { GovernedDecided } from '@countersign/contracts';

/** Policy's question number n, about a payment; `relaxed`: who asked for it and may decide all the same. */
export const askedOf = (run: string, n: number, { amount = 500, tier = 3, quorum = 1, lifeMs = 600_000, relaxed }: { readonly amount?: number; readonly tier?: 3 | 4; readonly quorum?: number; readonly lifeMs?: number; readonly relaxed?: readonly string[] }, now: number): GovernedDecided => ({
  position: n, tenant: 'acme', run, agent: 'payer', inbox: null, now, seq: null, traceparent: null, kind: 'action.decided', action: 'a1', tool: 'payments.transfer', round: 1,
  message: { action: 'a1', tool: 'payments.transfer', arguments: { to: 'DE1', minor: amount }, deadline: null, reason: 'for <!channel>', confidence: null }, resolved: null, facts: { amount: { value: amount, origin: 'derived' }, currency: { value: 'EUR', origin: 'derived' } },
  decision: { decision: 'step_up', tier, code: null, rules: [], policyVersion: 'v1', claim: true, approval: { route: ['treasurer'], quorum, expiresAt: now + lifeMs, digest: `digest-${n}`, requesters: ['olga'], ...(relaxed !== undefined && { relaxed: { people: relaxed, reason: 'two people run this' } }) } },
  snapshots: { agent: 1, tool: 1, halts: 0, level: 'normal' }, reserved: { calls: 1, money: null }, attested: true, reply: {},
} as unknown as GovernedDecided);
