import { partitionFor } from '@countersign/bus';
import { topic, topics } from '@countersign/contracts';
import type { Numbering } from '@countersign/event-store/postgres';
import { signServiceMessage } from '@countersign/identity';
import type { SigningKey } from '@countersign/identity';
import { sequenceHeader } from '@countersign/kernel';

/** Topics of what services say for the record. Not compacted: numbers that Kafka itself takes away would look like a loss. */
const numbered: readonly string[] = [topic.registryEvents, topic.approvalsEvents, topic.supervisionEvents, topic.policyEvents];
const partitions: ReadonlyMap<string, number> = new Map(Object.values(topics).filter(({ name }) => numbered.includes(name)).map((one) => [one.name, one.partitions]));

/**
 * Numbers a service's events within each partition of their topic, under its signature, so that audit sees that one is missing, the last of its stream too, as
 * soon as the service says anything more there. Goes on over restarts: the number is kept in the transaction that takes messages off the outbox.
 */
export const numbering = (key: SigningKey): Numbering => ({
  partitionOf: (message) => {
    const count = partitions.get(message.topic);
    return count === undefined ? undefined : partitionFor(message.key, count);
  },
  numbered: (message, number) => signServiceMessage({ ...message, headers: { ...message.headers, [sequenceHeader]: String(number) } }, key),
});
