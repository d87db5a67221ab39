import { gzipSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { crc32c } from '@node-rs/crc32';
import { segmentOf } from './decode.ts';
import { batchBound, putBatch } from './encode.ts';
import type { Written } from './encode.ts';
import { place } from './record.ts';

const encodeBatch = (messages: readonly { readonly key: string; readonly value: Buffer | string | null; readonly headers: Record<string, string> }[], written: Written, now: number): Buffer => {
  const records = messages.map((one) => place({ topic: 't', ...one }, 1, 1_000_000));
  const to = Buffer.alloc(batchBound(records) + 7, 0xee);
  return to.subarray(7, putBatch(to, 7, records, written, now));
};
const producer = (id: bigint, transactional = true) => ({ producerId: id, epoch: 0, sequence: 0, transactional });
const values = (...texts: string[]) => texts.map((text) => ({ key: text, value: Buffer.from(text), headers: {} }));

/** As the broker stores it: at `base`, perhaps a marker, perhaps with records taken by compaction. */
const stored = (base: bigint, batch: Buffer, change: { control?: boolean; last?: number; appendedAt?: number } = {}): Buffer => {
  const copy = Buffer.from(batch);
  copy.writeBigInt64BE(base, 0);
  let attributes = copy.readInt16BE(21);
  if (change.control === true) attributes |= 32;
  if (change.appendedAt !== undefined) { attributes |= 8; copy.writeBigInt64BE(BigInt(change.appendedAt), 35); }
  copy.writeInt16BE(attributes, 21);
  if (change.last !== undefined) copy.writeInt32BE(change.last, 23);
  return copy;
};
const marker = (base: bigint, id: bigint): Buffer => stored(base, encodeBatch(values('marker'), producer(id), 0), { control: true });
const fetched = (batches: Buffer[], aborted: { producerId: bigint; firstOffset: bigint }[] = []) => ({ partition: 3, lastStableOffset: 100n, aborted, records: Buffer.concat(batches) });
const texts = (segment: ReturnType<typeof segmentOf>): string[] => segment.messages.map(({ offset, value }) => `${offset}:${value!.toString()}`);

describe('record batches', () => {
  it('checksums as RFC 3720 B.4 does', () => {
    expect(crc32c(Buffer.alloc(32))).toBe(0x8a9136aa);
    expect(crc32c(Buffer.alloc(32, 0xff))).toBe(0x62a8ab43);
    expect(crc32c(Buffer.from(Array.from({ length: 32 }, (_, n) => n)))).toBe(0x46dd794e);
    expect(crc32c(Buffer.from('123456789'))).toBe(0xe3069283);
  });

  it('come back as they were written, whatever keys, values and headers hold', () => {
    const text = fc.string({ unit: 'binary', maxLength: 300 });
    const message = fc.record({ key: text, value: fc.option(fc.oneof(fc.uint8Array({ maxLength: 500 }).map((bytes) => Buffer.from(bytes)), text)), headers: fc.dictionary(text.filter((name) => name !== '__proto__'), text, { maxKeys: 80 }) });
    fc.assert(fc.property(fc.array(message, { minLength: 1, maxLength: 200 }), (messages) => {
      const bytes = encodeBatch(messages, producer(7n), 1_700_000_000_000);
      expect(bytes.readInt32BE(8)).toBe(bytes.length - 12);
      expect(bytes.readUInt32BE(17)).toBe(crc32c(bytes.subarray(21)));
      const read = segmentOf('t', fetched([stored(40n, bytes)]), 40n);
      expect(read.messages.map(({ key, value, headers }) => ({ key, value, headers: { ...headers } }))).toEqual(messages.map(({ key, value, headers }) => ({ key, value: typeof value === 'string' ? Buffer.from(value) : value, headers: { ...headers } })));
      expect(read.messages.map(({ offset }) => offset)).toEqual(messages.map((_, n) => 40n + BigInt(n)));
      expect(read.next).toBe(40n + BigInt(messages.length));
    }), { seed: 20_261_121, numRuns: 100 });
  });

  it('tell long headers apart that end alike, and give one that comes again as the same', () => {
    const token = (start: string): string => `${start}${'x'.repeat(1_000)}-the-same-end`;
    const read = segmentOf('t', fetched([stored(0n, encodeBatch(['a', 'b', 'a', 'aé', 'a'].map((start) => ({ key: 'k', value: null, headers: { token: token(start) } })), producer(1n, false), 1_000))]), 0n);
    expect(read.messages.map(({ headers }) => headers['token'])).toEqual(['a', 'b', 'a', 'aé', 'a'].map(token));
  });

  it('tell the append time of the broker where it keeps one, else the time of the writer', () => {
    const batch = encodeBatch(values('a'), producer(1n, false), 1_000);
    expect(segmentOf('t', fetched([stored(0n, batch)]), 0n).messages[0]!.timestamp).toBe(1_000);
    expect(segmentOf('t', fetched([stored(0n, batch, { appendedAt: 2_500 })]), 0n).messages[0]!.timestamp).toBe(2_500);
  });

  it('are read when another client has gzipped them, and refused by name when compressed otherwise', () => {
    const plain = stored(0n, encodeBatch(values('a', 'b'), producer(1n, false), 0));
    const packed = (codec: number): Buffer => {
      const whole = Buffer.concat([plain.subarray(0, 61), gzipSync(plain.subarray(61))]);
      whole.writeInt32BE(whole.length - 12, 8);
      whole.writeInt16BE(codec, 21);
      return whole;
    };
    expect(texts(segmentOf('t', fetched([packed(1)]), 0n))).toEqual(['0:a', '1:b']);
    expect(() => segmentOf('t', fetched([packed(4)]), 0n)).toThrow(/t\/3 .*compressed/);
  });
});

describe('what a read_committed reader makes of a fetch', () => {
  const batch = (base: bigint, id: bigint, ...of: string[]): Buffer => stored(base, encodeBatch(values(...of), producer(id), 0));

  it('leaves out aborted transactions, told in any order, and keeps those that interleave with them', () => {
    const log = [batch(0n, 1n, 'bad'), batch(1n, 2n, 'good'), batch(2n, 3n, 'bad'), marker(3n, 1n), batch(4n, 1n, 'good'), marker(5n, 3n), marker(6n, 2n), marker(7n, 1n)];
    const segment = segmentOf('t', fetched(log, [{ producerId: 3n, firstOffset: 2n }, { producerId: 1n, firstOffset: 0n }]), 0n);
    expect(texts(segment)).toEqual(['1:good', '4:good']);
    expect(segment.next).toBe(8n);
  });

  it('begins inside a batch where it was told to', () => {
    expect(texts(segmentOf('t', fetched([batch(10n, 1n, 'a', 'b', 'c')]), 11n))).toEqual(['11:b', '12:c']);
  });

  it('leaves a batch that the broker cut off for the next fetch', () => {
    const whole = batch(0n, 1n, 'a');
    const next = batch(1n, 1n, 'b');
    const segment = segmentOf('t', fetched([whole, next.subarray(0, next.length - 1)]), 0n);
    expect(texts(segment)).toEqual(['0:a']);
    expect(segment.next).toBe(1n);
    expect(segmentOf('t', fetched([next.subarray(0, 7)]), 1n).next).toBe(1n);
  });

  it('moves past a batch that compaction emptied, and past records taken at the end of one', () => {
    const empty = stored(5n, encodeBatch([], producer(1n, false), 0), { last: 9 });
    expect(segmentOf('t', fetched([empty]), 5n)).toMatchObject({ messages: [], next: 15n });
    const thinned = stored(15n, encodeBatch(values('kept'), producer(1n, false), 0), { last: 4 });
    const segment = segmentOf('t', fetched([empty, thinned]), 5n);
    expect(texts(segment)).toEqual(['15:kept']);
    expect(segment.next).toBe(20n);
  });

  it('stays where it is when there is nothing', () => {
    expect(segmentOf('t', fetched([]), 9n)).toMatchObject({ messages: [], next: 9n, bytes: 0 });
  });

  it('refuses formats older than Kafka 0.11', () => {
    const old = batch(0n, 1n, 'a');
    old.writeInt8(1, 16);
    expect(() => segmentOf('t', fetched([old]), 0n)).toThrow(/format 1/);
  });
});
