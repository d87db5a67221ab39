import type { BusMessage, Outgoing } from '@countersign/bus';
import { computeProof, lengthPrefixed, verifyProof } from '@countersign/identity';
import type { SigningKey } from '@countersign/identity';
import { hkdfSync } from 'node:crypto';

/** Says of an observation that anomaly wrote it, for this partition. */
export interface Seal {
  seal(message: Outgoing & { readonly partition: number }): Outgoing;
  holds(message: BusMessage): boolean;
}

interface Sealed { readonly partition: number; readonly key?: string | null | undefined; readonly value: Uint8Array | string | null; readonly headers?: Readonly<Record<string, string>> | undefined }
const bytesOf = ({ partition, key, value, headers = {} }: Sealed): Buffer =>
  lengthPrefixed(['countersign/anomaly-action/v1', String(partition), key ?? '', headers['ce_id'] ?? '', headers['ce_type'] ?? '', headers['tenant'] ?? '', value ?? '']);

/**
 * Observations are written and read by anomaly alone, so a MAC proves as much as a signature would, at a fiftieth of its cost: HMAC-SHA256 in the
 * header `cs_proof`, over partition, key, id, type, tenant and value, under a key that HKDF (RFC 5869) derives from the service's own. What was sealed
 * under another key of the service is not anomaly's any more.
 */
export const createSeal = ({ privateJwk }: SigningKey): Seal => {
  const key = Buffer.from(hkdfSync('sha256', Buffer.from(privateJwk.d, 'base64url'), '', 'countersign/anomaly-action/v1', 32));
  return {
    seal: (message) => ({ ...message, headers: { ...message.headers, cs_proof: computeProof(key, bytesOf(message)) } }),
    holds: (message) => { const { cs_proof: proof } = message.headers; return proof !== undefined && verifyProof(key, bytesOf(message), proof); },
  };
};
