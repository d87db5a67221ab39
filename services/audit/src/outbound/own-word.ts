import { computeProof, verifyProof } from '@countersign/identity';
import { hkdfSync } from 'node:crypto';
import type { OwnWord } from '../core/own-word.ts';

/** HMAC-SHA256 under a key that HKDF (RFC 5869) derives from the secret of the pseudonyms: kept with the keys and not with the log, and, unlike the signing key, never changed. */
export const createOwnWord = (secret: Uint8Array): OwnWord => {
  const key = Buffer.from(hkdfSync('sha256', secret, '', 'countersign/audit-own-word/v1', 32));
  return { mac: (text) => computeProof(key, Buffer.from(text)), holds: (text, mac) => mac !== null && verifyProof(key, Buffer.from(text), mac) };
};
