import { createPublicKey, verify } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { parentPort } from 'node:worker_threads';

// The other side of verify-thread.ts. Imports nothing of ours: it must start from source and from dist alike.
const spkiPrefix = Buffer.from('302a300506032b6570032100', 'hex');
const keys = new Map<string, KeyObject>();
const mostKeys = 4_096;

const keyOf = (raw: Buffer): KeyObject => {
  const name = raw.toString('latin1');
  let key = keys.get(name);
  if (key === undefined) {
    keys.set(name, key = createPublicKey({ key: Buffer.concat([spkiPrefix, raw]), format: 'der', type: 'spki' }));
    if (keys.size > mostKeys) keys.delete(keys.keys().next().value!);
  }
  return key;
};

parentPort!.on('message', ({ id, count, packed }: { id: number; count: number; packed: ArrayBuffer }) => {
  const bytes = Buffer.from(packed);
  const answers = new Uint8Array(count);
  let at = 0;
  for (let i = 0; i < count; i++) {
    const end = at + 100 + bytes.readUInt32LE(at + 96);
    try {
      answers[i] = verify(null, bytes.subarray(at + 100, end), keyOf(bytes.subarray(at, at + 32)), bytes.subarray(at + 32, at + 96)) ? 1 : 0;
    } catch {
      answers[i] = 2; // no answer: the one who asks verifies itself
    }
    at = end;
  }
  parentPort!.postMessage({ id, answers });
});
