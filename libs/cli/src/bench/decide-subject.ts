import { randomBytes, randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import type { Outgoing } from '@countersign/bus';
import { topic } from '@countersign/contracts';
import type { Reply, TokenClaims } from '@countersign/contracts';
import { createChain, createKeySet, generateKey, instructionDigest, issueAgentToken, jwkThumbprint, proofKey, signPersonStatement, verifyGrant } from '@countersign/identity';
import { secretFile, serviceKeys } from '@countersign/service-host';
import { uuidV7From } from '@countersign/kernel';
import type { Local } from '../local.ts';
import { answersReady, startNode } from './child.ts';
import type { Subject } from './flow.ts';
import { script } from './sessions.ts';
import type { Step } from './sessions.ts';
import { bundleFolder } from './stand-ins.ts';
import type { StandIns } from './stand-ins.ts';

const tenant = process.env['CS_TENANT'] ?? 'acme';
const together = 100; // runs under way at a time
/** The SDK signs the head of its chain before whatever may need a claim. */
const claimed = ({ tool, expect }: Step): boolean => expect.tier === 3 || tool === 'payments.transfer' || tool === 'care.send_mail';
const newId = (): string => uuidV7From(Date.now(), randomBytes(10));

interface Expected { readonly index: number; readonly step?: Step; readonly action?: string; readonly jkt: string }

/** One run as the SDK sends it: proofs over a chain, session key's signature at start and end, an instruction signed by its person. */
const openRun = (n: number, standIns: StandIns, secret: Buffer) => {
  const { instruction, steps } = script(n);
  const session = generateKey('session');
  const run = newId(), jkt = jwkThumbprint(session.publicJwk), agent = standIns.agents[n % standIns.agents.length]!, now = Math.floor(Date.now() / 1_000);
  const claims: TokenClaims = { iss: 'registry', aud: 'countersign', sub: agent, jti: randomUUID(), iat: now, exp: now + 900, tenant, run, run_not_after: now + 3_600, scope: '', cnf: { jkt, jwk: session.publicJwk } };
  const token = issueAgentToken(claims, standIns.registryKey);
  const key = proofKey(secret, { tenant, run, jkt });
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
  const attestation = signPersonStatement('instruction', { sub: standIns.person.id, run, instruction: instructionDigest(instruction), agent, tenant, iat: now }, standIns.person.key);
  const sayings: (() => { readonly message: Outgoing; readonly step?: Step; readonly action?: string })[] = [() => ({ message: message('started', { instruction: { text: instruction, attestation }, traceId }, true) })];
  for (const step of steps) {
    const action = newId();
    const ran = step.expect.decision === 'allow';
    sayings.push(() => ({ step, action, message: message('proposed', { action, tool: step.tool, arguments: step.args, deadline: null, reason: step.why, confidence: 0.9 }, claimed(step)) }));
    sayings.push(() => ({ action, message: message('outcome', { action, status: ran ? 'succeeded' : 'not_executed', result: ran ? step.result : null, error: null, cost: null, tokens: ran ? 420 : null, durationMs: ran ? 31 : null }) }));
  }
  sayings.push(() => ({ message: message('ended', { reason: 'completed', messages: sayings.length }, true) }));
  return { run, jkt, next: () => sayings[chain.nextSeq]?.(), get seq() { return chain.nextSeq; } };
};

/** What a reply must be: a note for what was only to be recorded, the expected decision for a proposal, with a grant exactly where it is allowed. */
const fault = (reply: Reply, expected: Expected): string | undefined => {
  const { step, action } = expected;
  const where = `${step?.tool ?? 'message'} (seq ${reply.seq}): ${reply.code} ${reply.detail ?? ''}`;
  // A question that was withdrawn by its outcome is answered as a decision; everything else without a step is noted.
  if (step === undefined) return reply.code === 'ok' || (action !== undefined && reply.code === 'cancelled') ? undefined : where;
  const { decision, tier } = step.expect;
  if (reply.kind !== 'decided' || reply.action !== action || reply.decision !== decision || reply.tier !== tier || (reply.grant !== null) !== (decision === 'allow')) return `${where}: ${reply.decision} at tier ${reply.tier} instead of ${decision} at ${tier}`;
  return undefined;
};

/** One policy process: inbox in, replies out, everything on. The bench process plays everybody else. */
export const decideSubject = (local: Local, standIns: StandIns, options: { readonly profile?: string } = {}): Subject & { readonly counts: () => Readonly<Record<string, number>> } => {
  const secret = secretFile(local.secrets, 'proof-secret');
  const keys = createKeySet(serviceKeys(local.secrets).jwks);
  const main = fileURLToPath(new URL('../../../../services/policy/dist/main.js', import.meta.url));
  const counts: Record<string, number> = {};
  let expected = new Map<string, Expected>();
  let opened = 0;
  let grants = 0;
  return {
    name: 'decide', output: topic.runsReplies, counts: () => counts,
    messages: (count) => {
      expected = new Map();
      const open = Array.from({ length: together }, () => openRun(opened++, standIns, secret));
      const made: Outgoing[] = [];
      for (let turn = 0; made.length < count; turn += 1) {
        const at = turn % together;
        const said = open[at]!.next();
        if (said === undefined) { open[at] = openRun(opened++, standIns, secret); continue; }
        const { run, jkt, seq } = open[at]!;
        expected.set(`${run}/${seq - 1}`, { index: made.length, jkt, ...(said.step && { step: said.step }), ...(said.action && { action: said.action }) });
        made.push(said.message);
      }
      return made;
    },
    start: () => startNode('policy', [main], {
      // As infra/local starts it.
      nodeOptions: options.profile === undefined ? ['--max-semi-space-size=64'] : ['--max-semi-space-size=64', '--cpu-prof', `--cpu-prof-dir=${options.profile}`],
      env: {
        CS_BUS: 'kafka', CS_KAFKA_BROKERS: local.kafka!, CS_POSTGRES_URL: local.postgres['policy']!, CS_HTTP_PORT: new URL(local.http.policy).port,
        CS_SECRETS_DIR: local.secrets, CS_TENANT: tenant, CS_POLICY_BUNDLE: bundleFolder, CS_LOG_LEVEL: 'warn',
      },
      ready: answersReady(local.http.policy),
    }),
    readAnswer: ({ value }) => {
      const reply = JSON.parse(value!.toString()) as Reply;
      const known = expected.get(`${reply.run}/${reply.seq}`);
      if (known === undefined) return undefined;
      const what = known.step === undefined ? 'noted' : `${reply.decision} ${reply.tier}`;
      counts[what] = (counts[what] ?? 0) + 1;
      let wrong = fault(reply, known);
      // Signatures of every hundredth grant are verified: all of them would take longer than the measurement.
      if (wrong === undefined && reply.grant !== null && (grants += 1) % 100 === 0) {
        const verified = verifyGrant(reply.grant, keys, { now: Date.now(), audience: 'demo-tools' });
        if (!verified.ok && verified.code !== 'expired') wrong = `a grant does not verify: ${verified.code}`;
      }
      return wrong === undefined ? { index: known.index } : { index: known.index, wrong };
    },
  };
};
