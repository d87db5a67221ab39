/**
 * PostgreSQL's binary wire format of one-dimensional arrays, written by hand: twice as fast as node-postgres' text arrays (FACTS 4).
 * A Buffer parameter goes over as binary; the statement casts it (`$1::bytea[]`).
 * Layout: dimensions, has-nulls flag, element oid, length, lower bound, then each element behind its length (-1 for null).
 */
const header = 20;

const array = (oid: number, count: number, hasNulls: boolean, bytes: number): Buffer => {
  const buffer = Buffer.allocUnsafe(header + bytes);
  buffer.writeInt32BE(1, 0);
  buffer.writeInt32BE(hasNulls ? 1 : 0, 4);
  buffer.writeInt32BE(oid, 8);
  buffer.writeInt32BE(count, 12);
  buffer.writeInt32BE(1, 16);
  return buffer;
};

export const byteaArray = (items: readonly Uint8Array[]): Buffer => {
  const buffer = array(17, items.length, false, items.reduce((sum, item) => sum + 4 + item.length, 0));
  let at = header;
  for (const item of items) {
    at = buffer.writeInt32BE(item.length, at);
    buffer.set(item, at);
    at += item.length;
  }
  return buffer;
};

export const textArray = (items: readonly (string | null)[]): Buffer => {
  const lengths = items.map((item) => (item === null ? -1 : Buffer.byteLength(item)));
  const buffer = array(25, items.length, lengths.includes(-1), lengths.reduce((sum, length) => sum + 4 + Math.max(length, 0), 0));
  let at = header;
  items.forEach((item, i) => {
    at = buffer.writeInt32BE(lengths[i]!, at);
    if (item !== null) at += buffer.write(item, at);
  });
  return buffer;
};

export const bigintArray = (items: readonly (bigint | number)[]): Buffer => {
  const buffer = array(20, items.length, false, items.length * 12);
  let at = header;
  for (const item of items) {
    at = buffer.writeInt32BE(8, at);
    at = buffer.writeBigInt64BE(BigInt(item), at);
  }
  return buffer;
};
