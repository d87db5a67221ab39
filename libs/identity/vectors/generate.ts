// Writes contracts/vectors/{proof,grant}-vectors.json: node --conditions=source libs/identity/vectors/generate.ts
// Keys and secrets in them are fixed, published and good for nothing else.
import { writeFileSync } from 'node:fs';
import { argumentsDigest, attest, canonicalJson, chainHash, chainStart, computeProof, jwkThumbprint, messageDigestInput, proofKey, signGrants, signingKeyOf } from '@countersign/identity';
import type { ProvenFields } from '@countersign/identity';

const rfc8037 = { kty: 'OKP', crv: 'Ed25519', d: 'nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo', kid: 'policy-1' } as const;
const key = signingKeyOf(rfc8037);
const jkt = jwkThumbprint(key.publicJwk);

const proofVectors = () => {
  const secret = Buffer.from(Array.from({ length: 32 }, (_, i) => i));
  const owner = { tenant: 'acme', run: '01960000-0000-7000-8000-000000000001', jkt };
  const proving = proofKey(secret, owner);
  let prev: Uint8Array = chainStart;
  const values = ['{"instruction":{"text":"Zahle die Rechnung über 12 €","attestation":null},"traceId":null}', '{"action":"01960000-0000-7000-8000-00000000000a","reason":"timeout"}', ''];
  const messages = values.map((text, seq) => {
    const fields: ProvenFields = {
      tenant: 'acme', topic: 'runs.inbox.v1', key: owner.run, ceId: `01960000-0000-7000-8000-0000000000f${seq}`, ceType: seq === 0 ? 'countersign.runs.started.v1' : 'countersign.runs.cancel.v1', ceSource: '/agents/büro',
      ceTime: '2026-01-01T00:00:00.000Z', run: owner.run, seq, prev, token: `token-${seq}`, value: Buffer.from(text),
    };
    const input = messageDigestInput(fields), hash = chainHash(input);
    const out = { ...fields, prev: Buffer.from(prev).toString('base64url'), value: text, input: input.toString('hex'), chainHash: hash.toString('base64url'), proof: computeProof(proving, input), attest: attest(hash, key.key) };
    prev = hash;
    return out;
  });
  return { note: 'HMAC and chain of runtime messages; libs/identity/src/message-proof.ts. input is hex, value UTF-8 text, the rest base64url.', secret: secret.toString('base64url'), owner, proofKey: proving.toString('base64url'), sessionKey: key.privateJwk, messages };
};

const grantVectors = () => {
  const args = { to: 'DE02 1203 0000', amount: { minor: 1200, currency: 'EUR' }, note: 'ä€😀', z: [1, 0.5, -0, 1e21 / 1e6], a: true };
  const claim = (n: number) => ({
    jti: `grant-${n}`, tenant: 'acme', run: '01960000-0000-7000-8000-000000000001', action: `action-${n}`, agent: 'bookkeeper', tool: 'payments.transfer', definition: 'definition', args: argumentsDigest(args), aud: 'tools', policy: 'p1',
    tier: 3 as const, claim: true, jkt, iat: 1_767_225_600, exp: 1_767_225_630,
  });
  const batches = [1, 2, 3, 5].map((n) => ({ claims: Array.from({ length: n }, (_, i) => claim(i)), texts: signGrants(Array.from({ length: n }, (_, i) => claim(i)), key) }));
  const [good] = batches[2]!.texts as [string];
  const part = (at: number, to: string): string => good.split('.').map((p, i) => (i === at ? to : p)).join('.');
  const invalid = [
    { why: 'another prefix', text: part(0, 'csg2') }, { why: 'another index', text: part(2, '1') }, { why: 'another size', text: part(3, '4') }, { why: 'leading zero', text: part(2, '00') },
    { why: 'path too short', text: part(4, '') }, { why: 'path too long', text: part(4, good.split('.')[4]! + 'A'.repeat(43)) }, { why: 'padding', text: `${good}=` }, { why: 'unknown key', text: part(5, 'other-1') }, { why: 'signature of zeros', text: part(6, 'A'.repeat(86)) },
  ];
  return { note: 'Grants under one signature over a Merkle root; libs/identity/src/grant.ts. Valid at audience tools from iat to just before exp.', publicKey: key.publicJwk, privateKey: key.privateJwk, arguments: args, canonicalArguments: canonicalJson(args), argumentsDigest: argumentsDigest(args), batches, invalid };
};

/** What the files must hold: the test compares. */
export const vectors = { 'proof-vectors.json': proofVectors(), 'grant-vectors.json': grantVectors() };

if (process.argv[1]?.endsWith('generate.ts')) {
  for (const [name, content] of Object.entries(vectors)) writeFileSync(new URL(`../../../contracts/vectors/${name}`, import.meta.url), `${JSON.stringify(content, null, 2)}\n`);
}
