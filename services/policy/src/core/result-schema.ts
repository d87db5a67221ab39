import type { Json, JsonObject } from '@countersign/contracts';

/** Keywords of a result schema: those whose work is bounded by the value, and none that reaches out of the schema. */
const allowed: Readonly<Record<string, readonly string[]>> = {
  object: ['properties', 'required', 'additionalProperties'], array: ['items', 'minItems', 'maxItems'], string: ['minLength', 'maxLength', 'pattern'],
  integer: ['minimum', 'maximum', 'multipleOf'], number: ['minimum', 'maximum'], boolean: [], null: [],
};
const everywhere: readonly string[] = ['type', 'title', 'description', 'enum', 'const', '$schema'];
const deepest = 6;
const longest = 8_192;
const mostMembers = 64;
const mostItems = 1_000;
const longestText = 16_384;

const isMap = (value: unknown): value is Readonly<Record<string, Json>> => typeof value === 'object' && value !== null && !Array.isArray(value);
const isNumber = (value: unknown, most: number): boolean => typeof value === 'number' && Math.abs(value) <= most;

/** What is wrong with the schema of a delegation's result, for nothing that fits it may be unbounded: closed objects, a length for every text and list, a range for every number. */
export const resultSchemaFault = (schema: JsonObject): string | null => {
  if (JSON.stringify(schema).length > longest) return `longer than ${longest} characters`;
  return schema['type'] === 'object' ? faultAt(schema, '', 0) : 'a result is an object';
};

const faultAt = (schema: unknown, at: string, depth: number): string | null => {
  const wrong = (why: string): string => `${at || '/'}: ${why}`;
  if (!isMap(schema)) return wrong('is no schema');
  if (depth > deepest) return wrong(`deeper than ${deepest}`);
  const { type } = schema;
  if (typeof type !== 'string' || !Object.hasOwn(allowed, type)) return wrong('needs one type');
  for (const name of Object.keys(schema)) if (!everywhere.includes(name) && !allowed[type]!.includes(name)) return wrong(`${name} is not taken`);
  const oneOfFew = Array.isArray(schema['enum']) || 'const' in schema;
  if (type === 'string') return oneOfFew || isNumber(schema['maxLength'], longestText) ? null : wrong('needs maxLength');
  if (type === 'integer' || type === 'number') return oneOfFew || (isNumber(schema['minimum'], Number.MAX_SAFE_INTEGER) && isNumber(schema['maximum'], Number.MAX_SAFE_INTEGER)) ? null : wrong('needs minimum and maximum');
  if (type === 'array') return isNumber(schema['maxItems'], mostItems) ? faultAt(schema['items'], `${at}/items`, depth + 1) : wrong('needs maxItems');
  if (type !== 'object') return null;
  const properties = schema['properties'] ?? {};
  if (schema['additionalProperties'] !== false || !isMap(properties)) return wrong('needs properties and additionalProperties: false');
  const names = Object.keys(properties);
  if (names.length > mostMembers) return wrong(`more than ${mostMembers} members`);
  for (const name of names) {
    const found = faultAt(properties[name], `${at}/properties/${name}`, depth + 1);
    if (found !== null) return found;
  }
  return null;
};
