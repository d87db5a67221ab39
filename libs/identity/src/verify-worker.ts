import { parentPort } from 'node:worker_threads';
import sodium from 'sodium-native';

// The other side of verify-thread.ts. Imports nothing of ours: it must start from source and from dist alike.
// libsodium verifies in half the time of OpenSSL, wants no key objects, and refuses more (keys of small order).
parentPort!.on('message', ({ id, count, packed }: { id: number; count: number; packed: ArrayBuffer }) => {
  const bytes = Buffer.from(packed);
  const answers = new Uint8Array(count);
  let at = 0;
  for (let i = 0; i < count; i++) {
    const end = at + 100 + bytes.readUInt32LE(at + 96);
    try {
      answers[i] = sodium.crypto_sign_verify_detached(bytes.subarray(at + 32, at + 96), bytes.subarray(at + 100, end), bytes.subarray(at, at + 32)) ? 1 : 0;
    } catch {
      answers[i] = 2; // no answer: the one who asks verifies itself
    }
    at = end;
  }
  parentPort!.postMessage({ id, answers });
});
