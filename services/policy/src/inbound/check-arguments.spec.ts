import { describe, expect, it } from '@jest/globals';
import { checkArguments } from './check-arguments.ts';

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
});
