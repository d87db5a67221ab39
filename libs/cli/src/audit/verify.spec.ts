import { describe, expect, it } from '@jest/globals';
import { encodings, generateKey } from '@countersign/identity';
import { appendLeaves, checkpointBody, emptyEdge, encodeBundle, formatNote, leafHash, noteKeyId, rootOf, tilePath, verifierKey } from '@countersign/tamper-log';
import { sign } from 'node:crypto';
import { verifyLog } from './verify.ts';

const key = generateKey('audit-1');
const publicKey = Buffer.from(key.publicJwk.x, 'base64url');
const origin = 'countersign.test/acme';
const vkey = verifierKey(encodings, origin, publicKey);
const entry = (i: number, over: object = {}) => Buffer.from(JSON.stringify({ v: 1, type: 'x', position: i, source: { topic: 'runs.governed.v1', partition: 0 }, ...over }));

/** A small log as files; `entries` is what is served, `hashed` what went into the tree. */
const given = (entries: readonly Buffer[], hashed: readonly Buffer[] = entries, tileOf: readonly Buffer[] = hashed) => {
  const { edge } = appendLeaves(encodings.sha256, emptyEdge, hashed.map((one) => leafHash(encodings.sha256, one)));
  const body = checkpointBody(encodings, { origin, size: hashed.length, root: rootOf(encodings.sha256, edge) });
  const note = formatNote(encodings, body, [{ name: origin, keyId: noteKeyId(encodings, origin, publicKey), signature: sign(null, Buffer.from(body), key.key) }]);
  const files = new Map<string, Uint8Array>([['checkpoint', Buffer.from(note)]]);
  for (let n = 0; n * 256 < hashed.length; n++) {
    const width = Math.min(256, hashed.length - n * 256);
    files.set(tilePath({ level: 'entries', n, width }), encodeBundle(entries.slice(n * 256, n * 256 + width)));
    files.set('tile/1/000.p/1', appendLeaves(encodings.sha256, emptyEdge, tileOf.slice(0, 256).map((one) => leafHash(encodings.sha256, one))).tiles[1]?.hashes[0] ?? new Uint8Array());
    files.set(tilePath({ level: 0, n, width }), Buffer.concat(tileOf.slice(n * 256, n * 256 + width).map((one) => leafHash(encodings.sha256, one))));
  }
  return async (path: string) => files.get(path)!;
};
const honest = Array.from({ length: 300 }, (_, i) => entry(i));
const changed = honest.map((one, i) => (i === 270 ? entry(i, { type: 'rewritten' }) : one));

describe('verifying a log', () => {
  it('accepts an honest one', async () => {
    expect(await verifyLog(given(honest), vkey)).toMatchObject({ ok: true, entries: 300, checkpointSize: 300, governed: { records: 300, missing: [] } });
  });

  it('names the first changed entry', async () => {
    expect(await verifyLog(given(changed, honest), vkey)).toMatchObject({ ok: false, firstBad: { index: 270 } });
  });

  it('notices entries and tiles changed together', async () => {
    expect(await verifyLog(given(changed, honest, changed), vkey)).toMatchObject({ ok: false, firstBad: { why: expect.stringContaining('signed root') } });
  });

  it('names the bundle where entries and their tile were changed together below a tile of the next level', async () => {
    const early = honest.map((one, i) => (i === 7 ? entry(i, { type: 'rewritten' }) : one));
    const read = given(early, honest, early);
    const level1 = await given(honest)('tile/1/000.p/1');
    expect(await verifyLog(async (path) => (path.startsWith('tile/1/') ? level1 : read(path)), vkey)).toMatchObject({ ok: false, firstBad: { index: 0, why: expect.stringContaining('entries 0 to 255') } });
  });

  it('says which signed entry is no leaf', async () => {
    expect(await verifyLog(given(honest.map((one, i) => (i === 9 ? Buffer.from([0, 255]) : one))), vkey)).toMatchObject({ ok: false, firstBad: { index: 9 } });
  });

  it('notices a governed record that was never logged', async () => {
    expect(await verifyLog(given(honest.filter((_, i) => i !== 5)), vkey)).toMatchObject({ ok: false, governed: { missing: ['0/5'] } });
  });

  it('refuses a checkpoint of another signer', async () => {
    const other = verifierKey(encodings, origin, Buffer.from(generateKey('audit-2').publicJwk.x, 'base64url'));
    expect(await verifyLog(given(honest), other)).toMatchObject({ ok: false, firstBad: { why: expect.stringContaining('not signed') } });
  });
});
