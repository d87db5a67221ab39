import { describe, expect, it } from '@jest/globals';
import type { JsonObject } from '@countersign/contracts';
import { resultSchemaFault } from './result-schema.ts';

const closed = (properties: JsonObject, more: JsonObject = {}): JsonObject => ({ type: 'object', additionalProperties: false, properties, ...more });

describe('the schema of what a delegation returns', () => {
  it('is taken where everything that fits it is bounded', () => expect(resultSchemaFault(closed({
    paid: { type: 'integer', minimum: 0, maximum: 100 }, note: { type: 'string', maxLength: 80, pattern: '^[a-z ]*$' }, kind: { type: 'string', enum: ['a', 'b'] },
    lines: { type: 'array', maxItems: 10, items: closed({ id: { type: 'string', maxLength: 8 } }, { required: ['id'] }) }, ok: { type: 'boolean' },
  }))).toBeNull());

  it.each<[string, JsonObject]>([
    ['an open object', { type: 'object', properties: {} }], ['an object that is open inside', closed({ a: { type: 'object' } })], ['a text of any length', closed({ a: { type: 'string' } })],
    ['a number without a range', closed({ a: { type: 'integer', minimum: 0 } })], ['a list of any length', closed({ a: { type: 'array', items: { type: 'boolean' } } })], ['a list of anything', closed({ a: { type: 'array', maxItems: 3 } })],
    ['no type', closed({ a: { maxLength: 3 } })], ['several types', closed({ a: { type: ['string', 'null'], maxLength: 3 } })], ['a reference', closed({ a: { $ref: '#' } })], ['a choice', closed({}, { anyOf: [] })],
    ['a pattern of names', closed({}, { patternProperties: {} })], ['no object', { type: 'string', maxLength: 3 }], ['a name that every object has', closed({ a: { type: 'constructor' } })],
    ['one that is too deep', [...Array(8)].reduce<JsonObject>((inner) => closed({ a: inner }), { type: 'boolean' })], ['one that is too long', closed({ a: { type: 'boolean', title: 'x'.repeat(9_000) } })],
  ])('is refused: %s', (_, schema) => expect(resultSchemaFault(schema)).toEqual(expect.any(String)));
});
