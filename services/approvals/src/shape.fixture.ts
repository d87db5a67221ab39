/** What something looks like apart from what it says: members, lengths of lists, kinds of values; of texts whether they are ids or digests, and which. */
export const shapeOf = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(shapeOf);
  if (typeof value === 'object' && value !== null) return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, one]) => [name, shapeOf(one)]));
  if (typeof value !== 'string') return value === null ? 'null' : typeof value;
  const kind = [['digest', /^[\w-]{43}$/], ['approval', /^apr_[\w-]{22}$/], ['uuid', /^[\da-f]{8}-[\da-f]{4}-7[\da-f]{3}-[\da-f]{4}-[\da-f]{12}$/], ['link', /^https?:/]].find(([, pattern]) => (pattern as RegExp).test(value))?.[0];
  return kind ?? 'text';
};
