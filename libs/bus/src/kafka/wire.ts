/** Kafka's primitive encodings: what this adapter reads itself, and writes of requests (encode.ts writes records). Integers are big-endian. */
export interface Writer {
  int8(value: number): void;
  int16(value: number): void;
  int32(value: number): void;
  int64(value: bigint): void;
  /** With its bytes counted in an int16 before it. */
  string(value: string): void;
  /** Without a sign; counts and lengths of a flexible version. */
  uvarint(value: number): void;
  /** As a flexible version has it: one more than its bytes, then they. Null is counted 0. */
  compactString(value: string | null): void;
  written(): Buffer;
}

export const createWriter = (expected: number): Writer => {
  let buffer = Buffer.allocUnsafe(Math.max(64, expected));
  let at = 0;
  const room = (bytes: number): void => {
    if (at + bytes <= buffer.length) return;
    const larger = Buffer.allocUnsafe(Math.max(buffer.length * 2, at + bytes));
    buffer.copy(larger, 0, 0, at);
    buffer = larger;
  };
  return {
    int8: (value) => { room(1); at = buffer.writeInt8(value, at); },
    int16: (value) => { room(2); at = buffer.writeInt16BE(value, at); },
    int32: (value) => { room(4); at = buffer.writeInt32BE(value, at); },
    int64: (value) => { room(8); at = buffer.writeBigInt64BE(value, at); },
    string: (value) => {
      const bytes = Buffer.byteLength(value);
      room(2 + bytes);
      at = buffer.writeInt16BE(bytes, at);
      at += buffer.write(value, at);
    },
    uvarint: (value) => { room(5); at = putUvarint(buffer, value, at); },
    compactString: (value) => {
      const bytes = value === null ? 0 : Buffer.byteLength(value);
      room(5 + bytes);
      at = putUvarint(buffer, value === null ? 0 : bytes + 1, at);
      if (value !== null) at += buffer.write(value, at);
    },
    written: () => buffer.subarray(0, at),
  };
};

/** An unsigned varint; says where it ends. */
export const putUvarint = (to: Buffer, value: number, at: number): number => {
  for (; value > 127; value >>>= 7) to[at++] = (value & 127) | 128;
  to[at++] = value;
  return at;
};

export const varintSize = (value: number): number => {
  let rest = ((value << 1) ^ (value >> 31)) >>> 0;
  let bytes = 1;
  for (; rest > 127; rest >>>= 7) bytes += 1;
  return bytes;
};

export interface Reader {
  int8(): number;
  int16(): number;
  int32(): number;
  int64(): bigint;
  /** Zigzag; exact up to 2^53. */
  varint(): number;
  text(length: number): string;
  /** A text out of a small vocabulary (names of headers): the same string each time. */
  word(length: number): string;
  /** A text that may be long and come again soon (the token of a run): often the same string again. */
  again(length: number): string;
  raw(length: number): Buffer;
  /** With an int16 length; a null string reads as empty. */
  string(): string;
  /** As many as an int32 says; a null array reads as empty. */
  array<T>(item: () => T): T[];
  /** The same three of a flexible version, and what may follow each of its structures: tagged fields, of which we know none. */
  compactString(): string;
  compactArray<T>(item: () => T): T[];
  skipTags(): void;
  uvarint(): number;
  readonly left: number;
}

const words: ({ readonly bytes: Buffer; readonly text: string } | undefined)[] = Array.from({ length: 512 });

/** Decoding a name anew for each record, and finding its property by it, costs more than comparing its bytes with those of last time. */
const wordAt = (buffer: Buffer, from: number, to: number): string => {
  const length = to - from;
  let hash = length;
  for (let at = from; at < to; at += 1) hash = (Math.imul(hash, 31) + buffer[at]!) | 0;
  const known = words[hash & 511];
  if (known !== undefined && known.bytes.length === length) {
    const { bytes } = known;
    let nth = 0;
    while (nth < length && bytes[nth] === buffer[from + nth]) nth += 1;
    if (nth === length) return known.text;
  }
  const text = buffer.toString('utf8', from, to);
  if (length <= 40) words[hash & 511] = { bytes: Buffer.from(buffer.subarray(from, to)), text };
  return text;
};

interface Long { readonly bytes: Buffer; readonly text: string }
const longs: (Long | undefined)[] = Array.from({ length: 1_024 });
const longFrom = 256, longTo = 4_096;

/** A token decoded anew for each message is a kilobyte of garbage, and finding anything by it hashes it anew. Its end, a signature, tells it from others. */
const longAt = (buffer: Buffer, from: number, to: number): string => {
  const place = buffer.readUInt32LE(to - 8) & 1_023;
  const known = longs[place];
  if (known !== undefined && known.bytes.length === to - from && known.bytes.compare(buffer, from, to) === 0) return known.text;
  const text = buffer.toString('utf8', from, to);
  longs[place] = { bytes: Buffer.from(buffer.subarray(from, to)), text };
  return text;
};

export const createReader = (buffer: Buffer): Reader => {
  let at = 0;
  const reader: Reader = {
    int8: () => buffer.readInt8(at++),
    int16: () => { at += 2; return buffer.readInt16BE(at - 2); },
    int32: () => { at += 4; return buffer.readInt32BE(at - 4); },
    int64: () => { at += 8; return buffer.readBigInt64BE(at - 8); },
    varint: () => {
      let byte = buffer.readUInt8(at++);
      let value = byte & 127;
      for (let scale = 128; byte > 127; scale *= 128) { byte = buffer.readUInt8(at++); value += (byte & 127) * scale; }
      return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
    },
    text: (length) => { at += length; return buffer.toString('utf8', at - length, at); },
    word: (length) => { at += length; return wordAt(buffer, at - length, at); },
    again: (length) => {
      if (length < longFrom || length > longTo || at + length > buffer.length) return reader.text(length);
      at += length;
      return longAt(buffer, at - length, at);
    },
    raw: (length) => {
      if (length < 0 || at + length > buffer.length) throw new RangeError(`${length} bytes at ${at} are beyond the end, ${buffer.length}`);
      at += length;
      return buffer.subarray(at - length, at);
    },
    string: () => { const length = reader.int16(); return length < 0 ? '' : reader.text(length); },
    array: (item) => Array.from({ length: Math.max(0, reader.int32()) }, item),
    uvarint: () => {
      let byte = buffer.readUInt8(at++);
      let value = byte & 127;
      for (let scale = 128; byte > 127; scale *= 128) { byte = buffer.readUInt8(at++); value += (byte & 127) * scale; }
      return value;
    },
    compactString: () => { const length = reader.uvarint(); return length < 2 ? '' : reader.text(length - 1); },
    compactArray: (item) => Array.from({ length: Math.max(0, reader.uvarint() - 1) }, item),
    skipTags: () => { for (let left = reader.uvarint(); left > 0; left -= 1) { reader.uvarint(); reader.raw(reader.uvarint()); } },
    get left() { return buffer.length - at; },
  };
  return reader;
};
