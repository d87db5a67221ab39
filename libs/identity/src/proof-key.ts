import { lengthPrefixed } from './bytes.ts';
import { hmacText } from './hmac.ts';

/** Who shares a proof key: one run and one session key (`jkt`, RFC 7638 thumbprint). */
export interface ProofKeyOwner { readonly tenant: string; readonly run: string; readonly jkt: string }

/**
 * The key under which a runtime proves its messages: HMAC-SHA256(proof secret, domain ‖ tenant ‖ run ‖ jkt), 32 bytes.
 * Registry hands it out, policy derives it again; nobody stores it.
 */
export const proofKey = (secret: Uint8Array, owner: ProofKeyOwner): Buffer => {
  if (secret.length < 32) throw new Error('the proof secret needs at least 32 bytes (at most 64)');
  return Buffer.from(hmacText(secret, lengthPrefixed(['countersign/proof-key/v1', owner.tenant, owner.run, owner.jkt])), 'base64url');
};
