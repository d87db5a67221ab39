import { describe, expect, it } from '@jest/globals';
import type { Revocation } from '@countersign/contracts';
import fc from 'fast-check';
import { createRevocationSet } from './revocation-set.ts';
import type { RevocableToken } from './revocation-set.ts';

const entry = (kind: Revocation['kind'], subject: string, from = 0, tenant = 'acme'): Revocation => ({ revocation: `${kind}:${subject}:${from}`, tenant, agent: 'payer', kind, subject, from, until: 1e15, reason: 'r', by: 'op', at: 0 });
const token: RevocableToken = { tenant: 'acme', sub: 'payer', jti: 'j', run: 'r', iat: 1_000, auth_time: 1_000, auth_key: 'k', cnf: { jkt: 's', jwk: { kty: 'OKP', crv: 'Ed25519', x: 'x', kid: 'session' } } };
const grant = { tenant: 'acme', agent: 'payer', run: 'r', jkt: 's', iat: 1_000 };
const of = (...entries: Revocation[]) => { const set = createRevocationSet(); entries.forEach(set.add); return { token: set.token(token)?.kind, work: set.work(grant)?.kind }; };

describe('what is revoked', () => {
  it.each<[string, Revocation, { token: string | undefined; work: string | undefined }]>([
    ['a token alone', entry('token', 'j'), { token: 'token', work: undefined }],
    ['a session with its grants', entry('session', 's'), { token: 'session', work: 'session' }],
    ['a run with its grants', entry('run', 'r'), { token: 'run', work: 'run' }],
    ['everything of an agent from before', entry('agent', 'payer', 1_000_001), { token: 'agent', work: 'agent' }],
    ['not what came after', entry('agent', 'payer', 1_000_000), { token: undefined, work: undefined }],
    ['a key and the tokens it gave rise to', entry('key', 'k'), { token: 'key', work: undefined }],
    ['a retired key from its end on', entry('key', 'k', 1_000_999), { token: 'key', work: undefined }],
    ['not what a key said before it was retired', entry('key', 'k', 1_001_000), { token: undefined, work: undefined }],
    ['nothing of another tenant', entry('session', 's', 0, 'other'), { token: undefined, work: undefined }],
    ['nothing of another session', entry('session', 'other'), { token: undefined, work: undefined }],
  ])('takes in %s', (_, one, expected) => expect(of(one)).toEqual(expected));

  it('never shrinks, in whatever order and however often entries come', () => {
    const some = fc.array(fc.record({ kind: fc.constantFrom('key' as const, 'token' as const, 'session' as const, 'run' as const, 'agent' as const), subject: fc.constantFrom('k', 'j', 's', 'r', 'payer', 'else'), from: fc.constantFrom(0, 999_000, 1_000_500, 2_000_000) }), { maxLength: 8 });
    fc.assert(fc.property(some, some, (first, more) => {
      const all = [...first, ...more].map(({ kind, subject, from }) => entry(kind, subject, from));
      const before = of(...all.slice(0, first.length)), after = of(...all), reversed = of(...all.toReversed(), ...all);
      expect([before.token !== undefined && after.token === undefined, before.work !== undefined && after.work === undefined]).toEqual([false, false]);
      expect([reversed.token === undefined, reversed.work === undefined]).toEqual([after.token === undefined, after.work === undefined]);
    }), { seed: 7, numRuns: 300 });
  });
});
