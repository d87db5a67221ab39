const arrays = { Float32Array, Float64Array, Uint8Array, Uint16Array, Uint32Array, Int32Array } as const;
type Kind = keyof typeof arrays;
const kindOf = (value: unknown): Kind | undefined => (ArrayBuffer.isView(value) ? (Object.keys(arrays) as Kind[]).find((kind) => value.constructor === arrays[kind]) : undefined);

/**
 * State as JSON and back, bit for bit: doubles have their shortest form, typed arrays their bytes in base64, maps and sets their order.
 * What JSON has no number for (NaN, infinities, minus zero) goes by name.
 */
export const writeState = (state: unknown): string => JSON.stringify(state, (_, value: unknown) => {
  const kind = kindOf(value);
  if (kind !== undefined) {
    const { buffer, byteOffset, byteLength } = value as Uint8Array;
    return { '~': kind, bytes: Buffer.from(buffer, byteOffset, byteLength).toString('base64') };
  }
  if (value instanceof Map) return { '~': 'Map', entries: [...value] };
  if (value instanceof Set) return { '~': 'Set', values: [...value] };
  if (typeof value === 'number' && (!Number.isFinite(value) || Object.is(value, -0))) return { '~': 'number', named: Object.is(value, -0) ? '-0' : String(value) };
  return value;
});

export const readState = (text: string): unknown => JSON.parse(text, (_, value: unknown) => {
  if (typeof value !== 'object' || value === null || !('~' in value)) return value;
  const { '~': kind, bytes, entries, values, named } = value as { '~': Kind | 'Map' | 'Set' | 'number'; bytes: string; named: string; entries: [unknown, unknown][]; values: unknown[] };
  if (kind === 'Map') return new Map(entries);
  if (kind === 'Set') return new Set(values);
  if (kind === 'number') return Number(named);
  // A copy of its own: views of four and eight bytes need their alignment.
  return new arrays[kind](Uint8Array.from(Buffer.from(bytes, 'base64')).buffer);
});
