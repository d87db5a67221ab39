import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { encodings, generateKey } from '@countersign/identity';
import { appendLeaves, checkpointBody, emptyEdge, encodeBundle, formatNote, leafHash, noteKeyId, rootOf, tilePath, verifierKey } from '@countersign/tamper-log';
import { sign } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { audit } from './command.ts';
import { witnessOf } from './evidence/evidence.fixture.ts';

const origin = 'countersign.test/acme', signer = generateKey('audit-1'), other = generateKey('audit-1');
const vkeyOf = (key: typeof signer) => verifierKey(encodings, origin, Buffer.from(key.publicJwk.x, 'base64url'));
const dir = mkdtempSync(join(tmpdir(), 'cs-trust-'));
const put = (path: string, bytes: string | Uint8Array) => { mkdirSync(dirname(join(dir, path)), { recursive: true }); writeFileSync(join(dir, path), bytes); };
/** As `npm start` hands over its profile: only the secrets matter here. */
const running = (key: typeof signer) => { put('secrets/jwks.json', JSON.stringify({ keys: [key.publicJwk] })); process.env['CS_LOCAL'] = JSON.stringify({ secrets: join(dir, 'secrets') }); };
const verify = (...more: string[]) => audit(['verify', dir, '--offline', ...more]);

describe('a record whose key came with it', () => {
  let cosign: (...by: readonly ReturnType<typeof witnessOf>[]) => void;
  beforeAll(() => {
    const entries = [0, 1, 2].map((i) => Buffer.from(JSON.stringify({ v: 1, type: 'x', position: i, source: { topic: 'runs.governed.v1', partition: 0 } })));
    const hashes = entries.map((one) => leafHash(encodings.sha256, one));
    const body = checkpointBody(encodings, { origin, size: 3, root: rootOf(encodings.sha256, appendLeaves(encodings.sha256, emptyEdge, hashes).edge) });
    const keyId = noteKeyId(encodings, origin, Buffer.from(signer.publicJwk.x, 'base64url'));
    cosign = (...by) => put('checkpoint', formatNote(encodings, body, [{ name: origin, keyId, signature: sign(null, Buffer.from(body), signer.key) }, ...by.map((one) => one.cosign(body))]));
    cosign();
    put(tilePath({ level: 'entries', n: 0, width: 3 }), encodeBundle(entries));
    put(tilePath({ level: 0, n: 0, width: 3 }), Buffer.concat(hashes));
    put('verifier-key', vkeyOf(signer));
  });
  afterAll(() => { delete process.env['CS_LOCAL']; rmSync(dir, { recursive: true }); });

  it('proves nothing by itself', async () => {
    delete process.env['CS_LOCAL'];
    expect(await verify()).toBe(1);
  });

  it('holds under the right key, as text or file, and not under a wrong one', async () => {
    put('known-key', `${vkeyOf(signer)}\n`);
    expect(await verify('--key', vkeyOf(signer))).toBe(0);
    expect(await verify('--key', join(dir, 'known-key'))).toBe(0);
    expect(await verify('--key', vkeyOf(other))).toBe(1);
    await expect(verify('--key', 'no key')).rejects.toThrow('--key');
  });

  it('holds where the key is the one of this machine\'s own audit service', async () => {
    running(signer);
    expect(await verify()).toBe(0);
    running(other);
    expect(await verify()).toBe(1);
  });

  it('holds before the witnesses of whoever checks where enough of them cosigned, and before those of its own policy', async () => {
    const [basel, oslo] = [witnessOf('basel'), witnessOf('oslo')];
    put('mine', `${basel.line}quorum basel\n`);
    const mine = () => verify('--key', vkeyOf(signer), '--witnesses', join(dir, 'mine'));
    expect(await mine()).toBe(1);
    cosign(oslo);
    expect(await mine()).toBe(1);
    cosign(oslo, basel);
    expect(await mine()).toBe(0);
    put('witness-policy', `${basel.line}${oslo.line}group both all basel oslo\nquorum both\n`);
    expect(await verify('--key', vkeyOf(signer))).toBe(0);
    cosign(oslo);
    expect(await verify('--key', vkeyOf(signer))).toBe(1);
    put('witness-policy', 'quorum nobody\n');
    await expect(verify('--key', vkeyOf(signer))).rejects.toThrow('witness policy');
    await expect(verify('--key', vkeyOf(signer), '--witnesses', join(dir, 'none'))).rejects.toThrow('--witnesses');
  });
});
