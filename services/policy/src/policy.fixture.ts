import { randomBytes, randomUUID } from 'node:crypto';
import { envelope, startHeartbeats } from '@countersign/bus';
import type { Bus, BusMessage, Outgoing } from '@countersign/bus';
import { topic } from '@countersign/contracts';
import type { AgentSnapshot, ApprovalResolved, GovernedRecord, Json, PersonSnapshot, Reply, TokenClaims, ToolSnapshot } from '@countersign/contracts';
import { chainStart, createChain, createKeySet, generateKey, issueAgentToken, jwkThumbprint, proofKey, signPersonStatement, signServiceMessage } from '@countersign/identity';
import type { SigningKey } from '@countersign/identity';
import { uuidV7From } from '@countersign/kernel';
import { parse } from 'yaml';
import type { CheckpointStore } from './app/ports.ts';
import { composePolicy } from './compose.ts';
import type { PolicyPorts, PolicyTopics } from './compose.ts';
import { compileBundle } from './core/rules/compile.ts';
import { governedRecordIn } from './inbound/governed-record.ts';
import { followSnapshots } from './inbound/snapshots.ts';

export const bundleText = `
version: test-1
permit: ['*']
rules:
  - id: forbidden
    owner: olga
    rationale: nobody does this
    tools: [bank.forbidden]
    when: 'true'
    decision: deny
  - id: large
    owner: olga
    rationale: large amounts are for people
    tools: [bank.transfer]
    when: 'amount >= 1000'
    tier: 3
    obligations: { approval: { route: [controller], quorum: 1, expiresIn: 1h } }
`;
const tool = (name: string, consequential: boolean): ToolSnapshot => ({
  tool: name, tenant: 'acme', version: 1, system: 'bank', title: name, consequential, reversible: true, compensator: null, dataClasses: [], enforcement: 'brokered', audience: 'bank',
  schema: { type: 'object', additionalProperties: false, properties: { amount: { type: 'integer' }, to: { type: 'string', maxLength: 2000 }, files: { type: 'array', items: { type: 'string' } } } },
  facts: name === 'bank.transfer' ? { amount: 'args.amount', currency: '"EUR"' } : name === 'bank.merge' ? { changePaths: 'args.files' } : {}, resultTrust: 'record', resultFields: {}, definition: 'd'.repeat(43),
});
export const id7 = (): string => uuidV7From(Date.now(), randomBytes(10));

/** Everything around policy: keys, signed snapshots with heartbeats, topics of its own, and runtimes that prove what they send. */
export const createRig = async (bus: Bus, partitions = 2) => {
  const suffix = randomBytes(4).toString('hex');
  const named = (name: string) => name.replace(/\.v1$/, `-${suffix}.v1`);
  const topics: PolicyTopics = { inbox: named(topic.runsInbox), governed: named(topic.runsGoverned), replies: named(topic.runsReplies), dead: named(topic.runsInboxDead) };
  const snapshotTopics = { agents: named(topic.registryAgents), tools: named(topic.registryTools), people: named(topic.registryPeople), halts: named(topic.supervisionHalts), levels: named(topic.anomalyLevels), graph: named(topic.registryGraph), revocations: named(topic.registryRevocations), standing: named(topic.auditStanding) };
  const spec = (name: string, n: number, compacted: boolean) => ({ name, partitions: n, compacted, retentionMs: compacted ? -1 : 3_600_000, maxMessageBytes: 524_288 });
  await bus.ensureTopics([...Object.values(topics).map((name) => spec(name, partitions, false)), ...Object.values(snapshotTopics).map((name) => spec(name, 1, true))]);

  const service = Object.fromEntries(['registry', 'policy', 'supervision', 'approvals', 'anomaly', 'audit'].map((name) => [name, generateKey(`${name}-1`)])) as Record<'registry' | 'policy' | 'supervision' | 'approvals' | 'anomaly' | 'audit', SigningKey>;
  const carl = generateKey('carl-1');
  const jwks = Object.values(service).map((key) => key.publicJwk);
  const keys = createKeySet(jwks);
  const proofSecret = randomBytes(32);
  const signed = (who: SigningKey, type: string, at: string, key: string, value: unknown): Outgoing => {
    const source = who.kid.replace('-1', '');
    return signServiceMessage({ topic: at, key, value: Buffer.from(JSON.stringify(value)), headers: envelope({ id: randomUUID(), type, source: `/${source}`, time: Date.now(), tenant: 'acme' }) }, who);
  };
  const beats = ([['agents', 'registry'], ['tools', 'registry'], ['people', 'registry'], ['graph', 'registry'], ['revocations', 'registry'], ['halts', 'supervision'], ['levels', 'anomaly']] as const).map(([what, who]) => startHeartbeats(bus, snapshotTopics[what], {
    everyMs: 300, now: Date.now, sign: (key, value) => signed(service[who], `countersign.${who}.heartbeat.v1`, snapshotTopics[what], key, JSON.parse(value.toString())).headers!,
  }));
  const agent: AgentSnapshot = { agent: 'clerk', tenant: 'acme', version: 1, name: 'Clerk', owner: 'olga', purpose: 'pay', roles: [], status: 'active', permissions: ['bank.*'], ceiling: 2, environment: 'test', model: null, runtimeTrusted: false, limits: { calls: 100_000, money: null } };
  const person: PersonSnapshot = { person: 'carl', tenant: 'acme', version: 1, name: 'Carl', roles: ['controller'], status: 'active', keys: [carl.publicJwk] };
  await bus.publish([
    signed(service.registry, 'countersign.registry.agent.v1', snapshotTopics.agents, 'clerk', agent),
    signed(service.registry, 'countersign.registry.person.v1', snapshotTopics.people, 'carl', person),
    ...['bank.read', 'bank.transfer', 'bank.forbidden', 'bank.merge'].map((name) => signed(service.registry, 'countersign.registry.tool.v1', snapshotTopics.tools, name, tool(name, name !== 'bank.read'))),
  ]);

  const governed: { readonly partition: number; readonly record: GovernedRecord }[] = [];
  const replies: Reply[] = [];
  const dead: BusMessage[] = [];
  const following = await bus.follow({
    topics: [topics.governed, topics.replies, topics.dead], from: 'start',
    onBatch: (messages) => {
      for (const message of messages) {
        if (message.topic === topics.dead) { dead.push(message); continue; }
        if (message.topic === topics.governed) {
          const record = governedRecordIn(message.value);
          if (typeof record !== 'string') governed.push({ partition: message.partition, record });
        } else replies.push(JSON.parse(message.value!.toString()) as never);
      }
    },
  });
  await following.ready;

  return {
    topics, keys, service, carl, governed, replies, dead, proofSecret, signed, snapshotTopics, agent,
    publish: (messages: readonly Outgoing[]) => bus.publish(messages),
    /** Starts a policy process on this bus (or on another connection to the same server). */
    startPolicy: async (checkpoints: CheckpointStore, over: Partial<PolicyPorts> = {}) => composePolicy({
      bus, checkpoints, bundle: compileBundle(parse(bundleText)), key: service.policy, keys, jwks, proofSecret, tenant: 'acme', audience: 'countersign', anomalyEffect: 'record',
      limits: { grantMs: 30_000, actionsPerRun: 10_000, denies: 3, clockSkewMs: 300_000 }, pace: { everyRecords: 1, everyMs: 100 }, owner: `policy-${randomUUID()}`, now: Date.now, topics,
      onError: () => undefined, snapshots: followSnapshots(over.bus ?? bus, { keys, now: Date.now, onError: () => undefined, topics: snapshotTopics }), ...over,
    }),
    /** A runtime with a run of its own. */
    runtime: (options: { readonly secret?: Uint8Array; readonly claims?: Partial<TokenClaims>; readonly tokenKey?: SigningKey } = {}) => {
      const session = generateKey('session');
      const run = id7();
      const jkt = jwkThumbprint(session.publicJwk);
      const now = Math.floor(Date.now() / 1000);
      const claims: TokenClaims = { iss: 'registry', aud: 'countersign', sub: 'clerk', jti: randomUUID(), iat: now, exp: now + 300, tenant: 'acme', run, run_not_after: now + 3_600, scope: '', cnf: { jkt, jwk: session.publicJwk }, ...options.claims };
      const jwt = issueAgentToken(claims, options.tokenKey ?? service.registry);
      const secret = proofKey(options.secret ?? proofSecret, { tenant: claims.tenant, run, jkt });
      const chain = createChain();
      const message = (what: string, body: unknown, over: { readonly headers?: Record<string, string>; readonly raw?: Buffer; readonly time?: number } = {}): Outgoing => {
        const type = `countersign.runs.${what}.v1`;
        const value = over.raw ?? Buffer.from(JSON.stringify(body));
        const headers = envelope({ id: randomUUID(), type, source: '/agents/clerk', time: over.time ?? Date.now(), tenant: claims.tenant });
        const link = chain.next({ tenant: claims.tenant, topic: topics.inbox, key: run, ceId: headers['ce_id']!, ceType: type, ceSource: headers['ce_source']!, ceTime: headers['ce_time']!, run, token: claims.jti, value }, secret);
        return { topic: topics.inbox, key: run, value, headers: { ...headers, cs_token: jwt, ...link.headers, ...over.headers } };
      };
      return {
        run, chain, message, claims,
        started: () => message('started', { instruction: { text: 'pay the rent', attestation: null }, traceId: null }),
        proposed: (action: string, name: string, args: Record<string, Json> = {}) => message('proposed', { action, tool: name, arguments: args, deadline: null, reason: null, confidence: null }),
        outcome: (action: string) => message('outcome', { action, status: 'succeeded', result: 'done', error: null, cost: null, tokens: null, durationMs: 3 }),
      };
    },
    /** What approvals would say for a question on the record, with carl's own signature. */
    approve: (asked: GovernedRecord, voter: SigningKey = carl): Outgoing => {
      if (asked.kind !== 'action.decided') throw new Error('nothing was asked');
      const { digest } = asked.decision.approval!;
      const jws = signPersonStatement('vote', { sub: 'carl', approval: 'a1', digest, vote: 'approve', reason: 'fine', iat: Math.floor(Date.now() / 1000) }, voter);
      const body: ApprovalResolved = { approval: 'a1', action: asked.action, answers: asked.position, digest, resolution: 'approved', votes: [{ person: 'carl', vote: 'approve', jws }] };
      return signed(service.approvals, 'countersign.runs.resolved.v1', topics.inbox, asked.run!, body);
    },
    chainStart,
    stop: async () => { await Promise.all(beats.map((beat) => beat.stop())); await following.stop(); },
  };
};
export type Rig = Awaited<ReturnType<typeof createRig>>;

/** Checkpoints in memory, serialised as the real ones are. */
export const memoryCheckpoints = (): CheckpointStore & { readonly rows: Map<number, { state: unknown; from: bigint }> } => {
  const rows = new Map<number, { state: unknown; from: bigint }>();
  return {
    rows,
    load: async (partition) => { const row = rows.get(partition); return row && { state: structuredClone(row.state) as never, from: row.from }; },
    save: async (partition, checkpoint) => { rows.set(partition, { state: structuredClone(checkpoint.state), from: checkpoint.from }); return true; },
    drop: async (partition) => { rows.delete(partition); },
  };
};

