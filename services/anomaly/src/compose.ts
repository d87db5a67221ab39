import type { Bus, BusMessage } from '@countersign/bus';
import { signers, topic, validateAnomalyLevel } from '@countersign/contracts';
import type { AnomalyLevel, BehaviourView, DisposeResponse, Disposition, Finding, FindingView } from '@countersign/contracts';
import { verifyServiceMessage } from '@countersign/identity';
import type { KeySet, SigningKey } from '@countersign/identity';
import { followSigned, levelKey } from '@countersign/service-host';
import { readFile } from 'node:fs/promises';
import type { Pool } from 'pg';
import { createProgress } from './app/progress.ts';
import { openScorer } from './app/score.ts';
import { foldVersion } from './core/partition.ts';
import { actionReader, rekey } from './inbound/read-actions.ts';
import { followAgents, registeredIn } from './inbound/registered.ts';
import { tracked } from './inbound/tracked.ts';
import { startLevelHeartbeats } from './outbound/heartbeats.ts';
import { createPostgresCheckpoints } from './outbound/postgres-checkpoints.ts';
import { dispositionMessage, saidMessages } from './outbound/publish.ts';
import { createSeal } from './outbound/seal.ts';
import { createBehaviour } from './views/behaviour.ts';
import { createFindings } from './views/findings.ts';
import { openDisposing } from './inbound/dispose.ts';
import type { PersonDirectory } from '@countersign/service-host';

export interface AnomalyPorts {
  readonly bus: Bus;
  readonly pool: Pool;
  readonly key: SigningKey;
  /** Public keys of all services. */
  readonly keys: KeySet;
  readonly tenant: string;
  /** Who people are: analysts sign what they say of findings. */
  readonly people: Pick<PersonDirectory, 'person'>;
  readonly now: () => number;
  readonly onError: (error: Error, what: string) => void;
  /** Actions folded between two checkpoints of a partition. Default 2000. */
  readonly checkpointEvery?: number;
}

export interface Anomaly {
  /** Levels that were ever told, as the topic has them, by agent after the one given, at most `limit`. An agent never told of is normal. */
  levels(after: string, limit: number): { readonly stale: boolean; readonly levels: readonly AnomalyLevel[]; readonly next: string | null };
  level(agent: string): AnomalyLevel | undefined;
  findings(agent: string | undefined): Promise<readonly Finding[]>;
  /** A picture of what an agent did lately: nothing but zeroes of one that nobody has heard of. */
  behaviour(agent: string): Promise<BehaviourView>;
  /** Counts a batch of one partition of anomaly.actions.v1 for the pictures. */
  watched(messages: readonly BusMessage[]): Promise<void>;
  finding(finding: string): Promise<FindingView | undefined>;
  /** Takes an analyst's signed word on its way to the agent's baseline. Throws CodedError. */
  dispose(finding: string, jws: string): Promise<DisposeResponse>;
  keep(findings: readonly Finding[], dispositions: readonly Disposition[]): Promise<void>;
  /** Whether anomaly signed a message. */
  isOwn(message: BusMessage): boolean;
  readonly ready: () => { readonly ok: boolean; readonly why: string };
  stop(): Promise<void>;
}

/** Records in one transaction, at most: some 50 ms of work, so that a backlog costs few transactions. */
const maxBatch = 1_000;

/** Puts anomaly together out of its ports; knows no Nest. */
export const composeAnomaly = async (ports: AnomalyPorts): Promise<Anomaly> => {
  const { bus, pool, key, keys, tenant, now, onError } = ports;
  await pool.query(await readFile(new URL('./outbound/schema.sql', import.meta.url), 'utf8'));
  const store = createPostgresCheckpoints(pool, foldVersion);
  const view = createFindings(pool);
  const pictures = createBehaviour(pool);
  const unreadable = (message: BusMessage, error: Error): void => onError(error, `unreadable: ${message.topic}/${message.partition}@${message.offset}`);
  const seal = createSeal(key);
  const readActions = actionReader({ keys, seal });
  const scored = createProgress(now), rekeyed = createProgress(now);

  const agents = followAgents(bus, { keys, now, onError: (error) => onError(error, 'agents') });
  const registered = registeredIn(agents);
  const partitions = await bus.partitions(topic.anomalyActions);
  const rekeying = await bus.process({
    group: 'anomaly.rekey', input: topic.runsGoverned, maxBatch, outputs: [topic.anomalyActions], onError: (error) => onError(error, 're-keying'),
    // Whose an agent is belongs to each observation: not before the registry's agents are known.
    own: tracked(rekeyed, async () => ({ handle: async (messages) => { await agents.ready; return rekey(messages, partitions, registered, seal, unreadable); } })),
  });
  const scoring = await bus.process({
    group: 'anomaly', input: topic.anomalyActions, maxBatch, outputs: [topic.anomalyActions, topic.anomalyLevels, topic.anomalyFindings, topic.anomalyDetections], onError: (error) => onError(error, 'scoring'),
    own: tracked(scored, async (ownership) => {
      const scorer = await openScorer({
        partition: ownership.partition, next: ownership.next, store, every: ports.checkpointEvery ?? 2_000, onError: (error) => onError(error, 'checkpoint'),
        reread: async function* (from, to) { for await (const batch of ownership.read(topic.anomalyActions, from, to)) yield readActions(batch, unreadable); },
      });
      return { handle: (messages) => saidMessages(scorer.handle(readActions(messages, unreadable)), key, seal, partitions), committed: scorer.committed };
    }),
  });
  const beats = startLevelHeartbeats({ bus, key, tenant, now, scoring: scored, rekeying: rekeyed, onError: (error) => onError(error, 'heartbeat') });
  for (const [one, what] of [[scoring, 'scoring'], [rekeying, 're-keying']] as const) one.ended.catch((error: Error) => { onError(error, what); return beats.stop(); });
  const levels = followSigned<AnomalyLevel>(bus, {
    topic: topic.anomalyLevels, signer: 'anomaly', keys, now, validate: validateAnomalyLevel, keyOf: levelKey, onError: (error) => onError(error, 'levels'),
  });

  return {
    levels: (after, limit) => {
      const rest = [...levels.entries()].map(([, level]) => level).filter((level) => level.tenant === tenant && level.agent > after).sort((a, b) => (a.agent < b.agent ? -1 : 1));
      return { stale: levels.isStale(), levels: rest.slice(0, limit), next: rest.length > limit ? rest[limit - 1]!.agent : null };
    },
    level: (agent) => levels.get(levelKey({ tenant, agent })),
    findings: (agent) => view.list(tenant, { agent }, 500),
    behaviour: async (agent) => pictures.show(tenant, agent, now(), { level: levels.get(levelKey({ tenant, agent }))?.level ?? 'normal', findings: await view.list(tenant, { agent }, 50) }),
    watched: (messages) => pictures.add(messages[0]?.partition ?? 0, readActions(messages, () => undefined).flatMap(({ offset, entry }) => (entry.kind === 'disposition' || entry.kind === 'disposed' || entry.kind === 'sighting' || entry.kind === 'meeting' ? [] : [{ offset, seen: entry }]))),
    finding: (finding) => view.show(tenant, finding),
    dispose: openDisposing({ tenant, now, people: ports.people, owner: (agent) => agents.get(agent)?.owner, show: view.show, publish: (said) => bus.publish([dispositionMessage(topic.anomalyActions, said, key)]) }),
    keep: view.add,
    isOwn: (message) => verifyServiceMessage(message, keys, signers).ok,
    ready: () => (levels.isStale() ? { ok: false, why: 'the levels are not live yet' } : { ok: true, why: scored.partitions.length === 0 ? 'scores no partition: another instance does' : '' }),
    stop: async () => {
      // First what a batch may be waiting for.
      await agents.stop();
      await Promise.all([rekeying.stop(), scoring.stop()]);
      await beats.stop();
      await levels.stop();
    },
  };
};
