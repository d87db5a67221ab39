import type { Entry } from '../../app/ports.ts';
import type { SourceRecord } from '../../core/entry.ts';
import type { Account } from '../../core/reconcile.ts';
import type { RetentionClass } from '../../core/retention.ts';

/** What goes between threads: all bytes in one buffer that is handed over, everything else as one text. */
export interface Packed {
  readonly text: string;
  readonly bytes: ArrayBuffer;
}

/** Lays parts one behind the other in a buffer of their own. */
const laid = (parts: readonly Uint8Array[]): ArrayBuffer => {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes.buffer;
};

/** Takes them off again, in order. */
const taking = (bytes: ArrayBuffer): ((length: number) => Buffer) => {
  let at = 0;
  return (length) => {
    const part = Buffer.from(bytes, at, length);
    at += length;
    return part;
  };
};

type RecordLine = readonly [topic: string, partition: number, offset: string, at: number, headers: SourceRecord['headers'], length: number];

export const packRecords = (sources: readonly SourceRecord[]): Packed => ({
  text: JSON.stringify(sources.map(({ topic, partition, offset, at, headers, value }): RecordLine => [topic, partition, String(offset), at, headers, value.length])),
  bytes: laid(sources.map(({ value }) => value)),
});

export const unpackRecords = ({ text, bytes }: Packed): readonly SourceRecord[] => {
  const take = taking(bytes);
  return (JSON.parse(text) as RecordLine[]).map(([topic, partition, offset, at, headers, length]) => ({ topic, partition, offset: BigInt(offset), at, headers, value: take(length) }));
};

type EntryLine = readonly [run: string | null, action: string | null, retention: RetentionClass, account: Account | null, key: string, leaf: number, sealed: number];
const hashBytes = 32;

export const packEntries = (entries: readonly Entry[]): Packed => ({
  text: JSON.stringify(entries.map(({ run, action, retention, account, leaf, payload }): EntryLine => [run, action, retention, account, payload.key, leaf.length, payload.bytes.length])),
  bytes: laid(entries.flatMap(({ hash, digest, leaf, payload }) => [hash, digest, leaf, payload.bytes])),
});

/** @param sources the records they were made of, in the same order */
export const unpackEntries = ({ text, bytes }: Packed, sources: readonly SourceRecord[]): readonly Entry[] => {
  const take = taking(bytes);
  const lines = JSON.parse(text) as EntryLine[];
  if (lines.length !== sources.length) throw new Error(`${lines.length} entries came of ${sources.length} records`);
  return lines.map(([run, action, retention, account, key, leaf, sealed], i) => (
    { source: sources[i]!, hash: take(hashBytes), digest: take(hashBytes), leaf: take(leaf), account, run, action, retention, payload: { key, bytes: take(sealed) } }));
};
