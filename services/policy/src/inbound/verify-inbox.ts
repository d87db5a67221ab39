import { partitionFor } from '@countersign/bus';
import type { BusMessage } from '@countersign/bus';
import type { TokenClaims } from '@countersign/contracts';
import { createTokenCache, lazyKey, macKey, peekJws, proofKey, provenFieldsOf, provenHash, sha256Text, verifyAgentToken, verifyAttest, verifyAttestAhead, verifyJwsAhead, verifyServiceMessage } from '@countersign/identity';
import type { KeySet, LazyKey, MacKey, ProvenFields } from '@countersign/identity';
import type { RevocationView } from '@countersign/tool-guard';
import type { Admitted } from '../app/ports.ts';
import type { Fault } from '../core/commands.ts';
import { createDelegationCheck } from './delegation.ts';
import type { EvidenceCheck } from './evidence.ts';
import { readRuntimeBody, readServiceBody } from './read-body.ts';
import type { People } from './people.ts';

export interface VerifyOptions {
  /** Audience of agent tokens. */
  readonly audience: string;
  readonly keys: KeySet;
  /** The registry's keys alone: another service's key, stolen, makes no agent. */
  readonly tokenKeys: KeySet;
  readonly proofSecret: Uint8Array;
  /** ce_type → services that may sign it; from contracts/topics.yaml. */
  readonly signers: Readonly<Record<string, readonly string[]>>;
  readonly partitions: number;
  readonly people: People;
  /** What the registry revoked; without it nothing is. */
  readonly revocations?: RevocationView;
  /** Without it, evidence is on the record and counts for nothing. */
  readonly evidence?: EvidenceCheck;
}

interface Session { readonly claims: TokenClaims; readonly key: MacKey; readonly fault: Fault | null; readonly until: number; readonly publicKey: LazyKey; /** Of the run. */ readonly partition: number }

interface Proved { readonly fields: ProvenFields; /** base64url. */ readonly hash: string }

export interface Verifier {
  (record: BusMessage, now: number): Admitted;
  /** Verifies the signatures of a batch on other threads; the records are then judged at once. Changes no verdict. */
  readonly ahead: (records: readonly BusMessage[]) => Promise<void>;
}

const mostSessions = 20_000;
const traceparentForm = /^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/;

/**
 * Who sent this inbox record (DESIGN 8)? A runtime proves itself by token and HMAC, a service by its signature. Tokens are judged
 * by the broker's append time: a backlog of ours must not make a good message bad. Nothing is thrown, whatever the bytes.
 */
export const createVerifier = (options: VerifyOptions): Verifier => {
  const tokens = createTokenCache({ keys: options.tokenKeys, audience: options.audience, max: mostSessions });
  const sessions = new Map<string, Session>();
  const { revocations } = options;
  const delegated = createDelegationCheck(options.keys);

  const sessionOf = (jwt: string, at: number): Session | string => {
    const known = sessions.get(jwt);
    if (known !== undefined && at < known.until) return known;
    const verified = tokens.verify(jwt, at);
    let claims: TokenClaims;
    let fault: Fault | null = null;
    if (verified.ok) claims = verified.claims;
    else {
      // An expired token still tells whose message it was: the sender gets a coded reply, and its seq is spent.
      const exp = verified.code === 'expired' ? peekJws(jwt)?.['exp'] : undefined;
      const late = typeof exp === 'number' ? verifyAgentToken(jwt, options.tokenKeys, { now: exp * 1000 - 1, audience: options.audience }) : verified;
      if (!late.ok) return verified.code;
      claims = late.claims;
      fault = { kind: 'fault', code: 'token_expired', detail: 'the agent token was over when the message arrived: renew it and send the next message' };
    }
    const session: Session = { claims, key: macKey(proofKey(options.proofSecret, { tenant: claims.tenant, run: claims.run, jkt: claims.cnf.jkt })), fault, publicKey: lazyKey(claims.cnf.jwk.x), partition: partitionFor(claims.run, options.partitions), until: fault === null ? claims.exp * 1000 : 0 };
    sessions.delete(jwt);
    if (fault === null) sessions.set(jwt, session);
    if (sessions.size > mostSessions) sessions.delete(sessions.keys().next().value!);
    return session;
  };

  /** Proofs checked ahead of a batch, for the judging that follows: the same record under the same session only. */
  const found = new WeakMap<BusMessage, { readonly session: Session; readonly proof: Proved }>();
  const proved = (record: BusMessage, session: Session): Proved | string => {
    const known = found.get(record);
    if (known?.session === session) return known.proof;
    const proven = provenFieldsOf(record, session.claims.run, session.claims.jti);
    if (!proven.ok) return proven.code;
    const hash = provenHash(session.key, proven.fields, record.headers['cs_proof'] ?? '');
    return hash === undefined ? 'bad_proof' : { fields: proven.fields, hash };
  };

  const fromRuntime = (record: BusMessage, jwt: string, now: number): Admitted => {
    const session = sessionOf(jwt, record.timestamp);
    if (typeof session === 'string') return { status: 'unproven', principal: claimedBy(jwt), code: session };
    const { claims } = session;
    const proof = proved(record, session);
    if (typeof proof === 'string') return { status: 'unproven', principal: claims.sub, code: proof };
    const { fields, hash } = proof;
    const h = record.headers;
    let fault = session.fault;
    if (fields.tenant !== claims.tenant) fault ??= { kind: 'fault', code: 'token_wrong_run', detail: 'the header tenant is not the token\'s' };
    // Asked for each message, for a session is remembered; not asked at all while nothing is revoked.
    if (revocations !== undefined && revocations.size > 0) {
      const entry = revocations.token(claims);
      if (entry !== undefined) fault ??= { kind: 'fault', code: 'credential_revoked', detail: `the ${entry.kind} was revoked: open a new run with a new session key` };
    }
    const attest = h['cs_attest'];
    let attested = false;
    if (attest !== undefined && attest !== '') {
      attested = verifyAttest(Buffer.from(hash, 'base64url'), attest, session.publicKey);
      if (!attested) fault ??= { kind: 'fault', code: 'bad_signature', detail: 'cs_attest is not the session key\'s signature of this message' };
    }
    return {
      status: 'proved',
      command: {
        from: 'runtime', tenant: claims.tenant, run: claims.run, ceType: fields.ceType, traceparent: traceOf(h), offset: String(record.offset), at: record.timestamp,
        rightPartition: session.partition === record.partition,
        token: claims, seq: fields.seq, prev: h['cs_prev']!, hash, ceTime: Date.parse(fields.ceTime), attested,
        body: fault ?? readRuntimeBody(fields.ceType, record.value!, claims, options.people, now, options.evidence, delegated),
      },
    };
  };

  const fromService = (record: BusMessage, now: number): Admitted => {
    const h = record.headers;
    const verified = verifyServiceMessage(record, options.keys, options.signers);
    if (!verified.ok) return { status: 'unproven', principal: bounded(h['cs_key'] ?? '(none)'), code: verified.code };
    return {
      status: 'proved',
      command: {
        from: 'service', service: verified.service, tenant: h['tenant']!, run: record.key!, ceType: verified.ceType, traceparent: traceOf(h), offset: String(record.offset), at: record.timestamp,
        rightPartition: partitionFor(record.key!, options.partitions) === record.partition, hash: sha256Text(record.value!),
        body: readServiceBody(verified.ceType, record.value!, { tenant: h['tenant']!, run: record.key! }, options.people, now),
      },
    };
  };

  const verify = (record: BusMessage, now: number): Admitted => {
    if (record.value === null) return { status: 'dead', code: 'tombstone', detail: 'the inbox takes no tombstones' };
    if (record.key === null || record.key === '') return { status: 'dead', code: 'wrong_key', detail: 'an inbox record is keyed by its run' };
    const token = record.headers['cs_token'];
    if (token !== undefined) return fromRuntime(record, token, now);
    if (record.headers['cs_signature'] === undefined) return { status: 'dead', code: 'missing_header', detail: 'neither cs_token nor cs_signature: nobody says this' };
    if (!runShape.test(record.key)) return { status: 'dead', code: 'wrong_key', detail: 'the key is no run id' };
    return fromService(record, now);
  };

  const ahead = async (records: readonly BusMessage[]): Promise<void> => {
    const unknown = new Set<string>();
    for (const { headers } of records) if (headers['cs_token'] !== undefined && !sessions.has(headers['cs_token'])) unknown.add(headers['cs_token']);
    await Promise.all([...unknown].map((jwt) => verifyJwsAhead(jwt, options.tokenKeys)));
    const attesting: Promise<void>[] = [];
    for (const record of records) {
      const { cs_token: jwt, cs_attest: attest } = record.headers;
      if (jwt === undefined || !attest) continue;
      const session = sessionOf(jwt, record.timestamp);
      // Without a valid proof nobody makes us verify signatures.
      const proof = typeof session === 'string' ? session : proved(record, session);
      if (typeof session === 'string' || typeof proof === 'string') continue;
      found.set(record, { session, proof });
      attesting.push(verifyAttestAhead(Buffer.from(proof.hash, 'base64url'), attest, session.publicKey));
      if (proof.fields.ceType === 'countersign.runs.started.v1') {
        const instruction = attestationIn(record.value!);
        if (instruction !== undefined) attesting.push(options.people.ahead(instruction));
      }
    }
    await Promise.all(attesting);
  };
  return Object.assign(verify, { ahead });
};

/** The instruction's signature in the body of a start, read without any check: it is only to be verified sooner. */
const attestationIn = (value: Buffer): string | undefined => /"attestation":"([A-Za-z0-9_.-]{1,8192})"/.exec(value.toString('latin1', Math.max(0, value.length - 8_192)))?.[1];

const runShape = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const bounded = (text: string): string => text.slice(0, 128).toWellFormed();
const traceOf = (headers: Readonly<Record<string, string>>): string | null => {
  const text = headers['traceparent'];
  return text !== undefined && traceparentForm.test(text) ? text : null;
};

/** Who an unproven token says it is: a name for the counters, nothing more. */
const claimedBy = (jwt: string): string => {
  const sub = peekJws(jwt)?.['sub'];
  return typeof sub === 'string' && sub !== '' ? bounded(sub) : '(no name)';
};
