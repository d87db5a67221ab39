import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { argumentsDigest, canonicalJson } from './canonical-json.ts';
import { parseStrictJson } from './strict-json.ts';

const parse = (text: string) => parseStrictJson(Buffer.from(text));
const iJson = fc.jsonValue({ maxDepth: 6, stringUnit: 'binary' }).filter((value) => {
  const walk = (v: unknown): boolean => typeof v === 'number' ? Math.abs(v) <= Number.MAX_SAFE_INTEGER : typeof v === 'string' ? v.isWellFormed() && !v.includes('\0') : typeof v === 'object' && v !== null
    ? Object.entries(v).every(([k, inner]) => k !== '__proto__' && k.isWellFormed() && !k.includes('\0') && walk(inner)) : true;
  return walk(value);
});

describe('parseStrictJson', () => {
  it('reads every I-JSON value as JSON.parse does, however it is spelled', () => {
    fc.assert(fc.property(iJson, fc.constantFrom(undefined, 1, '\t'), fc.boolean(), (value, indent, escape) => {
      let text = JSON.stringify(value, null, indent);
      if (escape) text = text.replace(/[^\x00-\x7f]/g, (unit) => '\\u' + unit.charCodeAt(0).toString(16).padStart(4, '0'));
      expect(parse(text)).toEqual({ ok: true, value: JSON.parse(text), text });
    }), { seed: 4, numRuns: 1_000 });
  });

  it('accepts nothing that JSON.parse refuses', () => {
    fc.assert(fc.property(fc.array(fc.constantFrom('{', '}', '[', ']', ':', ',', '"a"', '"b"', '1', '-', 'null', '\\', '"', ' ', '.', 'e'), { maxLength: 12 }), (tokens) => {
      const text = tokens.join('');
      let fine = true;
      try { JSON.parse(text); } catch { fine = false; }
      const result = parse(text);
      return fine ? result.ok || result.code === 'duplicate_key' : !result.ok;
    }), { seed: 5, numRuns: 5_000 });
  });

  it('finds a key given twice, wherever it hides', () => {
    fc.assert(fc.property(iJson, iJson, fc.string().filter((s) => s.isWellFormed() && !s.includes('\0') && s !== '__proto__'), (a, b, key) => {
      const k = JSON.stringify(key);
      expect(parse(`[{"o":{${k}:${JSON.stringify(a)},${k}:${JSON.stringify(b)}}}]`)).toMatchObject({ code: 'duplicate_key' });
    }), { seed: 6 });
    expect(parse('{"a":1,"\\u0061":2}')).toMatchObject({ code: 'duplicate_key' });
    expect(parse('{"a":"x:y:{\\":","b":":"}')).toMatchObject({ ok: true });
  });

  it.each([
    ['malformed_json', '{"a":1'], ['malformed_json', ''], ['malformed_json', '\uFEFF{}'], ['malformed_json', '{"a":NaN}'], ['malformed_json', '{} {}'],
    ['unsafe_number', '{"a":9007199254740992}'], ['unsafe_number', '[-9007199254740993]'], ['unsafe_number', '1e400'], ['unsafe_number', '-1e300'],
    ['lone_surrogate', '{"a":"\\ud800"}'], ['lone_surrogate', '{"\\udc00x":1}'], ['nul_byte', '{"a":"\\u0000"}'], ['nul_byte', '{"a":"\0"}'],
    ['forbidden_key', '{"__proto__":{"x":1}}'], ['forbidden_key', '{"a":[{"\\u005f_proto__":1}]}'],
    ['too_deep', '['.repeat(100_000)], ['too_deep', '['.repeat(33) + ']'.repeat(33)], ['too_large', `"${'x'.repeat(262_144)}"`],
  ])('refuses with %s', (code, text) => {
    expect(parse(text)).toMatchObject({ ok: false, code });
  });

  it('refuses bytes that are not UTF-8 and takes the largest safe integer, 32 levels, a slice of a pool', () => {
    expect(parseStrictJson(Buffer.from([0x22, 0xc3, 0x28, 0x22]))).toMatchObject({ code: 'invalid_utf8' });
    expect(parseStrictJson(Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22]))).toMatchObject({ code: 'invalid_utf8' });
    expect(parse('[9007199254740991,-9007199254740991,0.5,-0]')).toMatchObject({ ok: true });
    expect(parse('['.repeat(32) + ']'.repeat(32)).ok).toBe(true);
    expect(parseStrictJson(new Uint8Array(Buffer.from('xx{"a":1}yy')).subarray(2, 9))).toEqual({ ok: true, value: { a: 1 }, text: '{"a":1}' });
    expect(({} as { x?: number }).x).toBeUndefined();
  });
});

describe('canonicalJson', () => {
  it('writes the examples of RFC 8785', () => {
    expect(canonicalJson({ numbers: [333333333.33333329, 1e30, 4.5, 2e-3, 0.000000000000000000000000001], string: '\u20ac$\u000F\u000aA\'\u0042\u0022\u005c\\\u0022\/', literals: [null, true, false] }))
      .toBe('{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}');
    expect(canonicalJson({ '\u20ac': 1, '\r': 2, '\ufb33': 3, '1': 4, '\ud83d\ude00': 5, '\u0080': 6, '\u00f6': 7 })).toBe('{"\\r":2,"1":4,"\u0080":6,"ö":7,"€":1,"😀":5,"\ufb33":3}');
    expect(canonicalJson(-0)).toBe('0');
  });

  it('does not depend on the order of keys and reads back as the same value', () => {
    fc.assert(fc.property(iJson, (value) => {
      const reversed = (v: unknown): unknown => Array.isArray(v) ? v.map(reversed) : typeof v === 'object' && v !== null ? Object.fromEntries(Object.entries(v).reverse().map(([k, x]) => [k, reversed(x)])) : v;
      const text = canonicalJson(value);
      expect(canonicalJson(reversed(value))).toBe(text);
      expect(canonicalJson(JSON.parse(text))).toBe(text);
      expect(argumentsDigest(reversed(value))).toBe(argumentsDigest(value));
    }), { seed: 7 });
  });

  it.each([[undefined], [Number.NaN], [1n], ['\ud800'], [{ a: undefined }], [() => 1]])('refuses %p', (value) => {
    expect(() => canonicalJson(value)).toThrow(TypeError);
  });
});
