import { resolved } from './schemas.ts';
import type { Schema } from './schemas.ts';

/** A schema and where its references start. */
export interface Place { readonly schema: Schema; readonly base: string }

const list = (words: readonly unknown[]): string => words.map((word) => (word === null ? 'null' : String(word))).join(', ');
const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

/** Patterns of contracts, in words. */
const shapes: Readonly<Record<string, string>> = {
  '^[a-z0-9][a-z0-9._-]{0,127}$': 'an id: lower-case letters, digits, . _ -', '^[a-z0-9][a-z0-9._-]{0,63}$': 'an id: lower-case letters, digits, . _ -', '^[a-z0-9][a-z0-9-]{0,63}$': 'an id: lower-case letters, digits, -',
  '^[a-zA-Z0-9_.:*-]{1,128}$': 'the name of a tool, * for any characters (payments.*)', '^[a-zA-Z0-9_.:-]{1,128}$': 'the name of a tool', '^[A-Z]{3}$': 'an ISO 4217 code (EUR)', '^[A-Za-z_][A-Za-z0-9_.-]{0,127}$': 'the name of a fact',
};
const textOf = ({ pattern, minLength, maxLength }: Schema): string => (typeof pattern === 'string' && shapes[pattern] !== undefined ? shapes[pattern] : `text${maxLength === undefined ? '' : ` of ${minLength === undefined ? 'at most' : `${String(minLength)} to`} ${String(maxLength)} characters`}${typeof pattern === 'string' ? `, like ${pattern}` : ''}`);

/** What a field takes, in a few words. */
export const takes = (place: Place): string => {
  const { schema, base } = resolved(place.schema, place.base);
  if (Array.isArray(schema['enum'])) return `one of ${list(schema['enum'])}`;
  if ('const' in schema) return String(schema['const']);
  if (Array.isArray(schema['anyOf'])) return schema['anyOf'].map((one: Schema) => takes({ schema: one, base })).join(', or ');
  const type = schema['type'];
  if (Array.isArray(type)) return `${takes({ schema: { ...schema, type: type.find((one) => one !== 'null') as string }, base })}${type.includes('null') ? ', or null' : ''}`;
  switch (type) {
    case 'string': return textOf(schema);
    case 'boolean': return 'true or false';
    case 'null': return 'null';
    case 'integer': return `a whole number${schema['minimum'] === 0 ? ' from 0' : ''}`;
    case 'number': return 'a number';
    case 'array': return `a list of ${schema['minItems'] === undefined ? 'at most' : `${String(schema['minItems'])} to`} ${String(schema['maxItems'])}, each ${isMap(schema['items'], base) ? 'with' : takes({ schema: schema['items'] as Schema, base })}`;
    default: return schema['additionalProperties'] !== false && schema['additionalProperties'] !== undefined ? `names, each with ${takes({ schema: schema['additionalProperties'] as Schema, base })}` : 'with';
  }
};
const isMap = (schema: unknown, base: string): boolean => 'properties' in resolved(schema as Schema, base).schema;

/** What stands inside of a field: its own members, or those of each of a list. */
const inside = (place: Place): Place | undefined => {
  const { schema, base } = resolved(place.schema, place.base);
  if ('properties' in schema) return { schema, base };
  const inner = schema['type'] === 'array' ? schema['items'] : listOf(schema['anyOf']).find((one) => isMap(one, base));
  return inner !== undefined && isMap(inner, base) ? resolved(inner as Schema, base) : undefined;
};

/** Every field with what it takes, whether it must be there, and what it is for; members indented under theirs. Alike siblings (the stages of a RACI) are named together. */
export const fieldLines = (place: Place, depth = 1): readonly string[] => {
  const { schema, base } = resolved(place.schema, place.base);
  const needed = new Set(listOf(schema['required']));
  const groups = Map.groupBy(Object.entries((schema['properties'] ?? {}) as Readonly<Record<string, Schema>>), ([name, one]) => (typeof one['$ref'] === 'string' && one['$ref'].startsWith('#') ? one['$ref'] : name));
  return [...groups.values()].flatMap((alike) => {
    const [name, field] = alike[0]!;
    const { schema: whole } = resolved(field, base), within = inside({ schema: field, base });
    const description = typeof whole['description'] === 'string' && !(within !== undefined && depth > 1 && alike.length > 1) ? `  ${whole['description']}` : '';
    const told = takes({ schema: field, base });
    return [`${'  '.repeat(depth)}${alike.map(([one]) => one).join(', ')}${needed.has(name) ? ' (needed)' : ''}: ${told === 'with' ? 'an object' : told}.${description}`, ...(within === undefined ? [] : fieldLines(within, depth + 1))];
  });
};

/** The schema of a place inside of a document, as far as it has one: `/permissions/0/tools`. */
export const placeAt = (root: Place, path: readonly string[]): Place | undefined => path.reduce<Place | undefined>((place, step) => {
  if (place === undefined) return undefined;
  const { schema, base } = resolved(place.schema, place.base);
  if (schema['type'] === 'array') return { schema: schema['items'] as Schema, base };
  const within = inside({ schema, base });
  const next = (within?.schema['properties'] as Readonly<Record<string, Schema>> | undefined)?.[step] ?? schema['additionalProperties'];
  return typeof next === 'object' && next !== null ? { schema: next as Schema, base: within?.base ?? base } : undefined;
}, root);
