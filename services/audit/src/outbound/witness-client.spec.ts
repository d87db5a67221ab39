import { describe, expect, it } from '@jest/globals';
import { encodings, generateKey } from '@countersign/identity';
import { algorithms, appendLeaves, cosignedText, emptyEdge, formatNote, keyIdOf, leafHash, parseCheckpoint, rootOf } from '@countersign/tamper-log';
import type { TileRun } from '@countersign/tamper-log';
import { sign } from 'node:crypto';
import { createCheckpointSigner, ed25519Signer } from './sign-checkpoint.ts';
import { createWitnessClient } from './witness-client.ts';

const keyOf = (kid: string) => {
  const { key, publicJwk } = generateKey(kid);
  return { privateKey: key, publicKey: Buffer.from(publicJwk.x, 'base64url') };
};
const logKey = keyOf('audit-1');
const witnessKey = keyOf('witness-1');
const strangersKey = keyOf('witness-2');
const name = 'witness.test/w1';
const idOf = ({ publicKey }: typeof logKey, of = name) => keyIdOf(encodings, of, algorithms.cosignatureV1, publicKey);
const witness = { name: 'w1', url: 'http://witness.test/', verifierKey: `${name}+${Buffer.from(idOf(witnessKey)).toString('hex')}+${Buffer.concat([Buffer.of(algorithms.cosignatureV1), witnessKey.publicKey]).toString('base64')}` };

const leaves = [0, 1, 2, 3, 4].map((n) => leafHash(encodings.sha256, Buffer.of(n)));
const tree = (size: number) => appendLeaves(encodings.sha256, emptyEdge, leaves.slice(0, size));
const noteAt = (size: number): string => createCheckpointSigner(encodings, 'log.test', [ed25519Signer(encodings, 'log.test', logKey)])(size, rootOf(encodings.sha256, tree(size).edge)).note;
const readTile = async (level: number): Promise<Uint8Array> => Buffer.concat(tree(5).tiles.filter((run: TileRun) => run.level === level).flatMap(({ hashes }) => hashes));

/** The line that a witness answers with: of this note's body, at this time, under this key. */
const lineOf = (note: string, by = witnessKey, { time = 1_793_500_000, called = name, keyId = idOf(by, called) } = {}): string => {
  const { body } = parseCheckpoint(encodings, note)!;
  const at = Buffer.alloc(8);
  at.writeBigUInt64BE(BigInt(time));
  return formatNote(encodings, '', [{ name: called, keyId, signature: Buffer.concat([at, sign(null, Buffer.from(cosignedText(time, body)), by.privateKey)]) }]).slice(1);
};
const answering = (status: number, text: string) => createWitnessClient(readTile, async () => new Response(text, { status }))(witness, 2, 5, noteAt(5));

describe('what a witness answers', () => {
  it('is kept where it is its own cosignature of this very checkpoint, word for word', async () => {
    const line = lineOf(noteAt(5));
    expect(await answering(200, line)).toEqual({ kind: 'cosigned', line });
    // Lines of others beside it are left out.
    expect(await answering(200, lineOf(noteAt(5), strangersKey, { called: 'somebody.test' }) + line)).toEqual({ kind: 'cosigned', line });
  });

  it.each<readonly [string, () => string]>([
    ['of another checkpoint', () => lineOf(noteAt(4))],
    ['under another key that goes by its name and key id', () => lineOf(noteAt(5), strangersKey, { keyId: idOf(witnessKey) })],
    ['under another key', () => lineOf(noteAt(5), strangersKey)],
    ['by another name', () => lineOf(noteAt(5), witnessKey, { called: 'somebody.test' })],
    ['with another time written over it', () => {
      const [dash, called, text] = lineOf(noteAt(5)).trim().split(' ');
      const bytes = Buffer.from(text!, 'base64');
      bytes[11]! ^= 1;
      return `${dash} ${called} ${bytes.toString('base64')}\n`;
    }],
    ['cut off', () => lineOf(noteAt(5)).trimEnd()],
    ['no line at all', () => ''],
    ['a page', () => '<html>\n'],
  ])('is not kept where it is %s', async (_, text) => {
    expect(await answering(200, text())).toEqual({ kind: 'refused', why: 'its answer is no cosignature of this checkpoint by its key' });
  });

  it('is where it stands, that it will not, or that it cannot now', async () => {
    expect(await answering(409, '3\n')).toEqual({ kind: 'conflict', size: 3 });
    for (const odd of ['3', '-1\n', '03\n', 'three\n']) expect((await answering(409, odd)).kind).toBe('refused');
    expect(await answering(422, '')).toMatchObject({ kind: 'refused', why: expect.stringContaining('no beginning') });
    for (const status of [403, 404]) expect((await answering(status, '')).kind).toBe('refused');
    for (const status of [429, 500, 503]) expect((await answering(status, '')).kind).toBe('unreachable');
    expect(await answering(200, 'x'.repeat(20_000))).toMatchObject({ kind: 'unreachable', why: expect.stringContaining('16384 bytes') });
  });
});
