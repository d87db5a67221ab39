import type { Client } from './client.ts';

/** Where the group stands in a partition; undefined where it never committed. */
export const committedOffset = async (client: Client, group: string, topic: string, partition: number): Promise<bigint | undefined> => {
  const found = await client.admin((admin) => admin.fetchOffsets({ groupId: group, topics: [topic] }));
  const offset = found.find((one) => one.topic === topic)?.partitions.find((one) => one.partition === partition)?.offset ?? '-1';
  return offset.startsWith('-') ? undefined : BigInt(offset);
};
