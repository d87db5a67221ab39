import type { Consumer, ConsumerCrashEvent, ConsumerGroupJoinEvent } from 'kafkajs';
import { copartitioned } from './assigner.ts';
import type { Client } from './client.ts';
import { asError } from './failures.ts';
import { backoffMs, pause } from './pause.ts';

export interface Assigned { readonly topic: string; readonly partition: number }

export interface MemberEvents {
  /** After each join: all that is ours now. `renewed` = the group had forgotten us, so that others may have had what we held: hold nothing over. */
  readonly onAssigned: (assigned: readonly Assigned[], renewed: boolean) => void;
  readonly onError: (error: Error) => void;
}

/**
 * Membership of a group and nothing else: every partition is paused, so that kafkajs' consumer only joins, beats and commits, and never fetches.
 * Reading is our own (reader.ts): kafkajs would let one slow partition hold up all others of a broker, and reset a forgotten offset silently.
 */
export interface Member {
  commit(topic: string, partition: number, next: bigint): Promise<void>;
  /** Leaves and joins anew; everything is lost in between. Resolves when joining has begun. */
  rejoin(): void;
  leave(): Promise<void>;
}

export const createMember = (client: Client, group: string, topics: readonly string[], events: MemberEvents): Member => {
  const stopping = new AbortController();
  let consumer: Consumer | undefined;
  let memberId: string | undefined;
  let interrupt = (): void => undefined;

  const joined = (through: Consumer, { payload }: ConsumerGroupJoinEvent): void => {
    if (stopping.signal.aborted) return;
    const assigned = Object.entries(payload.memberAssignment).flatMap(([topic, partitions]) => partitions.map((partition) => ({ topic, partition })));
    through.pause(Object.entries(payload.memberAssignment).map(([topic, partitions]) => ({ topic, partitions })));
    const renewed = payload.memberId !== memberId;
    memberId = payload.memberId;
    events.onAssigned(assigned, renewed);
  };

  const once = async (): Promise<void> => {
    const through = client.kafka.consumer({
      groupId: group, allowAutoTopicCreation: false, partitionAssigners: [copartitioned],
      sessionTimeout: client.config.sessionTimeoutMs ?? 10_000, rebalanceTimeout: 10_000, heartbeatInterval: 400, maxWaitTimeInMs: 100,
      retry: { initialRetryTime: 20, factor: 0.2, multiplier: 1.6, maxRetryTime: 500, retries: 12, restartOnFailure: async () => false },
    });
    const over = new Promise<Error | undefined>((resolve) => {
      interrupt = () => resolve(undefined);
      through.on(through.events.CRASH, ({ payload }: ConsumerCrashEvent) => resolve(payload.error));
    });
    through.on(through.events.GROUP_JOIN, (event) => joined(through, event));
    try {
      await through.connect();
      await through.subscribe({ topics: [...topics], fromBeginning: true });
      consumer = through;
      await through.run({ autoCommit: false, eachBatchAutoResolve: false, eachBatch: () => Promise.reject(new Error('a paused partition was fetched')) });
      const error = stopping.signal.aborted ? undefined : await over;
      if (error !== undefined) throw error;
    } finally {
      consumer = undefined;
      await through.disconnect().catch(() => undefined);
    }
  };

  const living = (async () => {
    let failures = 0;
    while (!stopping.signal.aborted) {
      const begun = Date.now();
      try { await once(); } catch (error) { events.onError(asError(error)); }
      if (stopping.signal.aborted) return;
      memberId = undefined;
      events.onAssigned([], true);
      failures = Date.now() - begun > 10_000 ? 1 : failures + 1;
      await pause(Math.max(100, backoffMs(failures)), stopping.signal);
    }
  })();

  return {
    commit: async (topic, partition, next) => {
      if (consumer === undefined) throw new Error(`not a member of ${group} just now`);
      await consumer.commitOffsets([{ topic, partition, offset: next.toString() }]);
    },
    rejoin: () => interrupt(),
    leave: async () => { stopping.abort(); interrupt(); await living; },
  };
};
