import type { KeyObject } from 'node:crypto';
import type { CheckedEvidence, DsseEnvelope, PersonSnapshot, PublicJwk } from '@countersign/contracts';
import { inTotoPayload, openEnvelope, parseStrictJson, publicKeyOf } from '@countersign/identity';

/** Reads and verifies the evidence of a proposal: who signed it and what it says, or why it counts for nothing. */
export type EvidenceCheck = (envelopes: readonly DsseEnvelope[]) => readonly CheckedEvidence[];

/** Keys of those outside the registry whose evidence counts, pinned by the bundle. */
export type Attestors = readonly { readonly id: string; readonly keys: readonly PublicJwk[] }[];

const mostKeys = 4;
const nothing = { by: null, type: null, subjects: [], madeAt: null, result: null, tested: [], found: [], fixed: [] } as const;

export const createEvidenceCheck = (options: { readonly person: (id: string) => PersonSnapshot | undefined; readonly tenant: string; readonly attestors: () => Attestors }): EvidenceCheck => {
  const imported = new Map<string, KeyObject | undefined>();
  const keyOf = (jwk: PublicJwk): KeyObject[] => {
    if (imported.size > 10_000) imported.clear();
    if (!imported.has(jwk.x)) imported.set(jwk.x, publicKeyOf(jwk));
    const key = imported.get(jwk.x);
    return key === undefined ? [] : [key];
  };
  const keysOf = (keyid: string): readonly KeyObject[] => {
    const [, kind, id] = /^(person|attestor):(.+)$/s.exec(keyid) ?? [];
    if (kind === 'attestor') return (options.attestors().find((one) => one.id === id)?.keys ?? []).slice(0, mostKeys).flatMap(keyOf);
    const person = kind === 'person' ? options.person(id!) : undefined;
    return person?.status === 'active' && person.tenant === options.tenant ? person.keys.slice(0, mostKeys).flatMap(keyOf) : [];
  };
  return (envelopes) => envelopes.map((envelope) => {
    const opened = openEnvelope(envelope, keysOf);
    if (opened === undefined) return { ...nothing, why: `no signature of ${envelope.signatures.map(({ keyid }) => keyid).join(', ')} holds`.slice(0, 200).toWellFormed() };
    if (envelope.payloadType !== inTotoPayload) return { ...nothing, why: `the payload is no ${inTotoPayload}` };
    const parsed = parseStrictJson(opened.body, { maxBytes: 16_384 });
    const read = parsed.ok ? readStatement(parsed.value) : undefined;
    return read === undefined ? { ...nothing, why: 'the payload is no in-toto Statement v1' } : { ...read, by: opened.keyid, why: null };
  });
};

type Fields = Readonly<Record<string, unknown>>;
const isMap = (value: unknown): value is Fields => typeof value === 'object' && value !== null && !Array.isArray(value);
const texts = (value: unknown): string[] => (Array.isArray(value) ? value.filter((item): item is string => typeof item === 'string').slice(0, 64).map((item) => item.slice(0, 200).toWellFormed()) : []);

/** What policy reads of a statement; undefined where it is none. Cut to its bounds: a subject or finding beyond them is not seen. */
const readStatement = (value: unknown): Omit<CheckedEvidence, 'by' | 'why'> | undefined => {
  if (!isMap(value) || value['_type'] !== 'https://in-toto.io/Statement/v1' || typeof value['predicateType'] !== 'string' || !Array.isArray(value['subject'])) return undefined;
  const predicate = isMap(value['predicate']) ? value['predicate'] : {};
  const at = Date.parse(String(predicate['madeAt'] ?? predicate['timeVerified'] ?? ''));
  return {
    type: value['predicateType'].slice(0, 500).toWellFormed(), subjects: value['subject'].flatMap(subjectKeys).slice(0, 32),
    madeAt: Number.isSafeInteger(at) && at >= 0 ? at : null, result: resultOf(predicate['result']),
    tested: texts(predicate['tested'] ?? predicate['passedTests']), found: texts(predicate['found'] ?? predicate['failedTests']), fixed: texts(predicate['fixed']),
  };
};

const resultOf = (value: unknown): CheckedEvidence['result'] => (value === undefined ? null : String(value).toLowerCase() === 'passed' ? 'passed' : 'failed');

const subjectKeys = (subject: unknown): string[] => {
  if (!isMap(subject)) return [];
  const { name, digest } = subject;
  const hex = isMap(digest) && typeof digest['sha256'] === 'string' && /^[0-9a-f]{64}$/.test(digest['sha256']) ? digest['sha256'] : undefined;
  const named = typeof name === 'string' && name !== '' && name.length <= 300 && name.isWellFormed() ? name : undefined;
  return [
    ...(named === undefined ? [] : [named]), ...(hex === undefined ? [] : [`sha256:${hex}`]),
    ...(named === undefined || hex === undefined ? [] : [`${named}@${Buffer.from(hex, 'hex').toString('base64url')}`]),
  ];
};
