import { describe, expect, it } from '@jest/globals';
import type { GrantClaims, HaltNotice, Revocation } from '@countersign/contracts';
import { seniorHaltId } from '@countersign/kernel';
import { claimAction } from './claim.ts';
import type { ActionStore, AgentsNow, HaltsNow } from './ports.ts';

const grant: GrantClaims = { jti: 'g1', tenant: 'acme', run: 'r', action: 'a', agent: 'payer', tool: 'payments.transfer', definition: 'd', args: 'h', aud: 'payments', policy: 'v1', tier: 4, claim: true, jkt: 'k', iat: 100, exp: 130 };
const ids = { now: 105_000, jti: 'c1' };
const store = { find: () => Promise.resolve({ status: 'granted', agent: 'payer', tool: 'payments.transfer', claimedBy: null, claim: null }), claim: () => Promise.resolve(true) } as unknown as ActionStore;
const under = (...halts: string[]): HaltsNow => ({ isStale: () => false, halted: (_, except) => { const halt = halts.find((id) => id !== except); return halt === undefined ? undefined : { halt, scope: { kind: 'run', id: 'r' } } as HaltNotice; } });
const agents = (isActive: boolean, isStale = false): AgentsNow => ({ ready: Promise.resolve(), isStale: () => isStale, isActive: () => isActive, owner: () => undefined });
const nothingRevoked = { isStale: () => false, work: (): Revocation | undefined => undefined };
const claim = (halts: HaltsNow, standing: AgentsNow, revocations = nothingRevoked) => claimAction(store, halts, standing, revocations, grant, ids);

describe('claiming an action', () => {
  it('is confirmed while nothing stops it', async () => expect(await claim(under(), agents(true))).toMatchObject({ status: 'claimed', claims: { jti: 'c1', grant: 'g1' } }));
  it('is refused once the agent is not active any more', async () => expect(await claim(under(), agents(false))).toMatchObject({ status: 'refused', code: 'agent_not_active' }));
  it('waits while the agents cannot be seen', async () => expect(await claim(under(), agents(true, true))).toMatchObject({ code: 'stale_snapshot' }));
  it('is refused once its session was revoked, and waits while revocations cannot be seen', async () => {
    expect(await claim(under(), agents(true), { isStale: () => false, work: ({ jkt }: GrantClaims) => (jkt === 'k' ? { kind: 'session' } as Revocation : undefined) } as typeof nothingRevoked)).toMatchObject({ status: 'refused', code: 'credential_revoked' });
    expect(await claim(under(), agents(true), { ...nothingRevoked, isStale: () => true })).toMatchObject({ code: 'stale_snapshot' });
  });
  it('is not stopped by the halt that held the run for this very decision, but by any other', async () => {
    expect(await claim(under(seniorHaltId('r', 'a')), agents(true))).toMatchObject({ status: 'claimed' });
    expect(await claim(under(seniorHaltId('r', 'b')), agents(true))).toMatchObject({ code: 'halted' });
    expect(await claim(under(seniorHaltId('r', 'a'), 'h1'), agents(true))).toMatchObject({ code: 'halted' });
  });
});
