import { describe, expect, it } from '@jest/globals';
import type { ApprovalAsked, GrantClaims, HaltNotice, Revocation } from '@countersign/contracts';
import { seniorHaltId } from '@countersign/kernel';
import type { CheckedVote } from '@countersign/kernel';
import { claimAction } from './claim.ts';
import type { ActionStore, AgentsNow, HaltsNow, VotersNow } from './ports.ts';

const grant: GrantClaims = { jti: 'g1', tenant: 'acme', run: 'r', action: 'a', agent: 'payer', tool: 'payments.transfer', definition: 'd', args: 'h', aud: 'payments', policy: 'v1', tier: 4, claim: true, jkt: 'k', iat: 100, exp: 130 };
const ids = { now: 105_000, jti: 'c1' };
const store = { find: () => Promise.resolve({ status: 'granted', agent: 'payer', tool: 'payments.transfer', claimedBy: null, claim: null }), claim: () => Promise.resolve(true) } as unknown as ActionStore;
const under = (...halts: string[]): HaltsNow => ({ isStale: () => false, halted: (_, except) => { const halt = halts.find((id) => id !== except); return halt === undefined ? undefined : { halt, scope: { kind: 'run', id: 'r' } } as HaltNotice; } });
const agents = (isActive: boolean, isStale = false): AgentsNow => ({ ready: Promise.resolve(), isStale: () => isStale, isActive: () => isActive, owner: () => undefined, ids: () => new Set() });
const nothingRevoked = { isStale: () => false, work: (): Revocation | undefined => undefined };
const nobodyVoted: VotersNow = { isStale: () => false, check: () => [] };
const claim = (halts: HaltsNow, standing: AgentsNow, revocations = nothingRevoked) => claimAction(store, halts, standing, revocations, nobodyVoted, grant, ids);

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

  describe('that people approved', () => {
    const asked = { route: ['treasurer'], quorum: 2, requesters: ['owner'], expiresAt: 1, digest: 'd', askedAt: 90_000 } as ApprovalAsked;
    const approved = { approval: 'apr_1', digest: 'd', votes: [] };
    const vote = (person: string, over: Partial<CheckedVote> = {}): CheckedVote => ({ person, vote: 'approve', roles: ['treasurer'], why: null, channel: null, ...over });
    const claimed = (votes: readonly CheckedVote[], row: object = { asked, approved }, isStale = false) => claimAction(
      { ...store, find: async () => ({ ...await store.find({} as never), ...row }) } as ActionStore, under(), agents(true), nothingRevoked, { isStale: () => isStale, check: () => votes }, grant, ids);

    it('is confirmed while they may still decide', async () => expect(await claimed([vote('tess'), vote('theo')])).toMatchObject({ status: 'claimed' }));
    it.each<[string, Partial<CheckedVote>]>([
      ['has lost the role', { roles: ['clerk'] }],
      ['has left, or was suspended', { why: 'not an active person', roles: [] }],
      ['was given the role after it was asked', { rolesSince: { treasurer: 95_000 } }],
      ['let their own time for it run out', { conditions: { until: 105 } }],
      ['agreed beforehand, and that is over', { conditions: { until: 104 } }],
    ])('is refused where one of them %s since', async (_, over) => {
      expect(await claimed([vote('tess'), vote('theo', over)])).toMatchObject({ status: 'refused', code: 'approval_lapsed', detail: expect.stringContaining('1 of 2') });
    });
    it('is confirmed where the glass was broken by people who still may', async () => {
      const glass = { ...asked, breakGlass: { roles: ['senior'], count: 2, lifeMs: 1_000 } };
      const broken = (person: string, roles = ['senior']) => vote(person, { vote: 'break_glass', roles });
      expect(await claimed([broken('sena'), broken('olga')], { asked: glass, approved })).toMatchObject({ status: 'claimed' });
      expect(await claimed([broken('sena'), broken('olga', [])], { asked: glass, approved })).toMatchObject({ code: 'approval_lapsed' });
    });
    it('waits while the people cannot be seen', async () => expect(await claimed([vote('tess'), vote('theo')], { asked, approved }, true)).toMatchObject({ code: 'stale_snapshot' }));
    it('says the same again to who claimed it before, whoever has left since', async () => {
      expect(await claimed([], { asked, approved, status: 'claimed', claimedBy: 'g1', claim: { jti: 'c1', iat: 104, exp: 114 } })).toMatchObject({ status: 'claimed', claims: { jti: 'c1' } });
    });
  });
});
