import { BusError } from '../errors.ts';
import type { BusMessage, TopicSpec } from '../port.ts';
import type { Claim, LogStore } from '../embedded/store.ts';
import { createWake, groupKey, partitionKey } from '../embedded/store.ts';

interface Partition { low: bigint; readonly records: BusMessage[] }
interface Held { committed: bigint; member: string | undefined; epoch: bigint; until: number }

export interface MemoryLog {
  open(): LogStore;
  /** Retention by hand. */
  forget(topic: string, partition: number, below: bigint): void;
}

/** A log without a server. Nothing is ever compacted or forgotten by itself. */
export const createMemoryLog = (now: () => number = Date.now): MemoryLog => {
  const topics = new Map<string, TopicSpec & { readonly parts: readonly Partition[] }>();
  const claims = new Map<string, Held>();
  const members = new Map<string, Map<string, number>>();
  const wake = createWake();

  const topicOf = (name: string) => {
    const topic = topics.get(name);
    if (topic === undefined) throw new BusError('topic_unknown', `topic ${name} does not exist; create it with ensureTopics`);
    return topic;
  };
  const part = (topic: string, partition: number): Partition => {
    const found = topicOf(topic).parts[partition];
    if (found === undefined) throw new BusError('partition_wrong', `topic ${topic} has no partition ${partition}`);
    return found;
  };
  const endOf = ({ low, records }: Partition): bigint => low + BigInt(records.length);
  const place = (group: string, topic: string, partition: number): string => `${groupKey(group, topic)}/${partition}`;
  const valid = (claim: Claim): Held | undefined => {
    const held = claims.get(place(claim.group, claim.topic, claim.partition));
    return held?.member === claim.member && held.epoch === claim.epoch ? held : undefined;
  };
  const membersOf = (key: string): Map<string, number> => {
    const found = members.get(key) ?? new Map<string, number>();
    members.set(key, found);
    return found;
  };

  const open = (): LogStore => ({
    wake,
    ensureTopics: async (specs) => {
      for (const spec of specs) {
        const there = topics.get(spec.name);
        if (there !== undefined && there.partitions !== spec.partitions) throw new BusError('topic_partitions_differ', `topic ${spec.name} exists with ${there.partitions} partitions, not ${spec.partitions}`);
        topics.set(spec.name, { ...spec, parts: there?.parts ?? Array.from({ length: spec.partitions }, () => ({ low: 0n, records: [] })) });
      }
    },
    topic: async (name) => topicOf(name),
    ends: async (name) => topicOf(name).parts.map(endOf),
    append: async (records, guard) => {
      const parts = records.map((record) => part(record.topic, record.partition));
      if (guard !== undefined) {
        const held = valid(guard.claim);
        if (held === undefined) throw new BusError('fenced', 'another member owns the partition');
        held.committed = guard.next ?? held.committed;
      }
      return records.map((record, i) => {
        const offset = endOf(parts[i]!);
        parts[i]!.records.push({ ...record, offset, timestamp: now() });
        wake.changed(partitionKey(record.topic, record.partition));
        return offset;
      });
    },
    read: async (topic, partition, from, limit) => {
      const found = part(topic, partition);
      const first = from > found.low ? Number(from - found.low) : 0;
      return { low: found.low, end: endOf(found), messages: found.records.slice(first, first + limit) };
    },
    begin: async (group, topic, from) => {
      for (const [partition, one] of topicOf(topic).parts.entries()) {
        const key = place(group, topic, partition);
        if (!claims.has(key)) claims.set(key, { committed: from === 'now' ? endOf(one) : one.low, member: undefined, epoch: 0n, until: 0 });
      }
    },
    renew: async (group, topic, member, leaseMs) => {
      const key = groupKey(group, topic);
      const living = membersOf(key);
      const joined = !living.has(member);
      living.set(member, now() + leaseMs);
      if (joined) wake.changed(key);
      const held: number[] = [];
      for (const partition of topicOf(topic).parts.keys()) {
        const claim = claims.get(place(group, topic, partition));
        if (claim?.member !== member) continue;
        claim.until = now() + leaseMs;
        held.push(partition);
      }
      return { members: [...living].filter(([, until]) => until > now()).map(([id]) => id), held };
    },
    acquire: async (group, topic, partition, member, leaseMs) => {
      const held = claims.get(place(group, topic, partition))!;
      if (held.member !== undefined && held.member !== member && held.until >= now()) return undefined;
      held.member = member;
      held.epoch += 1n;
      held.until = now() + leaseMs;
      return { epoch: held.epoch, next: held.committed };
    },
    position: async (claim) => valid(claim)?.committed,
    release: async (claim) => {
      const held = valid(claim);
      if (held !== undefined) held.member = undefined;
      wake.changed(groupKey(claim.group, claim.topic));
    },
    leave: async (group, topic, member) => {
      membersOf(groupKey(group, topic)).delete(member);
      wake.changed(groupKey(group, topic));
    },
    close: async () => undefined,
  });

  return {
    open,
    forget: (topic, partition, below) => {
      const found = part(topic, partition);
      found.records.splice(0, Number(below - found.low));
      found.low = below;
    },
  };
};
