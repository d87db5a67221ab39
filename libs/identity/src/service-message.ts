import { sequenceHeader } from '@countersign/kernel';
import { sign, verify } from 'node:crypto';
import { fromBase64Url, lengthPrefixed, sha256 } from './bytes.ts';
import type { KeySet, SigningKey } from './keys.ts';
import type { SignedRecord } from './message-proof.ts';
import { refuse } from './outcome.ts';
import type { Checked } from './outcome.ts';

const covered = ['ce_id', 'ce_type', 'ce_source', 'ce_time', 'tenant'] as const;

/** A tombstone has no value to hash; its marker cannot be the hash of any value. A number is covered where there is one: it can neither be changed nor taken away. */
const input = (record: SignedRecord, kid: string): Buffer => {
  const { [sequenceHeader]: number } = record.headers;
  return lengthPrefixed(['countersign/service-message/v1', record.topic, record.key ?? '', ...covered.map((name) => record.headers[name] ?? ''), kid, record.value === null ? 'tombstone' : sha256(record.value), ...(number === undefined ? [] : [number])]);
};

/**
 * Signs a service's message: returns its headers with `cs_key` and `cs_signature` added. Covered: topic, key, ce_id, ce_type,
 * ce_source, ce_time, tenant (all five headers required), kid, value, and its number where it has one.
 */
export const signServiceMessage = <R extends SignedRecord>(record: R, key: SigningKey): R => {
  for (const name of covered) if (!record.headers[name]) throw new Error(`a service message needs the header ${name}`);
  return { ...record, headers: { ...record.headers, cs_key: key.kid, cs_signature: sign(null, input(record, key.kid), key.key).toString('base64url') } };
};

/** `approvals-1` → `approvals`: key ids of services are their name and a number. */
export const serviceOfKey = (kid: string): string => kid.replace(/-[0-9]+$/, '');

/**
 * Verifies a service's message and that its type is this service's to say.
 * @param signers ce_type → names of the services (or single kids) that may sign it; a type not listed is refused
 * Codes: missing_header, unknown_key, wrong_signer, bad_signature.
 */
export const verifyServiceMessage = (record: SignedRecord, keys: KeySet, signers: Readonly<Record<string, readonly string[]>>): Checked<{ readonly kid: string; readonly service: string; readonly ceType: string }> => {
  const { cs_key: kid, cs_signature: text, ce_type: ceType } = record.headers;
  if (!kid || !text || !ceType || covered.some((name) => !record.headers[name])) return refuse('missing_header', 'cs_key, cs_signature, ce_id, ce_type, ce_source, ce_time and tenant are required');
  const service = serviceOfKey(kid);
  const allowed = Object.hasOwn(signers, ceType) ? signers[ceType]! : [];
  if (!allowed.includes(service) && !allowed.includes(kid)) return refuse('wrong_signer', `${kid} may not say ${ceType}`);
  const key = keys.get(kid);
  if (key === undefined) return refuse('unknown_key', 'signed with a key that is not in the key set');
  const signature = fromBase64Url(text, 64);
  if (signature === undefined || !verify(null, input(record, kid), key, signature)) return refuse('bad_signature', 'the signature does not fit');
  return { ok: true, kid, service, ceType };
};
