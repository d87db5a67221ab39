/** An object's members; none of anything else. What is on the record was valid when it was written, but a leaf must come out of anything. */
export const fieldsOf = (value: unknown): Readonly<Record<string, unknown>> => (typeof value === 'object' && value !== null && !Array.isArray(value) ? value as Record<string, unknown> : {});

/** Signs that JSON writes as they are, and that move no terminal and no page. */
const plain = /^[\w.:@/~+*-]+$/;

/** An id or code as it is; null where it is none, or too long: free text never gets into a leaf. */
export const idOf = (value: unknown, most = 128): string | null => (typeof value === 'string' && value.length <= most && plain.test(value) ? value : null);

/** A count, version or time. */
export const numberOf = (value: unknown): number | null => (typeof value === 'number' && Number.isSafeInteger(value) ? value : null);
