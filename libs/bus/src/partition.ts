const seed = 0x9747b28c;
const m = 0x5bd1e995;
const utf8 = new TextEncoder();

/** murmur2 as Kafka's Java client computes it (org.apache.kafka.common.utils.Utils.murmur2): 32 bit, signed. */
export const murmur2 = (bytes: Uint8Array): number => {
  const length = bytes.length;
  let h = seed ^ length;
  let at = 0;
  for (; at + 4 <= length; at += 4) {
    let k = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
    k = Math.imul(k, m);
    k ^= k >>> 24;
    h = Math.imul(h, m) ^ Math.imul(k, m);
  }
  const left = length - at;
  if (left >= 3) h ^= bytes[at + 2]! << 16;
  if (left >= 2) h ^= bytes[at + 1]! << 8;
  if (left >= 1) h = Math.imul(h ^ bytes[at]!, m);
  h ^= h >>> 13;
  h = Math.imul(h, m);
  return h ^ (h >>> 15);
};

/** The partition of a key among n: Kafka's default partitioner, so that any Kafka client agrees. Throws RangeError unless n is a positive integer. */
export const partitionFor = (key: string, n: number): number => {
  if (!Number.isSafeInteger(n) || n < 1) throw new RangeError(`a topic has at least one partition, not ${n}`);
  return (murmur2(utf8.encode(key)) & 0x7fffffff) % n;
};
