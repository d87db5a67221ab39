import { describe, expect, it } from '@jest/globals';
import type { PublicJwk, Revocation } from '@countersign/contracts';
import { fold } from '@countersign/kernel';
import { credentialsDecider, mostLiveKeys } from './credentials.ts';
import type { CredentialsCommand, CredentialsEvent } from './credentials.ts';
import { keyClaimDecider } from './key-claim.ts';

const day = 86_400_000;
const jwk = (n: number): PublicJwk => ({ kty: 'OKP', crv: 'Ed25519', x: String(n).padEnd(43, 'A'), kid: `k-${n}` });
const add = (n: number, change: Partial<Extract<CredentialsCommand, { type: 'add_key' }>> = {}): CredentialsCommand =>
  ({ type: 'add_key', tenant: 'acme', agent: 'payer', key: jwk(n), thumbprint: `t${n}`, notAfter: 90 * day, retireOthersAt: null, by: 'op', reason: 'r', now: 1_000, ...change });
const history = (...commands: CredentialsCommand[]): CredentialsEvent[] => {
  const events: CredentialsEvent[] = [];
  for (const command of commands) {
    const outcome = credentialsDecider.decide(command, fold(credentialsDecider, events));
    if (outcome.status !== 'accepted') throw new Error(`${command.type}: ${outcome.status}`);
    events.push(...outcome.events);
  }
  return events;
};
const after = (...commands: CredentialsCommand[]) => {
  const state = fold(credentialsDecider, history(...commands));
  return { state, when: (command: CredentialsCommand) => { const outcome = credentialsDecider.decide(command, state); return outcome.status === 'refused' ? outcome.code : outcome.status; } };
};
const entry = (revocation: string): Revocation => ({ revocation, tenant: 'acme', agent: 'payer', kind: 'session', subject: 's', from: 0, until: 1, reason: 'r', by: 'op', at: 0 });

describe('keys of an agent', () => {
  it('are added beside each other, once each', () => {
    const w = after(add(1), add(2));
    expect(w.state.keys.map(({ kid, notBefore, notAfter }) => [kid, notBefore, notAfter])).toEqual([['k-1', 1_000, 90 * day], ['k-2', 1_000, 90 * day]]);
    expect([w.when(add(2)), w.when(add(3, { key: { ...jwk(3), kid: 'k-1' } })), w.when(add(3, { notAfter: 1_000 }))]).toEqual(['nothing-new', 'key_in_use', 'invalid_request']);
  });

  it('are rotated with an overlap, and what is retired stays so in the set of revocations', () => {
    const w = after(add(1), add(2, { retireOthersAt: 5_000 }));
    expect(w.state.keys.map(({ kid, notAfter, replaced }) => [kid, notAfter, replaced])).toEqual([['k-1', 5_000, true], ['k-2', 90 * day, false]]);
    expect([...w.state.revoked]).toEqual(['key:t1:5000']);
    // A retired key never comes back, not even under another name.
    expect([w.when(add(1, { now: 6_000 })), w.when(add(1, { key: { ...jwk(1), kid: 'k-9' } }))]).toEqual(['key_in_use', 'key_in_use']);
    // The overlap of an earlier rotation is not made longer by a later one.
    expect(after(add(1), add(2, { retireOthersAt: 5_000 }), add(3, { retireOthersAt: 9_000 })).state.keys.map(({ notAfter }) => notAfter)).toEqual([5_000, 9_000, 90 * day]);
  });

  it('are few; those that are over do not count', () => {
    const full = after(...Array.from({ length: mostLiveKeys }, (_, n) => add(n, { notAfter: 2_000 + n })));
    expect([full.when(add(99)), full.when(add(99, { retireOthersAt: 1_000 })), full.when(add(99, { now: 2_001 }))]).toEqual(['key_limit', 'accepted', 'accepted']);
  });

  it('are announced once before they end, unless another took their place', () => {
    const announce: CredentialsCommand = { type: 'announce_expiry', until: 91 * day, now: 80 * day };
    expect(history(add(1), announce).at(-1)).toMatchObject({ type: 'credentials.key_expiring', kid: 'k-1', notAfter: 90 * day });
    expect(after(add(1), announce).when(announce)).toBe('nothing-new');
    expect(after(add(1), add(2, { notAfter: 200 * day, retireOthersAt: 90 * day })).when(announce)).toBe('nothing-new');
  });

  it('belong to one agent for good', () => {
    const claim = (agent: string) => ({ type: 'claim', agent, now: 1 } as const);
    const taken = keyClaimDecider.evolve(keyClaimDecider.initialState, { type: 'key.claimed', agent: 'payer', at: 1 });
    expect([keyClaimDecider.decide(claim('payer'), taken).status, keyClaimDecider.decide(claim('thief'), taken)]).toEqual(['nothing-new', expect.objectContaining({ code: 'key_in_use', detail: expect.not.stringContaining('payer') })]);
  });
});

describe('revocations', () => {
  it('only grow: an entry counts once, whether it was made here or came back from the topic', () => {
    const revoke = (...ids: string[]): CredentialsCommand => ({ type: 'revoke', revocations: ids.map(entry), now: 1 });
    expect(history(revoke('a', 'b'), { type: 'restore', revocations: [entry('b'), entry('c')], now: 2 }).map(({ type }) => type)).toEqual(['credentials.revoked', 'credentials.revoked', 'credentials.revocation_restored']);
    expect(after(revoke('a')).when(revoke('a'))).toBe('nothing-new');
  });
});
