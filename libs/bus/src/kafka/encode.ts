import type { Message } from 'kafkajs';
import { crc32c } from './crc32c.ts';
import { createWriter, varintSize } from './wire.ts';
import type { Writer } from './wire.ts';

/** Who writes a batch: what the broker tells repeated and foreign writes by. `sequence` counts the producer's records of this partition. */
export interface Written { readonly producerId: bigint; readonly epoch: number; readonly sequence: number; readonly transactional: boolean }

const inTransaction = 0x10;
const sized = (bytes: number): number => varintSize(bytes) + bytes;

const bodySize = ({ key, value, headers }: Message, nth: number): number => {
  let bytes = 2 + varintSize(nth) + (key == null ? 1 : sized(Buffer.byteLength(key))) + (value == null ? 1 : sized(value.length));
  let count = 0;
  for (const name in headers) {
    bytes += sized(Buffer.byteLength(name)) + sized(Buffer.byteLength(headers[name] as string));
    count += 1;
  }
  return bytes + varintSize(count);
};

const record = (to: Writer, { key, value, headers }: Message, nth: number): void => {
  to.int8(0);
  to.varint(0);
  to.varint(nth);
  if (key == null) to.varint(-1); else { to.varint(Buffer.byteLength(key)); to.text(key as string); }
  if (value == null) to.varint(-1); else { to.varint(value.length); to.raw(value as Buffer); }
  const names = Object.keys(headers ?? {});
  to.varint(names.length);
  for (const name of names) {
    const text = headers![name] as string;
    to.varint(Buffer.byteLength(name));
    to.text(name);
    to.varint(Buffer.byteLength(text));
    to.text(text);
  }
};

/**
 * One record batch of format 2 (Kafka's protocol guide, "Record Batch"), uncompressed. Keys and headers are strings, values buffers or null.
 * Our own, because kafkajs makes an encoder object for every field of every record, which costs more than all deciding does.
 */
export const encodeBatch = (messages: readonly Message[], written: Written, now: number): Buffer => {
  const sizes = messages.map(bodySize);
  const to = createWriter(61 + sizes.reduce((sum, size) => sum + sized(size), 0));
  const at = BigInt(now);
  to.int64(0n);
  to.int32(0);
  to.int32(-1);
  to.int8(2);
  to.int32(0);
  to.int16(written.transactional ? inTransaction : 0);
  to.int32(messages.length - 1);
  to.int64(at);
  to.int64(at);
  to.int64(written.producerId);
  to.int16(written.epoch);
  to.int32(written.sequence);
  to.int32(messages.length);
  messages.forEach((message, nth) => { to.varint(sizes[nth]!); record(to, message, nth); });
  to.patchInt32(8, to.size - 12);
  to.patchInt32(17, crc32c(to.written(21)));
  return to.written();
};
