import type { Json } from '@countersign/contracts';

/**
 * 53 bits over a JSON value, by structure (after cyrb53). Not collision resistant and need not be: who makes two bodies collide
 * under one action id gets the answer to the first body again, with a grant bound to the first body's arguments.
 */
export const fingerprint = (value: Json): number => {
  const h = { a: 0xdeadbeef, b: 0x41c6ce57 };
  mix(value, h);
  const a = Math.imul(h.a ^ (h.a >>> 16), 2246822507) ^ Math.imul(h.b ^ (h.b >>> 13), 3266489909);
  const b = Math.imul(h.b ^ (h.b >>> 16), 2246822507) ^ Math.imul(h.a ^ (h.a >>> 13), 3266489909);
  return 4294967296 * (2097151 & b) + (a >>> 0);
};

interface Hash { a: number; b: number }

const step = (h: Hash, unit: number): void => {
  h.a = Math.imul(h.a ^ unit, 2654435761);
  h.b = Math.imul(h.b ^ unit, 1597334677);
};

const mixText = (text: string, h: Hash): void => {
  let { a, b } = h;
  const length = text.length;
  for (let i = 0; i < length; i++) {
    const unit = text.charCodeAt(i);
    a = Math.imul(a ^ unit, 2654435761);
    b = Math.imul(b ^ unit, 1597334677);
  }
  h.a = a;
  h.b = b;
  step(h, length ^ 0x10000);
};

const mix = (value: Json, h: Hash): void => {
  if (typeof value === 'string') mixText(value, h);
  else if (typeof value === 'number') mixText(String(value), h);
  else if (value === null) step(h, 0x20001);
  else if (value === true || value === false) step(h, value ? 0x20002 : 0x20003);
  else if (Array.isArray(value)) {
    step(h, 0x20004);
    for (let i = 0; i < value.length; i++) mix(value[i] as Json, h);
    step(h, 0x20005);
  } else {
    step(h, 0x20006);
    for (const key in value as Record<string, Json>) {
      mixText(key, h);
      mix((value as Record<string, Json>)[key]!, h);
    }
    step(h, 0x20007);
  }
};
