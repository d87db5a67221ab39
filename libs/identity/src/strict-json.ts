import { isAscii, isUtf8 } from 'node:buffer';
import { refuse } from './outcome.ts';
import type { Checked, Refusal } from './outcome.ts';

export interface StrictJsonLimits {
  /** Default 32: `{}` has depth 1. */
  readonly maxDepth?: number;
  /** Default 262,144. */
  readonly maxBytes?: number;
}

/**
 * Parses I-JSON (RFC 7493) and nothing else. Codes: too_large, invalid_utf8, too_deep, malformed_json, duplicate_key,
 * unsafe_number, lone_surrogate, forbidden_key (`__proto__`), nul_byte (raw or escaped).
 * `text` is what was parsed, for whoever passes it on. Strictness costs one pass over the bytes and one over the values; the parser itself stays V8's.
 */
export const parseStrictJson = (bytes: Uint8Array, limits: StrictJsonLimits = {}): Checked<{ readonly value: unknown; readonly text: string }> => {
  const maxBytes = limits.maxBytes ?? 262_144;
  if (bytes.length > maxBytes) return refuse('too_large', `${bytes.length} bytes, at most ${maxBytes} are accepted`);
  const plain = isAscii(bytes);
  if (!plain && !isUtf8(bytes)) return refuse('invalid_utf8', 'the message is not valid UTF-8');
  if (bytes.includes(0)) return refuse('nul_byte', 'the message contains a NUL byte');
  const maxDepth = limits.maxDepth ?? 32;
  const members = scan(bytes, maxDepth);
  if (members < 0) return refuse('too_deep', `nested deeper than ${maxDepth}`);
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString(plain ? 'latin1' : 'utf8');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return refuse('malformed_json', 'the message is not JSON');
  }
  const walked: Walk = { members: 0, escapes: escaped, problem: undefined };
  walk(value, walked);
  if (walked.problem !== undefined) return walked.problem;
  // A repeated key leaves fewer members in the value than the text has.
  if (walked.members !== members) return refuse('duplicate_key', 'an object names a key twice');
  return { ok: true, value, text };
};

/** Set by the last scan: whether the text has an escape `\u`, the only way to a lone surrogate or a NUL in valid UTF-8. */
let escaped = false;

/** Counts `name:` pairs outside of strings; -1 where nesting goes deeper than allowed. */
const scan = (bytes: Uint8Array, maxDepth: number): number => {
  let members = 0;
  let depth = 0;
  escaped = false;
  const end = bytes.length;
  for (let i = 0; i < end; i++) {
    const byte = bytes[i];
    if (byte === 0x22) {
      for (i++; i < end; i++) {
        const inside = bytes[i];
        if (inside === 0x22) break;
        if (inside === 0x5c && bytes[++i] === 0x75) escaped = true;
      }
    } else if (byte === 0x3a) members++;
    else if (byte === 0x7b || byte === 0x5b) {
      if (++depth > maxDepth) return -1;
    } else if (byte === 0x7d || byte === 0x5d) depth--;
  }
  return members;
};

interface Walk { members: number; readonly escapes: boolean; problem: Refusal | undefined }

const walk = (value: unknown, state: Walk): void => {
  if (typeof value === 'string') {
    if (state.escapes) checkText(value, state);
  } else if (typeof value === 'number') {
    if (!(value <= Number.MAX_SAFE_INTEGER && value >= -Number.MAX_SAFE_INTEGER)) state.problem ??= refuse('unsafe_number', 'a number is beyond the safe integers; send it as a string');
  } else if (typeof value === 'object' && value !== null) {
    if (Array.isArray(value)) for (let i = 0; i < value.length; i++) walk(value[i], state);
    else for (const key in value) {
      state.members++;
      if (key === '__proto__') state.problem ??= refuse('forbidden_key', 'the key __proto__ is not accepted');
      if (state.escapes) checkText(key, state);
      walk((value as Record<string, unknown>)[key], state);
    }
  }
};

const checkText = (text: string, state: Walk): void => {
  if (!text.isWellFormed()) state.problem ??= refuse('lone_surrogate', 'a string contains a lone surrogate');
  else if (text.includes('\0')) state.problem ??= refuse('nul_byte', 'a string contains an escaped NUL');
};
