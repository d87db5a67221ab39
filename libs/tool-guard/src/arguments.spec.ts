import { describe, expect, it } from '@jest/globals';
import { cpuMs } from '@countersign/spec';
import { checkArguments } from './arguments.ts';

const closed = (properties: object, more: object = {}) => ({ type: 'object', additionalProperties: false, properties, ...more }) as never;

describe('the argument schema of a tool', () => {
  it('is checked in one line', () => {
    const check = checkArguments(closed({ amount: { type: 'integer', minimum: 1 } }, { required: ['amount'] }));
    expect([check({ amount: 3 }), check({}), check({ amount: 0 }), check({ amount: 1, more: 1 })]).toEqual([null, expect.stringContaining('required'), expect.stringMatching(/^arguments\/amount /), expect.stringContaining('additional')]);
  });

  it('is refused where it is open or no schema', () => {
    expect(() => checkArguments({ type: 'object' })).toThrow('closed');
    expect(() => checkArguments(closed({ amount: { type: 'euro' } }))).toThrow('the argument schema is none');
    expect(() => checkArguments(closed({}, { $schema: 'urn:no-dialect' }))).toThrow();
  });

  it('knows nothing of another tool\'s names', () => {
    const first = checkArguments(closed({ a: { type: 'string' } }, { $id: 'https://tools.example/same', $schema: 'https://json-schema.org/draft/2020-12/schema' }));
    const second = checkArguments(closed({ a: { type: 'integer' } }, { $id: 'https://tools.example/same' }));
    expect([first({ a: 'x' }), second({ a: 1 })]).toEqual([null, null]);
    expect(() => checkArguments(closed({ a: { $ref: 'https://tools.example/same' } }))).toThrow();
  });

  it('has patterns that take linear time, also in the names of properties', () => {
    const long = `${'a'.repeat(50_000)}!`;
    const check = checkArguments(closed({ text: { type: 'string', pattern: '^(a+)+$' }, code: { type: 'string', pattern: '^[A-Z]{2}[0-9]+$' } }, { patternProperties: { '^(x+x+)+y$': { type: 'integer' } } }));
    const started = cpuMs();
    expect([check({ text: 'aaa', code: 'DE89' }), check({ text: long }), check({ code: 'DE' }), check({ [`${'x'.repeat(5_000)}`]: 1 }), check({ xxxy: 'no' })])
      .toEqual([null, expect.stringMatching(/^arguments\/text must match pattern/), expect.stringMatching(/^arguments\/code /), expect.stringContaining('additional'), expect.stringMatching(/^arguments\/xxxy must be integer/)]);
    expect(cpuMs() - started).toBeLessThan(2_000);
  });

  it.each([['(?=a)b', 'invalid or unsupported'], ['(a)\\1', 'invalid escape'], ['a'.repeat(501), 'too long'], [Array.from({ length: 60 }, () => '[ab]{900}').join(''), 'too long'], [Array.from({ length: 50 }, () => 'a{900}').join(''), 'counts multiply']])('is refused with the pattern %.20s…, and says what to write instead', (pattern, why) => {
    const refused = () => checkArguments(closed({ text: { type: 'string', pattern } }));
    expect(refused).toThrow(why);
    expect(refused).toThrow('RE2');
  });
});
