import { sign, verify } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import type { DsseEnvelope, JsonObject } from '@countersign/contracts';
import { sha256 } from './bytes.ts';
import { canonicalJson } from './canonical-json.ts';
import type { SigningKey } from './keys.ts';

/** An in-toto Statement v1 (in-toto/attestation, spec/v1/statement.md): what is said about which subjects. */
export interface Statement {
  readonly _type: 'https://in-toto.io/Statement/v1';
  readonly subject: readonly { readonly name: string; readonly digest: Readonly<Record<string, string>> }[];
  readonly predicateType: string;
  readonly predicate: JsonObject;
}

/** The predicate that Countersign reads in full; `madeAt` RFC 3339, the rest texts. */
export const validationType = 'urn:countersign:validation:v1';
export interface Validation { readonly madeAt: string; readonly result: 'passed' | 'failed'; readonly tested?: readonly string[]; readonly found?: readonly string[]; readonly fixed?: readonly string[] }

export const inTotoPayload = 'application/vnd.in-toto+json';

/** The subject that binds evidence to one tool with exactly these arguments: SHA-256 of their canonical JSON (RFC 8785). */
export const subjectOfCall = (tool: string, args: JsonObject): Statement['subject'][number] => ({ name: tool, digest: { sha256: sha256(canonicalJson(args)).toString('hex') } });

/** DSSE v1 pre-authentication encoding (secure-systems-lab/dsse, protocol.md). */
const preAuthentication = (type: string, body: Buffer): Buffer => Buffer.concat([Buffer.from(`DSSEv1 ${Buffer.byteLength(type)} ${type} ${body.length} `), body]);

/** Signs a statement. `keyid` says whose key it is: `person:NAME` or `attestor:NAME`; readers take it as a hint and verify. */
export const signEvidence = (statement: Statement, key: SigningKey, keyid: string): DsseEnvelope => {
  const body = Buffer.from(JSON.stringify(statement));
  return { payloadType: inTotoPayload, payload: body.toString('base64'), signatures: [{ keyid, sig: sign(null, preAuthentication(inTotoPayload, body), key.key).toString('base64') }] };
};

/** The signed bytes and who signed them; undefined where no signature holds. `keysOf` answers the keys a keyid may stand for, and is asked with whatever the envelope says. */
export const openEnvelope = (envelope: DsseEnvelope, keysOf: (keyid: string) => readonly KeyObject[]): { readonly body: Buffer; readonly keyid: string } | undefined => {
  const body = Buffer.from(envelope.payload, 'base64');
  const signed = preAuthentication(envelope.payloadType, body);
  for (const { keyid, sig } of envelope.signatures) {
    const signature = Buffer.from(sig, 'base64');
    if (signature.length === 64 && keysOf(keyid).some((key) => verify(null, signed, key, signature))) return { body, keyid };
  }
  return undefined;
};
