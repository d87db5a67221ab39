import { anyList, anyOf, known, listOf, oneOf, unknown } from './possible.ts';
import type { Field, Possible } from './possible.ts';
import { equal, int, or, text, yes } from './terms.ts';
import type { Script } from './terms.ts';

type Schema = Readonly<Record<string, unknown>>;
const object = (value: unknown): value is Schema => typeof value === 'object' && value !== null && !Array.isArray(value);
const number = (value: unknown): number | undefined => (typeof value === 'number' && Number.isFinite(value) ? value : undefined);

/** Every value that a JSON Schema lets through, and perhaps more: lengths and patterns of texts are not modelled. */
export const fitting = (script: Script, key: string, schema: unknown, depth = 4): Possible => {
  if (!object(schema) || depth === 0) return unknown(script, key, false);
  if (schema['const'] !== undefined) return known(schema['const']);
  if (Array.isArray(schema['enum'])) return among(script, key, schema['enum']);
  const either = schema['anyOf'] ?? schema['oneOf'];
  if (Array.isArray(either)) return oneOf(script, key, either.map((one, i) => fitting(script, `${key}|${i}`, one, depth - 1)));
  const { type } = schema;
  if (Array.isArray(type)) return oneOf(script, key, type.map((one, i) => fitting(script, `${key}|${i}`, { ...schema, type: one as unknown }, depth)));
  switch (type) {
    case 'null': return known(null);
    case 'boolean': return anyOf(script, key, 'bool');
    case 'string': return anyOf(script, key, 'string');
    case 'integer': return integer(script, key, schema);
    case 'number': return schema['multipleOf'] === 1 ? integer(script, key, schema) : oneOf(script, key, [integer(script, key, schema), anyOf(script, key, 'double')]);
    case 'array': return anyList(script, key, (item) => fitting(script, item, schema['items'], depth - 1), { least: number(schema['minItems']) ?? 0, most: number(schema['maxItems']) ?? Infinity });
    case 'object': return object(schema['properties']) ? map(script, key, schema, schema['properties'], depth) : unknown(script, key, false);
    default: return unknown(script, key, false);
  }
};

const among = (script: Script, key: string, values: readonly unknown[]): Possible => {
  if (values.length === 0 || !values.every((value) => typeof value === 'string')) return values.length === 0 ? listOf([]) : oneOf(script, key, values.map(known));
  return someText(script, key, values as readonly string[]);
};

/** One of these texts. */
export const someText = (script: Script, key: string, values: readonly string[]): Possible => {
  const term = script.constant(key, 'String');
  script.assume(or(...values.map((value) => equal(term, text(value)))));
  return [{ when: yes, kind: 'string', term }];
};

const integer = (script: Script, key: string, schema: Schema): Possible => {
  const value = anyOf(script, key, 'int');
  const { term } = value[0] as { term: string };
  const [least, most] = [number(schema['minimum']), number(schema['maximum'])];
  if (least !== undefined && Math.abs(least) <= Number.MAX_SAFE_INTEGER) script.assume(`(>= ${term} ${int(Math.ceil(least))})`);
  if (most !== undefined && Math.abs(most) <= Number.MAX_SAFE_INTEGER) script.assume(`(<= ${term} ${int(Math.floor(most))})`);
  return value;
};

const map = (script: Script, key: string, schema: Schema, properties: Schema, depth: number): Possible => {
  const required = new Set(Array.isArray(schema['required']) ? schema['required'] as unknown[] : []);
  const fields = new Map<string, Field>(Object.entries(properties).map(([name, one]) => [name, {
    there: required.has(name) ? yes : script.constant(`${key}.${name}#there`, 'Bool'), value: fitting(script, `${key}.${name}`, one, depth - 1),
  }]));
  return [{ when: yes, kind: 'map', fields, open: schema['additionalProperties'] === false ? null : key }];
};
