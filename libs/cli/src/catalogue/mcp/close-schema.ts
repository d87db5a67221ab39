import type { Json, JsonObject } from '@countersign/contracts';

/** A closed schema with the places that were closed, or why it cannot be closed and where. */
export type Closed = { readonly ok: true; readonly schema: JsonObject; readonly closed: readonly string[] } | { readonly ok: false; readonly why: string };

class Open extends Error {}
const isObject = (value: Json | undefined): value is JsonObject => typeof value === 'object' && value !== null && !Array.isArray(value);
const deepest = 24;
/** Keywords that describe no value inside. */
const notes = new Set(['$schema', '$id', '$comment', 'title', 'description', 'examples', 'deprecated', 'readOnly', 'writeOnly']);
const unsafe = ['allOf', 'not', 'if', 'then', 'else', 'patternProperties', 'propertyNames', 'dependentSchemas', 'dependencies', 'unevaluatedItems', '$dynamicRef', '$recursiveRef', '$anchor'];
const mayBeObject = (schema: JsonObject): boolean => schema['type'] === undefined ? schema['enum'] === undefined && schema['const'] === undefined : [schema['type']].flat().includes('object');
const mayBeArray = (schema: JsonObject): boolean => [schema['type']].flat().includes('array');

/**
 * Closes an argument schema: `additionalProperties: false` on every object that names its members. Only where that says no more than
 * the schema meant: what combines schemas, takes any members by design or refers elsewhere is refused, for a person to write.
 */
export const closeSchema = (schema: JsonObject): Closed => {
  const closed: string[] = [];
  const walk = (at: Json, path: string, depth: number): Json => {
    if (depth > deepest) throw new Open(`${path || '/'}: nested too deep`);
    if (!isObject(at)) throw new Open(`${path || '/'}: takes anything`);
    const blocked = unsafe.find((keyword) => at[keyword] !== undefined);
    if (blocked !== undefined) throw new Open(`${path || '/'}: ${blocked} cannot be closed safely`);
    const out: Record<string, Json> = {};
    for (const [name, value] of Object.entries(at)) if (!notes.has(name) || name === 'title' || name === 'description') out[name] = value;
    for (const name of ['$defs', 'definitions']) if (isObject(at[name])) out[name] = each(at[name], `${path}/${name}`, depth);
    if (typeof at['$ref'] === 'string') {
      if (!at['$ref'].startsWith('#/$defs/') && !at['$ref'].startsWith('#/definitions/')) throw new Open(`${path || '/'}: refers to ${at['$ref'].slice(0, 100)}`);
      return out;
    }
    for (const name of ['anyOf', 'oneOf']) {
      const branches = at[name];
      if (branches === undefined) continue;
      // Closing a branch can make exactly one of several fit that did not: with objects in it, oneOf is a person's to write.
      if (!Array.isArray(branches) || at['properties'] !== undefined || (name === 'oneOf' && branches.some((one) => !isObject(one) || mayBeObject(one)))) throw new Open(`${path || '/'}: ${name} cannot be closed safely`);
      out[name] = branches.map((one, i) => walk(one, `${path}/${name}/${i}`, depth + 1));
      return out;
    }
    if (mayBeObject(at)) {
      if (at['type'] === undefined && !isObject(at['properties'])) throw new Open(`${path || '/'}: takes anything`);
      const more = at['additionalProperties'];
      if (more !== undefined && more !== false) throw new Open(`${path || '/'}: takes members of any name`);
      if (!isObject(at['properties']) && path !== '' && more !== false) throw new Open(`${path}: an object of unknown members`);
      if (more === undefined) closed.push(path || '/');
      out['type'] ??= 'object';
      out['properties'] = isObject(at['properties']) ? each(at['properties'], `${path}/properties`, depth) : {};
      out['additionalProperties'] = false;
    }
    if (mayBeArray(at)) {
      if (at['items'] === undefined && at['prefixItems'] === undefined) throw new Open(`${path}: a list of anything`);
      if (at['prefixItems'] !== undefined || Array.isArray(at['items'])) throw new Open(`${path}: a list whose items differ by place`);
      out['items'] = walk(at['items']!, `${path}/items`, depth + 1);
    }
    return out;
  };
  const each = (members: JsonObject, path: string, depth: number): JsonObject => Object.fromEntries(Object.entries(members).map(([name, value]) => [name, walk(value, `${path}/${name}`, depth + 1)]));
  try {
    const out = walk(schema, '', 0) as JsonObject;
    return out['type'] === 'object' && out['additionalProperties'] === false ? { ok: true, schema: out, closed } : { ok: false, why: '/: the arguments are no object' };
  } catch (error) {
    if (error instanceof Open) return { ok: false, why: error.message };
    throw error;
  }
};
