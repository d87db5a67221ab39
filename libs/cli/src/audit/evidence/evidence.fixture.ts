import { createDraft, createPseudonyms } from '@countersign/audit/outbound/to-entry';
import { payment, told } from '@countersign/audit/story.fixture';
import type { BusMessage } from '@countersign/bus';
import { encodings, generateKey } from '@countersign/identity';
import { algorithms, appendLeaves, checkpointBody, cosignedText, emptyEdge, formatNote, formatProof, inclusionProof, keyIdOf, leafHash, noteKeyId, parseCheckpoint, rootOf, verifierKey } from '@countersign/tamper-log';
import { packBundle } from '@countersign/policy/inbound/bundle-archive';
import { bundleDigest } from '@countersign/policy/inbound/bundle-files';
import type { BundleVersionView } from '@countersign/contracts';
import { sign } from 'node:crypto';
import type { Collected } from './collect.ts';

const origin = 'countersign.test/acme';
export const signer = generateKey('audit-1');
export const vkeyOf = (key: typeof signer): string => verifierKey(encodings, origin, Buffer.from(key.publicJwk.x, 'base64url'));

const files = [{ path: 'bundle.yaml', text: 'version: p-1' }];
/** The rules that the payment was decided by, as policy publishes them. */
export const bundle: BundleVersionView = { version: 'p-1', digest: bundleDigest(files), author: 'ann', at: 1, notes: [], comparison: null, archive: packBundle(files) };

const published = (): BusMessage => told('policy.events.v1', 'policy.event', { stream: 'bundle:demo', version: 1, type: 'bundle.published', at: 1, by: 'ann', data: { version: 'p-1', digest: bundle.digest } });

/** A log of these records, and all of them taken home from it under its signed head. */
export const logOf = async (messages: readonly BusMessage[], key = signer): Promise<Collected> => {
  const draft = createDraft(createPseudonyms(Buffer.alloc(32)), () => ({ paths: [], facts: [] }));
  const entries = messages.map((message) => draft({ ...message, at: message.timestamp, value: message.value! })).map((drafted) => ({ ...drafted, leaf: Buffer.from(JSON.stringify(drafted.leaf)) }));
  const { edge, tiles } = appendLeaves(encodings.sha256, emptyEdge, entries.map(({ leaf }) => leafHash(encodings.sha256, leaf)));
  const body = checkpointBody(encodings, { origin, size: entries.length, root: rootOf(encodings.sha256, edge) });
  const note = formatNote(encodings, body, [{ name: origin, keyId: noteKeyId(encodings, origin, Buffer.from(key.publicJwk.x, 'base64url')), signature: sign(null, Buffer.from(body), key.key) }]);
  const tile = async (level: number): Promise<Uint8Array> => Buffer.concat(tiles.filter((run) => run.level === level).flatMap(({ hashes }) => hashes));
  return {
    note, checkpoint: parseCheckpoint(encodings, note)!.checkpoint, indexed: entries.length, witnesses: '',
    entries: await Promise.all(entries.map(async ({ leaf, salt, plaintext }, index) => ({ index, leaf, proof: formatProof(encodings, index, await inclusionProof(encodings.sha256, tile, index, entries.length), note), opened: { salt, payload: plaintext } }))),
  };
};

export const paymentLog = (key = signer, after: readonly BusMessage[] = []): Promise<Collected> => logOf([...payment(), published(), ...after], key);

/** A witness: its line in a policy, and its cosignature of a checkpoint's body. */
export const witnessOf = (name: string) => {
  const { key: privateKey, publicJwk } = generateKey('witness-1');
  const publicKey = Buffer.from(publicJwk.x, 'base64url');
  const keyId = keyIdOf(encodings, name, algorithms.cosignatureV1, publicKey);
  return {
    line: `witness ${name} ${name}+${Buffer.from(keyId).toString('hex')}+${Buffer.concat([Buffer.of(algorithms.cosignatureV1), publicKey]).toString('base64')}\n`,
    cosign: (body: string, time = 1_793_500_000) => {
      const at = Buffer.alloc(8);
      at.writeBigUInt64BE(BigInt(time));
      return { name, keyId, signature: Buffer.concat([at, sign(null, Buffer.from(cosignedText(time, body)), privateKey)]) };
    },
  };
};
