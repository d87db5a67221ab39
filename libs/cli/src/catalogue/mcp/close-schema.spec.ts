import { describe, expect, it } from '@jest/globals';
import type { JsonObject } from '@countersign/contracts';
import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { closeSchema } from './close-schema.ts';

const text = { type: 'string' };
const object = (properties: JsonObject, more: JsonObject = {}): JsonObject => ({ type: 'object', properties, ...more });

describe('closing an argument schema', () => {
  it('says no to further members on every object that names its own, and where', () => {
    expect(closeSchema({ $schema: 'http://json-schema.org/draft-07/schema#', ...object({ to: text, lines: { type: 'array', items: object({ at: { $ref: '#/$defs/at' } }) } }, { required: ['to'], $defs: { at: object({ x: { type: ['number', 'null'] } }) } }) })).toEqual({
      ok: true, closed: ['/$defs/at', '/', '/properties/lines/items'],
      schema: object({ to: text, lines: { type: 'array', items: object({ at: { $ref: '#/$defs/at' } }, { additionalProperties: false }) } }, { required: ['to'], additionalProperties: false, $defs: { at: object({ x: { type: ['number', 'null'] } }, { additionalProperties: false }) } }),
    });
    expect(closeSchema({ type: 'object' })).toEqual({ ok: true, closed: ['/'], schema: { type: 'object', properties: {}, additionalProperties: false } });
    expect(closeSchema(object({ title: text, description: text }))).toMatchObject({ schema: { properties: { title: text, description: text } } });
  });

  it.each<[string, JsonObject, RegExp]>([
    ['members of any name', object({}, { additionalProperties: true }), /^\/: takes members of any name/], ['a map', object({ m: { type: 'object', additionalProperties: text } }), /properties\/m: takes members/], ['an object of unknown members', object({ m: { type: 'object' } }), /unknown members/],
    ['anything', object({ m: {} }), /properties\/m: takes anything/], ['true', object({ m: true as never }), /takes anything/], ['a list of anything', object({ m: { type: 'array' } }), /a list of anything/],
    ['allOf', object({ m: { allOf: [object({})] } }), /allOf/], ['objects in oneOf', object({ m: { oneOf: [object({ a: text }), object({ b: text })] } }), /oneOf/], ['a reference elsewhere', object({ m: { $ref: 'https://evil.example/s' } }), /refers to/], ['no object', { type: 'array', items: text }, /no object/],
    ['patternProperties', object({}, { patternProperties: { '.*': text } }), /patternProperties/], ['if', object({ m: { type: 'string', if: {} } }), /if/],
  ])('is refused with its place where it would say more than was meant: %s', (_, schema, why) => expect(closeSchema(schema)).toMatchObject({ ok: false, why: expect.stringMatching(why) }));

  it('takes nothing that the open schema did not take', () => {
    const names = fc.constantFrom('a', 'b', 'c');
    const schemas = fc.letrec<{ any: JsonObject; object: JsonObject }>((tie) => ({
      any: fc.oneof({ maxDepth: 3 }, fc.constantFrom<JsonObject>({ type: 'string' }, { type: 'number' }, { anyOf: [{ type: 'string' }, { type: 'null' }] }), tie('object'), tie('any').map((items): JsonObject => ({ type: 'array', items }))),
      object: fc.tuple(fc.dictionary(names, tie('any'), { maxKeys: 3 }), fc.uniqueArray(names)).map(([properties, required]): JsonObject => ({ type: 'object', properties, required })),
    })).object;
    const values = fc.jsonValue({ maxDepth: 3 }).chain((inner) => fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd'), fc.constantFrom<unknown>('x', 1, null, {}, [], { a: 'x' }, ['x'], inner)));
    const ajv = new Ajv2020({ strict: false });
    fc.assert(fc.property(schemas, values, (schema, value) => {
      const closed = closeSchema(schema);
      if (closed.ok && ajv.validate(closed.schema, value)) expect(ajv.validate(schema, value)).toBe(true);
      if (closed.ok) expect(ajv.validate(closed.schema, { ...value, strange: 1 })).toBe(false);
    }), { seed: 8, numRuns: 300 });
  });
});
