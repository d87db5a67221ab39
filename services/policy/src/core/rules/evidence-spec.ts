import type { PublicJwk } from '@countersign/contracts';
import { duration } from './duration.ts';
import type { Complain } from './problem.ts';

/** Whose evidence counts beside that of registered people, and for how long. */
export interface EvidencePolicy { readonly maxAgeMs: number; readonly attestors: readonly { readonly id: string; readonly keys: readonly PublicJwk[] }[] }

const object = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);
const dayMs = 86_400_000;
const mostAttestors = 64;
const mostKeys = 4;

/** Reads a bundle's `evidence: { maxAge: 24h, attestors: [{ id, keys: [Ed25519 JWKs] }] }` and reports every problem with its path. */
export const readEvidence = (value: unknown, complain: Complain): EvidencePolicy => {
  const none: EvidencePolicy = { maxAgeMs: dayMs, attestors: [] };
  if (value === undefined) return none;
  if (!object(value)) {
    complain('evidence', 'is a map of maxAge and attestors');
    return none;
  }
  for (const name of Object.keys(value)) if (name !== 'maxAge' && name !== 'attestors') complain(`evidence.${name}`, 'is no known field');
  const maxAgeMs = value['maxAge'] === undefined ? dayMs : typeof value['maxAge'] === 'string' ? duration(value['maxAge']) : undefined;
  if (maxAgeMs === undefined) complain('evidence.maxAge', 'is a number with ms, s, m, h or d');
  const attestors = value['attestors'] ?? [];
  if (!Array.isArray(attestors) || attestors.length > mostAttestors) {
    complain('evidence.attestors', `a list of up to ${mostAttestors} is needed`);
    return none;
  }
  const seen = new Set<unknown>();
  attestors.forEach((one: unknown, i) => {
    const path = `evidence.attestors[${i}]`;
    if (!object(one)) return complain(path, 'is a map of id and keys');
    if (typeof one['id'] !== 'string' || !/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/.test(one['id']) || seen.has(one['id'])) complain(`${path}.id`, 'a name is needed, each once');
    seen.add(one['id']);
    if (!Array.isArray(one['keys']) || one['keys'].length === 0 || one['keys'].length > mostKeys || !one['keys'].every(isKey)) complain(`${path}.keys`, `1 to ${mostKeys} public Ed25519 keys (JWK: kty, crv, x, kid) are needed`);
  });
  return { maxAgeMs: maxAgeMs ?? dayMs, attestors: attestors as unknown as EvidencePolicy['attestors'] };
};

const isKey = (key: unknown): boolean => object(key) && key['kty'] === 'OKP' && key['crv'] === 'Ed25519' && typeof key['x'] === 'string' && /^[A-Za-z0-9_-]{43}$/.test(key['x']) && typeof key['kid'] === 'string' && !('d' in key);
