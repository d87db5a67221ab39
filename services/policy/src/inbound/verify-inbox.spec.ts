import { describe, expect, it } from '@jest/globals';
import { envelope, partitionFor } from '@countersign/bus';
import type { BusMessage } from '@countersign/bus';
import type { TokenClaims } from '@countersign/contracts';
import { createChain, createKeySet, generateKey, issueAgentToken, jwkThumbprint, proofKey } from '@countersign/identity';
import { createPeople } from './people.ts';
import { createVerifier } from './verify-inbox.ts';

const now = 1_800_000_000_000;
const run = '01970000-0000-7000-8000-000000000001';
const registry = generateKey('registry-1'), session = generateKey('session');
const proofSecret = new Uint8Array(32).fill(7);
const claims: TokenClaims = { iss: 'registry', aud: 'countersign', sub: 'clerk', jti: 't1', iat: now / 1000, exp: now / 1000 + 300, tenant: 'acme', run, run_not_after: now / 1000 + 3_600, scope: '', cnf: { jkt: jwkThumbprint(session.publicJwk), jwk: session.publicJwk } };
const keys = createKeySet([registry.publicJwk]);
const verify = createVerifier({ audience: 'countersign', keys, tokenKeys: keys, proofSecret, signers: {}, partitions: 4, people: createPeople(() => undefined, 'acme') });

/** The first message of a run, proved with the session's own key for whatever tenant its header names. */
const started = (tenant: string): BusMessage => {
  const ceType = 'countersign.runs.started.v1', topic = 'inbox';
  const value = Buffer.from(JSON.stringify({ instruction: { text: 'pay the rent', attestation: null }, traceId: null }));
  const headers = envelope({ id: 'm1', type: ceType, source: '/agents/clerk', time: now, tenant });
  const link = createChain().next({ tenant, topic, key: run, ceId: 'm1', ceType, ceSource: '/agents/clerk', ceTime: headers['ce_time']!, run, token: 't1', value }, proofKey(proofSecret, { tenant: 'acme', run, jkt: claims.cnf.jkt }));
  return { topic, partition: partitionFor(run, 4), offset: 0n, timestamp: now, key: run, value, headers: { ...headers, cs_token: issueAgentToken(claims, registry), ...link.headers } };
};

describe('a message of a runtime', () => {
  it('is what its token and proof say it is', () => expect(verify(started('acme'), now)).toMatchObject({ status: 'proved', command: { tenant: 'acme', run, body: { kind: 'started' } } }));

  it('in the name of another tenant is answered in its own tenant with a fault, however well it is proved', () => {
    expect(verify(started('globex'), now)).toMatchObject({ status: 'proved', command: { tenant: 'acme', body: { kind: 'fault', code: 'token_wrong_run', detail: expect.stringContaining('tenant') } } });
  });

  it('whose header was turned to another tenant on the way is not proved', () => {
    const sent = started('acme');
    expect(verify({ ...sent, headers: { ...sent.headers, tenant: 'globex' } }, now)).toEqual({ status: 'unproven', principal: 'clerk', code: 'bad_proof' });
  });
});
