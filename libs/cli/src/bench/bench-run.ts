import { randomBytes, randomUUID } from 'node:crypto';
import type { Outgoing } from '@countersign/bus';
import { topic } from '@countersign/contracts';
import type { Reply, TokenClaims } from '@countersign/contracts';
import { createChain, generateKey, instructionDigest, issueAgentToken, jwkThumbprint, proofKey, signPersonStatement } from '@countersign/identity';
import type { SigningKey } from '@countersign/identity';
import { uuidV7From } from '@countersign/kernel';
import type { Script, Step } from './sessions.ts';

/** Whom the runs of a bench belong to and who signs for them. */
export interface Cast {
  readonly tenant: string;
  readonly registryKey: SigningKey;
  readonly person: { readonly id: string; readonly key: SigningKey };
  readonly agents: readonly string[];
  readonly proofSecret: Buffer;
}

/** What a message must be answered with; `step` where it is a proposal. */
export interface Expected { readonly step?: Step; readonly action?: string }
export interface Said extends Expected { readonly message: Outgoing }

/** The SDK signs the head of its chain before whatever may need a claim. */
const claimed = ({ tool, expect }: Step): boolean => expect.tier === 3 || tool === 'payments.transfer' || tool === 'care.send_mail';
const newId = (): string => uuidV7From(Date.now(), randomBytes(10));

/** One run as the SDK sends it: proofs over a chain, session key's signature at start and end, an instruction signed by its person. */
export const openRun = (n: number, { instruction, steps }: Script, cast: Cast) => {
  const { tenant } = cast;
  const session = generateKey('session');
  const run = newId(), jkt = jwkThumbprint(session.publicJwk), agent = cast.agents[n % cast.agents.length]!, now = Math.floor(Date.now() / 1_000);
  const claims: TokenClaims = { iss: 'registry', aud: 'countersign', sub: agent, jti: randomUUID(), iat: now, exp: now + 900, tenant, run, run_not_after: now + 3_600, scope: '', cnf: { jkt, jwk: session.publicJwk } };
  const token = issueAgentToken(claims, cast.registryKey);
  const key = proofKey(cast.proofSecret, { tenant, run, jkt });
  const chain = createChain();
  const traceId = randomBytes(16).toString('hex');
  const message = (kind: string, body: object, attest = false): Outgoing => {
    const value = Buffer.from(JSON.stringify(body));
    const ce = { topic: topic.runsInbox, key: run, ceId: randomUUID(), ceType: `countersign.runs.${kind}.v1`, ceSource: `/agents/${agent}`, ceTime: new Date().toISOString() };
    const link = chain.next({ ...ce, tenant, run, token: claims.jti, value }, key);
    return {
      topic: ce.topic, key: run, value,
      headers: {
        ce_specversion: '1.0', ce_id: ce.ceId, ce_type: ce.ceType, ce_source: ce.ceSource, ce_time: ce.ceTime, 'content-type': 'application/json',
        traceparent: `00-${traceId}-${randomBytes(8).toString('hex')}-01`, tenant, cs_token: token, ...link.headers, ...(attest ? { cs_attest: chain.attestHead(session.key) } : {}),
      },
    };
  };
  const attestation = signPersonStatement('instruction', { sub: cast.person.id, run, instruction: instructionDigest(instruction), agent, tenant, iat: now }, cast.person.key);
  const sayings: (() => Said)[] = [() => ({ message: message('started', { instruction: { text: instruction, attestation }, traceId }, true) })];
  for (const step of steps) {
    const action = newId();
    const ran = step.expect.decision === 'allow';
    sayings.push(() => ({ step, action, message: message('proposed', { action, tool: step.tool, arguments: step.args, deadline: null, reason: step.why, confidence: 0.9 }, claimed(step)) }));
    if (step.pending !== true) sayings.push(() => ({ action, message: message('outcome', { action, status: ran ? 'succeeded' : 'not_executed', result: ran ? step.result : null, error: null, cost: null, tokens: ran ? 420 : null, durationMs: ran ? 31 : null }) }));
  }
  sayings.push(() => ({ message: message('ended', { reason: 'completed', messages: sayings.length }, true) }));
  return { run, jkt, next: () => sayings[chain.nextSeq]?.(), get seq() { return chain.nextSeq; } };
};

/** What a reply must be: a note for what was only to be recorded, the expected decision for a proposal, with a grant exactly where it is allowed. */
export const faultOf = (reply: Reply, expected: Expected): string | undefined => {
  const { step, action } = expected;
  const where = `${step?.tool ?? 'message'} (seq ${reply.seq}): ${reply.code} ${reply.detail ?? ''}`;
  // A question that was withdrawn by its outcome is answered as a decision; everything else without a step is noted.
  if (step === undefined) return reply.code === 'ok' || (action !== undefined && reply.code === 'cancelled') ? undefined : where;
  const { decision, tier } = step.expect;
  if (reply.kind !== 'decided' || reply.action !== action || reply.decision !== decision || reply.tier !== tier || (reply.grant !== null) !== (decision === 'allow')) return `${where}: ${reply.decision} at tier ${reply.tier} instead of ${decision} at ${tier}`;
  return undefined;
};
