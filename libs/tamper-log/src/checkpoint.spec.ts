import { describe, expect, it } from '@jest/globals';
import { createHash } from 'node:crypto';
import { checkpointBody, decodeBundle, encodeBundle, formatNote, formatProof, noteKeyId, parseCheckpoint, parseProof, parseTilePath, parseVerifierKey, tilePath, verifierKey } from './index.ts';
import type { Encodings } from './index.ts';

const encodings: Encodings = {
  sha256: (...parts) => createHash('sha256').update(Buffer.concat(parts)).digest(),
  utf8: (text) => Buffer.from(text),
  toBase64: (bytes) => Buffer.from(bytes).toString('base64'),
  fromBase64: (text) => (Buffer.from(text, 'base64').toString('base64') === text ? Buffer.from(text, 'base64') : undefined),
};

describe('signed checkpoints', () => {
  // The example verifier key of the signed-note package (golang.org/x/mod/sumdb/note).
  const example = 'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW';

  it('reads and writes verifier keys as signed-note does', () => {
    const key = parseVerifierKey(encodings, example)!;
    expect(key.name).toBe('PeterNeumann');
    expect(verifierKey(encodings, key.name, key.publicKey)).toBe(example);
    expect(parseVerifierKey(encodings, example.replace('c74f', 'c74e'))).toBeUndefined();
  });

  it('comes back from its text as it was', () => {
    const root = Buffer.alloc(32, 7);
    const body = checkpointBody(encodings, { origin: 'countersign.example/acme', size: 42, root });
    const note = formatNote(encodings, body, [{ name: 'countersign.example/acme', keyId: noteKeyId(encodings, 'countersign.example/acme', Buffer.alloc(32, 1)), signature: Buffer.alloc(64, 2) }]);
    const parsed = parseCheckpoint(encodings, note)!;
    expect(parsed.checkpoint).toEqual({ origin: 'countersign.example/acme', size: 42, root });
    expect(parsed.body).toBe(body);
    expect(parsed.signatures).toHaveLength(1);
  });

  it.each([['no signature block', 'o\n1\nAAAA\n'], ['a size with a leading zero', `o\n01\n${Buffer.alloc(32).toString('base64')}\n\n— o AAAAAAAA\n`], ['a short root', 'o\n1\nAAAA\n\n— o AAAAAAAA\n']])('refuses %s', (_, note) => {
    expect(parseCheckpoint(encodings, note)).toBeUndefined();
  });

  it('carries a proof in the text format of tlog-proof', () => {
    const path = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)];
    const text = formatProof(encodings, 5, path, 'o\n6\n…\n\n— o …\n');
    expect(parseProof(encodings, text)).toEqual({ index: 5, path, note: 'o\n6\n…\n\n— o …\n' });
    expect(parseProof(encodings, text.replace('index 5', 'index 05'))).toBeUndefined();
  });
});

describe('tiles', () => {
  it.each([[{ level: 0, n: 1234067, width: 256 }, 'tile/0/x001/x234/067'], [{ level: 'entries', n: 0, width: 12 }, 'tile/entries/000.p/12'], [{ level: 2, n: 1000, width: 1 }, 'tile/2/x001/000.p/1']] as const)('has a path that reads back: %j', (address, path) => {
    expect(tilePath(address)).toBe(path);
    expect(parseTilePath(path)).toEqual(address);
  });

  it.each(['tile/00/000', 'tile/0/1', 'tile/0/x000/001', 'tile/0/000.p/0', 'tile/0/000.p/256', 'tile/64/000', 'tile/0/../000', 'tile/0/000.p/01'])('refuses %s', (path) => {
    expect(parseTilePath(path)).toBeUndefined();
  });

  it('bundles entries behind their lengths', () => {
    const entries = [Buffer.from('a'), Buffer.alloc(0), Buffer.alloc(300, 1)];
    const bundle = encodeBundle(entries);
    expect(decodeBundle(bundle)!.map((entry) => Buffer.from(entry))).toEqual(entries);
    expect(decodeBundle(bundle.subarray(0, bundle.length - 1))).toBeUndefined();
    expect(() => encodeBundle([new Uint8Array(65_536)])).toThrow(RangeError);
  });
});
