const clean = (text: string): string => (text.includes('\0') ? text.replaceAll('\0', '\u2400') : text).toWellFormed();

/** JSON that PostgreSQL takes whole: what an agent wrote may hold NUL, which would stop every row of its batch. Shown as the sign for it. */
export const storableJson = (value: unknown): string => JSON.stringify(value, (_, one: unknown) => {
  if (typeof one === 'string') return clean(one);
  if (typeof one !== 'object' || one === null || Array.isArray(one)) return one;
  const keys = Object.keys(one);
  return keys.some((key) => key.includes('\0') || !key.isWellFormed()) ? Object.fromEntries(Object.entries(one).map(([key, inner]) => [clean(key), inner as unknown])) : one;
});
