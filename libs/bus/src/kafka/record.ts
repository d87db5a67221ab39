import type { Message } from 'kafkajs';
import { BusError } from '../errors.ts';
import { partitionFor } from '../partition.ts';
import type { Outgoing } from '../port.ts';
import type { Topics } from './topics.ts';

/** A record that knows its partition and about how many bytes of a batch it takes (never fewer than it does). */
export interface Placed { readonly topic: string; readonly partition: number; readonly message: Message; readonly bytes: number }

const recordOverhead = 32;
const headerOverhead = 10;
/** Of a record batch itself. */
export const batchOverhead = 80;

const sizeOf = ({ key, value, headers }: Outgoing): number => {
  let bytes = recordOverhead + Buffer.byteLength(key) + (value === null ? 0 : typeof value === 'string' ? Buffer.byteLength(value) : value.length);
  for (const name in headers) bytes += headerOverhead + name.length * 3 + Buffer.byteLength(headers[name]!);
  return bytes;
};

/** Gives each record its partition: what it says, else `home`, else by its key. Throws BusError partition_wrong or message_too_large. */
export const place = (outgoing: Outgoing, partitions: number, limit: number, home?: number): Placed => {
  const partition = outgoing.partition ?? home ?? partitionFor(outgoing.key, partitions);
  if (!Number.isSafeInteger(partition) || partition < 0 || partition >= partitions) throw new BusError('partition_wrong', `topic ${outgoing.topic} has no partition ${partition}: it has ${partitions}`);
  const bytes = sizeOf(outgoing);
  if (bytes + batchOverhead > limit + recordOverhead) throw new BusError('message_too_large', `a message of about ${bytes} bytes does not fit ${outgoing.topic}, which takes ${limit}`);
  return { topic: outgoing.topic, partition, bytes, message: { key: outgoing.key, value: outgoing.value, partition, headers: outgoing.headers as Record<string, string> } };
};

/** What placing needs to know of the topics, asked once. */
export const knowTopics = async (topics: Topics, names: Iterable<string>): Promise<ReadonlyMap<string, { readonly partitions: number; readonly limit: number }>> => {
  const known = new Map<string, { partitions: number; limit: number }>();
  for (const name of new Set(names)) known.set(name, { partitions: await topics.partitions(name), limit: await topics.limit(name) });
  return known;
};

export interface Round { readonly topic: string; readonly placed: Placed[] }

/**
 * Splits records into sends, one after the other, so that no record batch (one per topic and partition in a send) outgrows what the topic takes.
 * Order per partition is kept.
 */
export const rounds = (placed: readonly Placed[], limitOf: (topic: string) => number): Round[][] => {
  const filled = new Map<string, { round: number; bytes: number; readonly budget: number }[]>();
  const result: Map<string, Round>[] = [];
  for (const one of placed) {
    let partitions = filled.get(one.topic);
    if (partitions === undefined) filled.set(one.topic, (partitions = []));
    const at = (partitions[one.partition] ??= { round: 0, bytes: 0, budget: Math.min(900_000, limitOf(one.topic) - batchOverhead) });
    if (at.bytes > 0 && at.bytes + one.bytes > at.budget) { at.round += 1; at.bytes = 0; }
    at.bytes += one.bytes;
    const round = (result[at.round] ??= new Map());
    const topic = round.get(one.topic);
    if (topic === undefined) round.set(one.topic, { topic: one.topic, placed: [one] });
    else topic.placed.push(one);
  }
  return result.map((round) => [...round.values()]);
};
