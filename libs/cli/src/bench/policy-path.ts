import { randomBytes } from 'node:crypto';
import type { Bus, BusMessage, ProcessOptions } from '@countersign/bus';
import type { AgentSnapshot, GovernedRecord, PersonSnapshot, Reply, ToolSnapshot } from '@countersign/contracts';
import { signers } from '@countersign/contracts';
import { argumentsDigest, createKeySet, generateKey } from '@countersign/identity';
import { composePolicy, policyTopics } from '@countersign/policy/compose';
import { decide } from '@countersign/policy/core/decide';
import { evolve } from '@countersign/policy/core/evolve';
import { graphOf } from '@countersign/policy/core/graph';
import { foldingWith, judgeWith } from '@countersign/policy/core/judge';
import { compileBundle, compileTool } from '@countersign/policy/core/rules/compile';
import { initialState } from '@countersign/policy/core/state';
import type { World } from '@countersign/policy/core/world';
import { checkArguments } from '@countersign/tool-guard/arguments';
import { createPeople } from '@countersign/policy/inbound/people';
import type { Snapshots } from '@countersign/policy/inbound/snapshots';
import { createVerifier } from '@countersign/policy/inbound/verify-inbox';
import { toGoverned, toReply } from '@countersign/policy/outbound/messages';
import { faultOf, openRun } from './bench-run.ts';
import type { Cast, Expected } from './bench-run.ts';
import { ofRounds, percentile } from './measured.ts';
import type { Results } from './measured.ts';
import { sessionOf } from './sessions.ts';
import { benchGraph, benchPack } from './thousand-rules.ts';

export interface PathOptions { readonly messages?: number; readonly rounds?: number; readonly batch?: number; readonly tell?: (line: string) => void }
interface Inbox { readonly messages: readonly BusMessage[]; readonly expected: readonly Expected[] }

const tenant = 'acme';

/** The traffic of `decide`, as the broker would hand it out, made batch by batch: what lies around for seconds would be read from slow memory. */
const createTraffic = (cast: Cast, office: readonly string[]): ((count: number) => Inbox) => {
  let opened = 0, turn = 0, offset = 0n;
  const next = () => { const n = opened++; return openRun(n, sessionOf(n, office), cast); };
  const open = Array.from({ length: 100 }, next);
  return (count) => {
    const messages: BusMessage[] = [];
    const expected: Expected[] = [];
    for (; messages.length < count; turn += 1) {
      const said = open[turn % open.length]!.next();
      if (said === undefined) { open[turn % open.length] = next(); continue; }
      const { message: { topic, key, value, headers }, ...rest } = said;
      messages.push({ topic, key, value: Buffer.from(value!), headers: headers ?? {}, partition: 0, offset: offset++, timestamp: Date.now() });
      expected.push(rest);
    }
    return { messages, expected };
  };
};

/** Policy's parts as composed for production, without a bus: 1,000 rules over 100 tools. */
const setUp = async () => {
  const { spec, tools, office } = await benchPack();
  const registry = generateKey('registry-1'), key = generateKey('policy-1'), personKey = generateKey('uma-1');
  const cast: Cast = { tenant, registryKey: registry, person: { id: 'uma', key: personKey }, agents: ['clerk'], proofSecret: randomBytes(32) };
  const agent: AgentSnapshot = { agent: 'clerk', tenant, version: 1, name: 'Clerk', owner: 'olga', purpose: 'bench', roles: ['clerk'], status: 'active', permissions: ['ledger.*', 'payments.*', 'care.*', 'release.*', 'office.*'], ceiling: 2, environment: 'bench', model: null, runtimeTrusted: true, limits: { calls: 1_000, money: null } };
  const uma: PersonSnapshot = { person: 'uma', tenant, version: 1, name: 'Uma', roles: ['user'], status: 'active', keys: [personKey.publicJwk] };
  const catalogue = new Map(tools.map((tool) => [tool.tool, { tool: compileTool({ ...tool, tenant, version: 1, definition: argumentsDigest(tool as never) } satisfies ToolSnapshot), check: checkArguments(tool.schema) }]));
  const graph = graphOf(benchGraph, '1');
  const snapshots: Snapshots = {
    agent: () => agent, tool: (name) => catalogue.get(name)?.tool, argumentsFault: (tool, args) => catalogue.get(tool.name)!.check(args), person: () => uma, halt: () => null, haltsVersion: () => 0, graph: () => graph, level: () => 'normal', notLive: () => null, ready: Promise.resolve(), stop: async () => undefined,
  };
  return { bundle: compileBundle(spec), office, cast, snapshots, key, registry };
};
type Parts = Awaited<ReturnType<typeof setUp>>;
const limits = { grantMs: 30_000, actionsPerRun: 10_000, denies: 3, clockSkewMs: 300_000 };

/** Microseconds that each proposal takes from received bytes to the bytes of its governed record and reply, on this thread. */
const onePath = async ({ bundle, cast, office, snapshots, registry }: Parts, count: number, warm: number): Promise<Float64Array> => {
  const verify = createVerifier({ audience: 'countersign', keys: createKeySet([registry.publicJwk]), tokenKeys: createKeySet([registry.publicJwk]), proofSecret: cast.proofSecret, signers, partitions: 1, people: createPeople((id) => snapshots.person(id), tenant) });
  const folding = foldingWith((name) => snapshots.tool(name));
  const worldAt = (now: number): World => ({
    ...snapshots, folding, now, tenant, policyVersion: bundle.version, judge: judgeWith(bundle), digest: argumentsDigest, limits: { ...limits, budget: bundle.budget }, haltsVersion: 0, graph: snapshots.graph!(),
    level: () => ({ recorded: 'normal', effective: 'normal' }),
  }) as unknown as World;
  const state = initialState();
  const taken = new Float64Array(count);
  const traffic = createTraffic(cast, office);
  const write = (record: GovernedRecord): number => toGoverned(policyTopics.governed, record, 0).value!.length;
  let written = 0, timed = 0;
  for (let at = 0; at < count; at += 400) {
    const { messages, expected } = traffic(400);
    // Signatures are verified on another thread in production; waiting for that is not this thread's work.
    await verify.ahead(messages);
    const now = Date.now();
    const world = worldAt(now);
    for (let n = 0; n < 400; n += 1) {
      const from = performance.now();
      const admitted = verify(messages[n]!, now);
      if (admitted.status !== 'proved') throw new Error(`a message is ${admitted.status}: ${admitted.code}`);
      const { records, replies } = decide(admitted.command, state, world);
      for (const record of records) { evolve(state, record, folding); written += write(record); }
      let reply: Reply | undefined;
      for (reply of replies) written += toReply(policyTopics.replies, reply, { id: `0.${n}`, tenant, now, traceparent: admitted.command.traceparent }).value!.length;
      const us = (performance.now() - from) * 1_000;
      const wrong = reply === undefined ? 'no reply' : faultOf(reply.decision === 'allow' ? { ...reply, grant: 'signed with its batch' } : reply, expected[n]!);
      if (wrong !== undefined) throw new Error(wrong);
      if (at >= warm && expected[n]!.step !== undefined) taken[timed++] = us;
    }
  }
  if (written === 0) throw new Error('nothing was written');
  return taken.subarray(0, timed);
};

/** Inbox messages of every kind a second through the composed service: batches, one signature over the grants of each. */
const batches = async ({ bundle, cast, office, snapshots, key, registry }: Parts, count: number, warm: number, batch: number): Promise<number> => {
  let process: ProcessOptions | undefined;
  const bus = { kind: 'embedded', partitions: async () => 1, process: async (given: ProcessOptions) => { process = given; return { ready: Promise.resolve(), ended: new Promise<void>(() => undefined), stop: async () => undefined }; } } as unknown as Bus;
  await composePolicy({
    bus, bundle, key, keys: createKeySet([registry.publicJwk, key.publicJwk]), jwks: [registry.publicJwk, key.publicJwk], proofSecret: cast.proofSecret, tenant, audience: 'countersign', anomalyEffect: 'raise',
    limits, pace: { everyRecords: 1e9, everyMs: 1e9 }, owner: 'bench', now: Date.now, onError: (error) => { throw error; }, snapshots,
    checkpoints: { load: async () => undefined, save: async () => true, drop: async () => undefined },
  });
  const owner = await process!.own({ partition: 0, next: 0n, signal: new AbortController().signal, append: async () => [0n], read: async function* () { /* an empty log */ } });
  const traffic = createTraffic(cast, office);
  let ms = 0, timed = 0;
  for (let at = 0; at < count; at += batch) {
    const { messages } = traffic(batch);
    const from = performance.now();
    const answers = (await owner.handle(messages)).filter(({ topic }) => topic === policyTopics.replies).length;
    if (answers !== batch) throw new Error(`of ${batch} messages ${answers} were answered`);
    if (at < warm) continue;
    ms += performance.now() - from;
    timed += batch;
  }
  return timed / ms * 1_000;
};

/** policy.path.* and policy.batch.per_s. */
export const policyPath = async ({ messages: count = 60_000, rounds = 3, batch = 400, tell }: PathOptions = {}): Promise<Results> => {
  const parts = await setUp();
  const p50: number[] = [], p99: number[] = [], perSecond: number[] = [], batched: number[] = [];
  const warm = Math.floor(count * 0.3);
  for (let round = 0; round < rounds; round += 1) {
    const taken = await onePath(parts, count, warm);
    const mean = taken.reduce((sum, us) => sum + us, 0) / taken.length;
    taken.sort();
    p50.push(percentile(taken as never, 0.5));
    p99.push(percentile(taken as never, 0.99));
    perSecond.push(1e6 / mean);
    batched.push(await batches(parts, count, warm, batch));
    tell?.(`policy path, round ${round + 1}: p50 ${p50.at(-1)!.toFixed(1)} µs, p99 ${p99.at(-1)!.toFixed(1)} µs, ${Math.round(perSecond.at(-1)!)} decisions/s; in batches with signatures ${Math.round(batched.at(-1)!)} messages/s`);
  }
  const what = 'a proposal from its bytes to the bytes of governed record and reply: proof (HMAC, chain), strict JSON, schemas, facts, 1,000 rules over 100 tools, fold, JSON; one thread';
  return {
    'policy.path.p50_us': ofRounds(p50, 'us', { note: what }),
    'policy.path.p99_us': ofRounds(p99, 'us', { note: 'the same; whatever else runs on the machine is in it' }),
    'policy.path.per_s': ofRounds(perSecond, '1/s', { note: 'proposals of the same, one after the other' }),
    'policy.batch.per_s': ofRounds(batched, '1/s', { note: `inbox messages of every kind through the composed service in batches of ${batch}, with the verified signatures and one signature over the grants of a batch` }),
  };
};
