import { encodings, verifyNote } from '@countersign/identity';
import { appendLeaves, decodeBundle, emptyEdge, hashesPerTile, leafHash, parseCheckpoint, rootOf, sameBytes, tilePath } from '@countersign/tamper-log';
import { get } from 'node:http';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Reads one resource of a tlog-tiles log by its path below the prefix. Rejects where there is none. */
export type ReadLog = (path: string) => Promise<Uint8Array>;

/** What `countersign audit verify --json` prints. `firstBad` names the first entry that is not what was signed. */
export interface Verified {
  readonly ok: boolean;
  readonly entries: number;
  readonly checkpointSize: number;
  readonly root: string;
  readonly firstBad?: { readonly index: number; readonly why: string };
  /** Governed records seen, and the holes in their dense positions by partition: what was never logged. */
  readonly governed: { readonly records: number; readonly missing: readonly string[] };
}

interface LeafFields { readonly type: string; readonly position: number | null; readonly source: { readonly topic: string; readonly partition: number } }

/**
 * Checks a whole log without trusting whoever serves it: the checkpoint's signature, every entry against the signed root,
 * and that no governed position is missing.
 * @param verifierKey signed-note text form, `name+hash+key`
 * @param onProgress entries checked so far, of how many
 */
export const verifyLog = async (read: ReadLog, verifierKey: string, onProgress: (done: number, of: number) => void = () => undefined): Promise<Verified> => {
  const bad = (index: number, why: string, size = 0, entries = 0, root = ''): Verified => ({ ok: false, entries, checkpointSize: size, root, firstBad: { index, why }, governed: { records: 0, missing: [] } });
  const parsed = parseCheckpoint(encodings, Buffer.from(await read('checkpoint')).toString());
  if (!parsed) return bad(0, 'the checkpoint is malformed');
  const { size, root } = parsed.checkpoint;
  const rootText = encodings.toBase64(root);
  if (!verifyNote(parsed.body, parsed.signatures, verifierKey)) return bad(0, 'the checkpoint is not signed by the given key', size, 0, rootText);

  let edge = emptyEdge;
  const positions = new Map<number, Set<number>>();
  let governed = 0;
  let unreadable: number | undefined;
  let above: Uint8Array = new Uint8Array();
  for (let n = 0; n * hashesPerTile < size; n++) {
    const first = n * hashesPerTile;
    const width = Math.min(hashesPerTile, size - first);
    const entries = decodeBundle(await read(tilePath({ level: 'entries', n, width })));
    if (entries === undefined || entries.length > width) return bad(first, `bundle ${n} does not hold ${width} entries`, size, edge.size, rootText);
    const hashes = entries.map((entry) => leafHash(encodings.sha256, entry));
    const tile = await read(tilePath({ level: 0, n, width }));
    const differs = hashes.findIndex((hash, i) => !sameBytes(hash, tile.subarray(i * 32, i * 32 + 32)));
    if (differs >= 0) return bad(first + differs, 'the entry is not the one that was hashed into the tree', size, edge.size, rootText);
    if (entries.length < width) return bad(first + entries.length, 'the entry is missing', size, edge.size, rootText);
    const appended = appendLeaves(encodings.sha256, edge, hashes);
    edge = appended.edge;
    const summary = appended.tiles.find(({ level }) => level === 1);
    if (summary) {
      if (n % hashesPerTile === 0) above = await read(tilePath({ level: 1, n: n / hashesPerTile, width: Math.min(hashesPerTile, Math.floor(size / hashesPerTile) - n) }));
      const at = n % hashesPerTile * 32;
      if (!sameBytes(summary.hashes[0]!, above.subarray(at, at + 32))) return bad(first, `one of the entries ${first} to ${first + width - 1} was changed together with its tile`, size, edge.size, rootText);
    }
    entries.forEach((entry, i) => {
      const leaf = fieldsOf(entry);
      if (leaf === undefined) { unreadable ??= first + i; return; }
      if (!leaf.source.topic.startsWith('runs.governed.') || leaf.position === null) return;
      governed++;
      const seen = positions.get(leaf.source.partition) ?? new Set();
      positions.set(leaf.source.partition, seen.add(leaf.position));
    });
    onProgress(edge.size, size);
  }
  if (!sameBytes(rootOf(encodings.sha256, edge), root)) return bad(size, 'the entries do not add up to the signed root: tiles and entries were changed together', size, edge.size, rootText);
  if (unreadable !== undefined) return bad(unreadable, 'the entry is signed but is no leaf that this verifier can read', size, edge.size, rootText);
  const missing = [...positions].flatMap(([partition, seen]) => holes(seen).map((position) => `${partition}/${position}`));
  return { ok: missing.length === 0, entries: edge.size, checkpointSize: size, root: rootText, governed: { records: governed, missing } };
};

/** A leaf's fields; undefined where the bytes are none. What they say is only believed under the signed root. */
const fieldsOf = (entry: Uint8Array): LeafFields | undefined => {
  try {
    const leaf = JSON.parse(Buffer.from(entry.buffer, entry.byteOffset, entry.byteLength).toString()) as Partial<LeafFields> | null;
    return typeof leaf?.source?.topic === 'string' ? leaf as LeafFields : undefined;
  } catch {
    return undefined;
  }
};

const holes = (seen: ReadonlySet<number>): number[] => {
  const missing: number[] = [];
  for (let position = 0, found = 0; found < seen.size && missing.length < 100; position++) {
    if (seen.has(position)) found++;
    else missing.push(position);
  }
  return missing;
};

/** Reads an exported log from a folder. */
export const fromFolder = (folder: string): ReadLog => (path) => readFile(join(folder, path));

/** Reads a log over plain HTTP from a prefix on this machine. */
export const fromUrl = (prefix: string): ReadLog => (path) => new Promise((resolve, reject) => {
  get(`${prefix.replace(/\/$/, '')}/${path}`, (response) => {
    const chunks: Buffer[] = [];
    response.on('data', (chunk: Buffer) => chunks.push(chunk)).on('end', () => {
      if (response.statusCode === 200) resolve(Buffer.concat(chunks));
      else reject(new Error(`${prefix}/${path}: HTTP ${response.statusCode}`));
    });
  }).on('error', reject);
});
