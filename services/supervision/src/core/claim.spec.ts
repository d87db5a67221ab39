import { describe, expect, it } from '@jest/globals';
import type { GrantClaims, HaltNotice } from '@countersign/contracts';
import { decideClaim } from './claim.ts';
import type { ActionRow } from './claim.ts';

const grant: GrantClaims = { jti: 'g1', tenant: 'acme', run: 'r', action: 'a', agent: 'payer', tool: 'payments.transfer', definition: 'd', args: 'h', aud: 'payments', policy: 'v1', tier: 3, claim: true, jkt: 'k', iat: 100, exp: 130 };
const granted: ActionRow = { status: 'granted', agent: 'payer', tool: 'payments.transfer', claimedBy: null, claim: null };
const ids = { now: 105_000, jti: 'c1' };
const code = (answer: ReturnType<typeof decideClaim>) => (answer.status === 'refused' ? answer.code : answer.status);

describe('the claim', () => {
  it('is given once the action is granted, for seconds, never longer than the grant', () => {
    expect(decideClaim(grant, granted, undefined, ids)).toMatchObject({ status: 'move', claims: { jti: 'c1', grant: 'g1', aud: 'payments', iat: 105, exp: 115 } });
    expect(decideClaim(grant, granted, undefined, { ...ids, now: 128_000 })).toMatchObject({ claims: { exp: 130 } });
  });

  it('is the same claim when the same grant asks again, and refused to any other', () => {
    const claimed: ActionRow = { ...granted, status: 'claimed', claimedBy: 'g1', claim: { jti: 'c1', iat: 105, exp: 115 } };
    expect(decideClaim(grant, claimed, undefined, { ...ids, jti: 'c2' })).toMatchObject({ status: 'repeat', claims: { jti: 'c1', exp: 115 } });
    expect(code(decideClaim({ ...grant, jti: 'g2' }, claimed, undefined, ids))).toBe('claim_refused');
    expect(code(decideClaim(grant, claimed, undefined, { ...ids, now: 115_000 }))).toBe('claim_refused');
  });

  it.each<[string, ActionRow | undefined, string]>([
    ['the decision has not arrived', undefined, 'not_ready'],
    ['people are still asked', { ...granted, status: 'open' }, 'not_ready'],
    ['it was cancelled', { ...granted, status: 'cancelled' }, 'cancelled'],
    ['it is over', { ...granted, status: 'finished' }, 'claim_refused'],
    ['it was denied after all', { ...granted, status: 'denied' }, 'claim_refused'],
    ['the grant is of another agent', { ...granted, agent: 'mailer' }, 'claim_refused'],
  ])('is refused when %s', (_, row, expected) => {
    expect(code(decideClaim(grant, row, undefined, ids))).toBe(expected);
  });

  it('is refused under a halt and after the grant has expired', () => {
    const halted: HaltNotice = { halt: 'h', op: 'halt', mode: 'halt', tenant: 'acme', scope: { kind: 'tool', id: 'payments.transfer' }, by: 'sue', reason: 'drill', at: 1 };
    expect(code(decideClaim(grant, granted, halted, ids))).toBe('halted');
    expect(code(decideClaim(grant, granted, undefined, { ...ids, now: 130_000 }))).toBe('grant_expired');
  });
});
