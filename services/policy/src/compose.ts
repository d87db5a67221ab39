import type { Bus, Ownership, PartitionOwner, Subscription } from '@countersign/bus';
import { signers, topic } from '@countersign/contracts';
import type { FiredRule, GovernedRecord, PublicJwk } from '@countersign/contracts';
import { argumentsDigest, createKeySet, maxGrantBatch, serviceOfKey, signGrants } from '@countersign/identity';
import type { KeySet, SigningKey } from '@countersign/identity';
import { withSpan } from '@countersign/telemetry';
import type { GovernedEntry } from './app/folding.ts';
import { leasing } from './app/leasing.ts';
import type { BudgetLedger, CheckpointStore } from './app/ports.ts';
import { checkpointing } from './app/partition.ts';
import type { CheckpointPace } from './app/partition.ts';
import { createBatchSize } from './app/batch-size.ts';
import { createDesk } from './app/desk.ts';
import { createProcessor } from './app/processor.ts';
import { takeOver } from './app/take-over.ts';
import { onlyBundle } from './app/bundles/rules.ts';
import type { Deciding, Rules } from './app/bundles/rules.ts';
import { foldingWith, widerWith } from './core/judge.ts';
import type { CompiledBundle } from './core/rules/compile.ts';
import type { Level, Limits, World } from './core/world.ts';
import { createResultCheck } from './inbound/delegation.ts';
import { createEvidenceCheck } from './inbound/evidence.ts';
import { governedRecordIn } from './inbound/governed-record.ts';
import { createPeople } from './inbound/people.ts';
import type { Snapshots } from './inbound/snapshots.ts';
import { addBusinessTime } from './outbound/business-time.ts';
import { reviewNumbers } from './outbound/review-numbers.ts';
import { createVerifier } from './inbound/verify-inbox.ts';
import { toDead, toGoverned, toReply } from './outbound/messages.ts';

export interface PolicyTopics { readonly inbox: string; readonly governed: string; readonly replies: string; readonly dead: string }
export const policyTopics: PolicyTopics = { inbox: topic.runsInbox, governed: topic.runsGoverned, replies: topic.runsReplies, dead: topic.runsInboxDead };

export interface PolicyPorts {
  readonly bus: Bus;
  readonly snapshots: Snapshots;
  readonly checkpoints: CheckpointStore;
  /** Counts what spans partitions. Without it, budgets wider than a run allow nothing. */
  readonly ledger?: BudgetLedger;
  /** One bundle for good, or whatever is in force (compose-bundles.ts). */
  readonly bundle: CompiledBundle | Rules;
  readonly key: SigningKey;
  readonly keys: KeySet;
  readonly jwks: readonly PublicJwk[];
  readonly proofSecret: Uint8Array;
  readonly tenant: string;
  readonly audience: string;
  /** Whether rules see the anomaly level, or it is only on the record. */
  readonly anomalyEffect: 'record' | 'raise';
  readonly limits: Omit<Limits, 'budget'>;
  readonly pace: CheckpointPace;
  readonly owner: string;
  readonly now: () => number;
  readonly topics?: PolicyTopics;
  readonly maxBatch?: number;
  readonly onError: (error: Error, what: string) => void;
  readonly count?: (what: 'records' | 'replies' | 'unproven' | 'dead' | 'grants' | 'foreign', n: number) => void;
  readonly onTakenOver?: (partition: number, how: { readonly from: 'checkpoint' | 'start'; readonly folded: number; readonly position: number }) => void;
}

export interface Policy {
  /** What decides now; undefined while nothing may. */
  bundle(): { readonly version: string; readonly rules: readonly (Pick<FiredRule, 'id' | 'tier' | 'decision'> & { readonly rationale: string })[] } | undefined;
  readonly jwks: readonly PublicJwk[];
  readonly ready: () => { readonly ok: boolean; readonly why: string };
  /** Resolves once partitions are owned. */
  readonly owning: Promise<void>;
  stop(): Promise<void>;
}

/** How long batches are worked at before this process listens again: a halt that arrives meanwhile is heard, and counts, within about that time. */
const lookUpEveryMs = 10;
/** How long a batch may be worked at between the first decision in it and its commit, and least and most messages of one. */
const batch = { withinMs: 100, least: 50, most: 1_000 };
/** Everything that has arrived is heard before what was set immediate runs. */
const eventLoopTurn = (): Promise<void> => new Promise((resolve) => { setImmediate(resolve); });

/** How long a batch waits for snapshots before the bus hands it out again. */
const patienceMs = 5_000;

/** Puts policy together out of its ports; knows no Nest. */
export const composePolicy = async (ports: PolicyPorts): Promise<Policy> => {
  const { bus, snapshots, tenant } = ports;
  const rules = 'current' in ports.bundle ? ports.bundle : onlyBundle(ports.bundle);
  const notLive = (): string | null => snapshots.notLive() ?? rules.notLive();
  const topics = ports.topics ?? policyTopics;
  const partitions = await bus.partitions(topics.inbox);
  const evidence = createEvidenceCheck({ person: (id) => snapshots.person(id), tenant, attestors: () => rules.current()?.bundle.evidence.attestors ?? [] });
  const verify = createVerifier({ audience: ports.audience, keys: ports.keys, tokenKeys: createKeySet(ports.jwks.filter(({ kid }) => serviceOfKey(kid) === 'registry')), proofSecret: ports.proofSecret, signers, partitions, people: createPeople((id) => snapshots.person(id), tenant), evidence, ...(snapshots.revocations && { revocations: snapshots.revocations }) });
  const folding = foldingWith((name) => snapshots.tool(name));
  const worldAt = worldOf(ports, folding, rules);

  const desk = createDesk(lookUpEveryMs, () => performance.now(), eventLoopTurn);
  const size = createBatchSize({ ...batch, most: ports.maxBatch ?? batch.most });
  let owned = 0;
  const own = async (ownership: Ownership): Promise<PartitionOwner> => {
    const { partition } = ownership;
    // Folding needs the catalogue (how far results are trusted), so it waits for the snapshots like everything else.
    await live(notLive, ownership.signal);
    const taken = await takeOver(governedLog(ownership, topics.governed), ports.checkpoints, {
      partition, owner: ports.owner, tenant, now: ports.now(), folding, onProblem: (error) => ports.onError(error, 'checkpoint'),
    });
    const { skipped } = taken;
    ports.count?.('foreign', skipped.count);
    if (skipped.count > 0) ports.onError(new Error(`${skipped.count} records in partition ${partition} of ${topics.governed} are none of policy's and were skipped (${skipped.first.join('; ')}): let policy alone write this topic (contracts/topics.yaml)`), 'foreign records');
    ports.onTakenOver?.(partition, { from: taken.from, folded: taken.folded, position: taken.state.position });
    const checkpoint = checkpointing(ports.checkpoints, partition, ports.pace, ports.now, taken.offsetOf, (error) => ports.onError(error, 'checkpoint'));
    const leases = ports.ledger && leasing(ports.ledger, partition, `${ports.owner}.${owned++}`);
    // What the owner before had leased and not written goes back at once, not with the next need.
    if (worldAt(ports.now()).wider !== undefined || taken.state.accounts.size > 0) await leases?.own(taken.state);
    const handle = createProcessor({
      tenant, clock: ports.now, world: worldAt, desk, took: size.took, verify, ahead: verify.ahead, live: (signal) => live(notLive, signal), isLive: () => notLive() === null,
      // Here and now, 50 µs a batch: while it waited for another thread, the whole batch of another partition would come between deciding and committing.
      sign: (claims) => {
        const texts: string[] = [];
        for (let i = 0; i < claims.length; i += maxGrantBatch) texts.push(...signGrants(claims.slice(i, i + maxGrantBatch), ports.key));
        return texts;
      },
      governed: (record, at) => {
        rules.note?.(record, at);
        return toGoverned(topics.governed, record, at);
      },
      reply: (reply, to) => toReply(topics.replies, reply, to),
      deadLetter: (record, code, detail) => toDead(topics.dead, record, code, detail),
      traced: (traceparent, work) => withSpan('countersign.decide', traceparent, (span) => work(span.traceparent)),
      ...(ports.count && { count: ports.count }), ...(leases && { leasing: leases }),
    }, partition, taken.state, ownership.signal);
    return {
      handle,
      committed: () => {
        rules.committed?.(partition);
        checkpoint(taken.state);
      },
      discard: () => rules.discard?.(partition),
    };
  };

  let state: { readonly ok: boolean; readonly why: string } = { ok: false, why: 'waiting for partitions of the inbox' };
  const subscription: Subscription = await bus.process({
    group: 'policy', input: topics.inbox, outputs: [topics.governed, topics.replies, topics.dead], own,
    maxBatch: size.next, onError: (error) => {
      if (!state.ok) state = { ok: false, why: error.message };
      ports.onError(error, 'partition');
    },
  });
  subscription.ready.then(() => { state = { ok: true, why: '' }; }, () => undefined);
  subscription.ended.catch((error: Error) => { state = { ok: false, why: error.message }; ports.onError(error, 'processing ended'); });

  return {
    bundle: () => {
      const deciding = rules.current();
      return deciding && { version: deciding.version, rules: deciding.bundle.rules.map(({ id, tier, decision, rationale }) => ({ id, tier, decision, rationale })) };
    },
    jwks: ports.jwks,
    ready: () => {
      const what = notLive();
      return what !== null ? { ok: false, why: `the snapshot of ${what} is not live` } : state;
    },
    owning: subscription.ready,
    stop: async () => { await subscription.stop(); await rules.stop?.(); await snapshots.stop(); },
  };
};

const worldOf = ({ snapshots, tenant, anomalyEffect, limits, proofSecret }: PolicyPorts, folding: ReturnType<typeof foldingWith>, rules: Rules): ((now: number, of?: World) => World) => {
  const effective = (level: Level): Level => (anomalyEffect === 'raise' ? level : 'normal');
  const number = reviewNumbers(proofSecret);
  const fixed = {
    folding, results: createResultCheck(), tool: folding.tool, tenant, digest: argumentsDigest,
    agent: (id: string) => snapshots.agent(id),
    argumentsFault: (tool: Parameters<Snapshots['argumentsFault']>[0], args: Parameters<Snapshots['argumentsFault']>[1]) => snapshots.argumentsFault(tool, args),
    halt: (tenantId: string, agent: string, tool: string, run: string, except: string) => snapshots.halt(tenantId, agent, tool, run, except),
    ...(snapshots.paused !== undefined && { paused: (tenantId: string, agent: string, tool: string, run: string) => snapshots.paused!(tenantId, agent, tool, run) }),
    level: (agent: string, run: string) => { const recorded = snapshots.level(tenant, agent, run); return { recorded, effective: effective(recorded) }; },
  };
  const { revocations } = snapshots;
  const revoked: NonNullable<World['revoked']> = (run, of) => revocations?.work({ tenant: of.tenant, agent: of.agent, run, jkt: of.jkt, iat: of.past.startedAt / 1_000 })?.kind;
  // Rules come and go between batches; within one everything is judged by the same.
  let deciding: Deciding | undefined;
  let ruled: object = {};
  /** What stops something: as it stands now, whatever the batch began with. */
  const stops = (): Partial<World> => ({ haltsVersion: snapshots.haltsVersion(), ...(revocations !== undefined && revocations.size > 0 && { revoked }) });
  return (now, of) => {
    if (of !== undefined) return { ...of, ...stops() };
    const current = rules.current();
    if (current === undefined) throw new Error('no rules are in force: the partition waits');
    if (current !== deciding) {
      deciding = current;
      ruled = { ...fixed, policyVersion: current.version, judge: current.judge, limits: { ...limits, budget: current.bundle.budget, deferral: current.bundle.deferral }, wider: widerWith(current.bundle), asking: snapshots.people && { policy: current.bundle.people, senior: current.bundle.senior, author: current.author ?? null, people: () => snapshots.people!(), person: (id: string) => snapshots.person(id), add: addBusinessTime }, review: current.bundle.reviewRate > 0 ? { rate: current.bundle.reviewRate, number } : undefined };
    }
    return { ...ruled, now, graph: snapshots.graph?.() ?? null, record: snapshots.record?.(), ...stops() } as unknown as World;
  };
};

const live = async (notLive: () => string | null, signal: AbortSignal): Promise<void> => {
  for (let waited = 0; notLive() !== null; waited += 20) {
    if (signal.aborted) throw new Error('the partition was taken away');
    if (waited >= patienceMs) throw new Error(`the snapshot of ${notLive()} is not live: the partition waits`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
};

const governedLog = (ownership: Ownership, name: string) => ({
  async *read(from: bigint, to?: bigint) {
    for await (const batch of ownership.read(name, from, to)) yield batch.map(({ offset, value }): GovernedEntry => {
      const record = governedRecordIn(value);
      return typeof record === 'string' ? { offset, record: null, why: record } : { offset, record };
    });
  },
  append: async (record: GovernedRecord) => (await ownership.append([toGoverned(name, record, ownership.partition)]))[0]!,
});
