import { crc32c } from '@node-rs/crc32';
import type { Message } from 'kafkajs';
import { varintSize } from './wire.ts';

/** Who writes a batch: what the broker tells repeated and foreign writes by. `sequence` counts the producer's records of this partition. */
export interface Written { readonly producerId: bigint; readonly epoch: number; readonly sequence: number; readonly transactional: boolean }

/** A record to write, and at least as many bytes as it takes (record.ts counts them). Keys and headers are texts, values bytes, text or null. */
export interface Sized { readonly message: Message; readonly bytes: number }

const inTransaction = 0x10;
const headBytes = 61;
const checksummedFrom = 21;

/** Zigzag varint of a length or a small count. */
const putVarint = (to: Buffer, value: number, at: number): number => {
  let rest = ((value << 1) ^ (value >> 31)) >>> 0;
  for (; rest > 127; rest >>>= 7) to[at++] = (rest & 127) | 128;
  to[at++] = rest;
  return at;
};

/** A text with its length before it. Most are short and ASCII: a loop writes those faster than a call into C++ does. */
const putText = (to: Buffer, text: string, at: number): number => {
  const { length } = text;
  if (length < 64) {
    let nth = 0;
    for (; nth < length; nth += 1) {
      const code = text.charCodeAt(nth);
      if (code > 127) break;
      to[at + 1 + nth] = code;
    }
    if (nth === length) { to[at] = length << 1; return at + 1 + length; }
  }
  // Written where it lies if it is ASCII, which nearly all is: counting its bytes before would be one more pass over it.
  const room = varintSize(length);
  const bytes = to.write(text, at + room);
  const takes = varintSize(bytes);
  if (takes !== room) to.copyWithin(at + takes, at + room, at + room + bytes);
  return putVarint(to, bytes, at) + bytes;
};

const putBytes = (to: Buffer, bytes: Uint8Array, at: number): number => {
  at = putVarint(to, bytes.length, at);
  to.set(bytes, at);
  return at + bytes.length;
};

const putBody = (to: Buffer, { key, value, headers }: Message, nth: number, at: number): number => {
  to[at++] = 0;
  to[at++] = 0;
  at = putVarint(to, nth, at);
  at = key == null ? putVarint(to, -1, at) : putText(to, key as string, at);
  at = value == null ? putVarint(to, -1, at) : typeof value === 'string' ? putText(to, value, at) : putBytes(to, value, at);
  let count = 0;
  for (const _ in headers) count += 1;
  at = putVarint(to, count, at);
  for (const name in headers) at = putText(to, headers[name] as string, putText(to, name, at));
  return at;
};

/** At least as many bytes as `putBatch` writes. */
export const batchBound = (records: readonly Sized[]): number => records.reduce((sum, { bytes }) => sum + bytes + 5, headBytes);

/**
 * Writes one record batch of format 2 (Kafka's protocol guide, "Record Batch"), uncompressed, and says where it ends.
 * Our own, because kafkajs makes an encoder object for every field of every record, which costs more than all deciding does.
 */
export const putBatch = (to: Buffer, start: number, records: readonly Sized[], written: Written, now: number): number => {
  let at = start + headBytes;
  records.forEach(({ message, bytes }, nth) => {
    // A record begins with its length, which is known at its end: room for as many bytes as the length is likely to take.
    const room = varintSize(bytes);
    const begin = at + room;
    const end = putBody(to, message, nth, begin);
    const length = end - begin;
    const takes = varintSize(length);
    if (takes !== room) to.copyWithin(at + takes, begin, end);
    at = putVarint(to, length, at) + length;
  });
  to.writeBigInt64BE(0n, start);
  to.writeInt32BE(at - start - 12, start + 8);
  to.writeInt32BE(-1, start + 12);
  to.writeInt8(2, start + 16);
  to.writeInt16BE(written.transactional ? inTransaction : 0, start + 21);
  to.writeInt32BE(records.length - 1, start + 23);
  to.writeBigInt64BE(BigInt(now), start + 27);
  to.writeBigInt64BE(BigInt(now), start + 35);
  to.writeBigInt64BE(written.producerId, start + 43);
  to.writeInt16BE(written.epoch, start + 51);
  to.writeInt32BE(written.sequence, start + 53);
  to.writeInt32BE(records.length, start + 57);
  to.writeUInt32BE(crc32c(to.subarray(start + checksummedFrom, at)), start + 17);
  return at;
};
