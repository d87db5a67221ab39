/** JSON with sorted members: the same content in another order is the same. */
export const same = (a: unknown, b: unknown): boolean => stable(a) === stable(b);

const stable = (value: unknown): string => JSON.stringify(value, (_, inner: unknown) =>
  typeof inner === 'object' && inner !== null && !Array.isArray(inner) ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1))) : inner);
