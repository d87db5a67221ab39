import { randomBytes, randomUUID } from 'node:crypto';
import { chainHash, chainStart, computeProof, createClientAssertion, createSessionProof, fromBase64Url, generateKey, messageDigestInput, peekJws, verifyGrant } from '@countersign/identity';
import type { SigningKey } from '@countersign/identity';
import type { Outgoing } from '@countersign/bus';
import type { ActionProposed, JsonObject, Reply } from '@countersign/contracts';
import { uuidV7From } from '@countersign/kernel';
import { serviceKeys } from '@countersign/service-host';
import { audience } from './desk.ts';
import { expectForm } from './http.ts';
import { until } from '../until.ts';
import type { Whole } from './whole.ts';

/** What to do otherwise than an honest runtime would. */
export interface Tweak {
  readonly value?: Buffer;
  readonly seq?: number;
  readonly prev?: Uint8Array;
  readonly time?: number;
  readonly type?: string;
  readonly token?: string;
  readonly proofKey?: Uint8Array;
  readonly key?: string;
  readonly partition?: number;
  readonly headers?: Readonly<Record<string, string | undefined>>;
}

/** A runtime that can be told to lie: builds every message by hand under a real session. */
export interface RawSession {
  readonly run: string;
  readonly token: string;
  readonly sessionKey: SigningKey;
  readonly proofKey: Buffer;
  /** Next seq of the honest chain, and its head. */
  readonly chain: () => { readonly seq: number; readonly head: Uint8Array };
  /** Builds a message; nothing is sent and the chain does not move. */
  build(kind: string, body: object, tweak?: Tweak): Outgoing & { readonly hash: Uint8Array };
  /** Publishes as it is and waits for the answer to it. The chain does not move. */
  publish(message: Outgoing): Promise<Reply>;
  /** Builds, publishes, moves the chain on. */
  send(kind: string, body: object, tweak?: Tweak): Promise<Reply>;
  /** A proposal; the action's id is given or new. */
  propose(tool: string, args: JsonObject, action?: string): Promise<Reply>;
  /** What a tool server wants to see beside the arguments. */
  headers(grant: string, claim?: string, at?: string): Record<string, string>;
}

/** A fresh action id. */
export const newAction = (): string => uuidV7From(Date.now(), randomBytes(10));
export const proposal = (tool: string, args: JsonObject, action = newAction()): ActionProposed => ({ action, tool, arguments: args, deadline: null, reason: null, confidence: null });

/** Told unasked (a cancelled approval, a halt, what a child returned) it carries no seq, and may come between a message and its answer. */
const isAnswer = (reply: Reply): boolean => reply.seq !== null || reply.kind === 'refused';

/** Opens a run with the agent's registered key and sends `started`. */
export const openRawSession = async (whole: Whole, agent: { readonly id: string; readonly key: SigningKey }, instruction: (run: string) => Promise<{ readonly text: string; readonly attestation: string | null }> = () => Promise.resolve({ text: 'anything', attestation: null })): Promise<RawSession> => {
  const sessionKey = generateKey('session');
  const { kty, crv, x, kid } = sessionKey.publicJwk;
  const opened = await expectForm(`${whole.urls.registry}/oauth2/token`, {
    grant_type: 'client_credentials', client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer', session_key: JSON.stringify({ kty, crv, x, kid }),
    client_assertion: createClientAssertion({ client: agent.id, audience: `${whole.urls.registry}/oauth2/token`, jti: randomUUID(), now: Date.now() }, agent.key),
  });
  const run = String(opened['run']), token = String(opened['access_token']);
  const proofKey = Buffer.from(fromBase64Url(String(opened['proof_key']), 32)!);
  let seq = 0;
  let head: Uint8Array = chainStart;

  const build: RawSession['build'] = (kind, body, tweak = {}) => {
    const value = tweak.value ?? Buffer.from(JSON.stringify(body));
    const text = tweak.token ?? token;
    const fields = {
      tenant: 'acme', topic: 'runs.inbox.v1', key: tweak.key ?? run, ceId: randomUUID(), ceType: tweak.type ?? `countersign.runs.${kind}.v1`, ceSource: `/agents/${agent.id}`,
      ceTime: new Date(tweak.time ?? Date.now()).toISOString(), run: tweak.key ?? run, seq: tweak.seq ?? seq, prev: tweak.prev ?? head, token: String(peekJws(text)?.['jti'] ?? ''), value,
    };
    const input = messageDigestInput(fields);
    const all: Record<string, string | undefined> = {
      ce_specversion: '1.0', ce_id: fields.ceId, ce_type: fields.ceType, ce_source: fields.ceSource, ce_time: fields.ceTime, 'content-type': 'application/json', tenant: 'acme',
      cs_token: text, cs_seq: String(fields.seq), cs_prev: Buffer.from(fields.prev).toString('base64url'), cs_proof: computeProof(tweak.proofKey ?? proofKey, input), ...tweak.headers,
    };
    const headers = Object.fromEntries(Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== undefined));
    return { topic: fields.topic, key: fields.key, value, headers, hash: chainHash(input), ...(tweak.partition !== undefined && { partition: tweak.partition }) };
  };
  const publish: RawSession['publish'] = async ({ topic, key, value, headers, partition }) => {
    const before = whole.seen.replies(run).length;
    await whole.bus.publish([{ topic, key, value, ...(headers && { headers }), ...(partition !== undefined && { partition }) }]);
    return until('a reply', () => whole.seen.replies(run).slice(before).find(isAnswer), 60_000);
  };
  const send: RawSession['send'] = async (kind, body, tweak) => {
    const message = build(kind, body, tweak);
    const reply = await publish(message);
    seq += 1;
    head = message.hash;
    return reply;
  };
  const started = await send('started', { instruction: await instruction(run), traceId: null });
  if (started.kind === 'refused') throw new Error(`the start was refused: ${started.code}`);
  const { keys } = serviceKeys(whole.place.secretsDir);
  const headers: RawSession['headers'] = (grant, claim, at = audience) => {
    const read = verifyGrant(grant, keys, { now: Date.now(), audience: at });
    if (!read.ok) throw new Error(read.detail);
    return { 'cs-grant': grant, 'cs-session-proof': createSessionProof(read.claims.jti, at, Date.now(), sessionKey), ...(claim !== undefined && { 'cs-claim': claim }) };
  };
  const propose: RawSession['propose'] = (tool, args, action) => send('proposed', proposal(tool, args, action));
  return { propose, headers, run, token, sessionKey, proofKey, chain: () => ({ seq, head }), build, publish, send };
};
