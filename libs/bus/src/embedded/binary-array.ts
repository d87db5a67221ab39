/** A one-dimensional array in PostgreSQL's binary format (array_send): nearly twice as fast as its text form (FACTS 4). */
const arrayOf = (oid: number, items: readonly (Buffer | null)[]): Buffer => {
  const head = Buffer.alloc(items.length === 0 ? 12 : 20);
  head.writeInt32BE(items.length === 0 ? 0 : 1, 0);
  head.writeInt32BE(items.some((item) => item === null) ? 1 : 0, 4);
  head.writeInt32BE(oid, 8);
  if (items.length === 0) return head;
  head.writeInt32BE(items.length, 12);
  head.writeInt32BE(1, 16);
  const size = items.reduce((sum, item) => sum + 4 + (item?.length ?? 0), 20);
  const out = Buffer.allocUnsafe(size);
  head.copy(out);
  let at = 20;
  for (const item of items) {
    out.writeInt32BE(item === null ? -1 : item.length, at);
    at += 4;
    if (item !== null) at += item.copy(out, at);
  }
  return out;
};

export const byteaArray = (items: readonly (Buffer | null)[]): Buffer => arrayOf(17, items);

export const intArray = (items: readonly number[]): Buffer => arrayOf(23, items.map((item) => {
  const four = Buffer.allocUnsafe(4);
  four.writeInt32BE(item);
  return four;
}));
