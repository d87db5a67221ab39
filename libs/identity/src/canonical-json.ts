import { sha256Text } from './bytes.ts';

/**
 * JSON Canonicalization Scheme, RFC 8785, for I-JSON values (RFC 7493): keys sorted by UTF-16 code units, numbers and
 * strings as ECMAScript writes them. Throws TypeError on what I-JSON cannot say: undefined, NaN, bigint, lone surrogates.
 */
export const canonicalJson = (value: unknown): string => {
  switch (typeof value) {
    case 'string': return canonicalString(value);
    case 'number':
      if (!Number.isFinite(value)) throw new TypeError(`not a JSON number: ${value}`);
      return value === 0 ? '0' : String(value);
    case 'boolean': return value ? 'true' : 'false';
    case 'object': return value === null ? 'null' : Array.isArray(value) ? canonicalArray(value) : canonicalObject(value as Record<string, unknown>);
    default: throw new TypeError(`not a JSON value: ${typeof value}`);
  }
};

const canonicalString = (text: string): string => {
  if (!text.isWellFormed()) throw new TypeError('a string with a lone surrogate is not I-JSON');
  return JSON.stringify(text);
};

const canonicalArray = (items: readonly unknown[]): string => {
  let out = '[';
  for (let i = 0; i < items.length; i++) out += (i === 0 ? '' : ',') + canonicalJson(items[i]);
  return out + ']';
};

const canonicalObject = (object: Record<string, unknown>): string => {
  const keys = Object.keys(object).sort(); // default order of sort() is by UTF-16 code units, as the RFC wants
  let out = '{';
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i]!;
    out += (i === 0 ? '' : ',') + canonicalString(key) + ':' + canonicalJson(object[key]);
  }
  return out + '}';
};

/** What a grant binds: base64url SHA-256 of the canonical JSON of the arguments. */
export const argumentsDigest = (args: unknown): string => sha256Text(canonicalJson(args));
