// JSON Schema → TypeScript, for the part of JSON Schema that our schemas use; anything else is an error, not a guess.
import { isNamed, resolveRef } from './load.mjs';

const key = (name) => (/^[A-Za-z_$][\w$]*$/.test(name) ? name : literal(name));
const literal = (value) => (typeof value === 'string' ? `'${JSON.stringify(value).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'")}'` : JSON.stringify(value));
const comment = (text) => (text ? `/** ${text.replaceAll('*/', '* /')} */ ` : '');
const union = (parts) => [...new Set(parts)].join(' | ');

/** @param byId schemas by id @param used collects the names referred to */
export const createEmitter = (byId, used = new Set()) => {
  const emit = (schema, from, open) => {
    if (schema === true || Object.keys(schema).filter((k) => k !== 'description').length === 0) return 'unknown';
    if (schema['x-ts-type']) return schema['x-ts-type'];
    if (schema.$ref) return emitRef(schema.$ref, from, open);
    if ('const' in schema) return literal(schema.const);
    if (schema.enum) return union(schema.enum.map(literal));
    if (schema.oneOf) return union(schema.oneOf.map((part) => emit(part, from, open)));
    if (schema.anyOf) return union(schema.anyOf.map((part) => emit(part, from, open)));
    if (Array.isArray(schema.type)) return union(schema.type.map((type) => emit({ ...schema, type }, from, open)));
    switch (schema.type) {
      case 'string': case 'boolean': case 'null': return schema.type;
      case 'integer': case 'number': return 'number';
      case 'array': return arrayOf(emit(schema.items, from, open));
      case 'object': return emitObject(schema, from, open);
      default: throw new Error(`${from}: no TypeScript for ${JSON.stringify(schema).slice(0, 200)}`);
    }
  };
  const arrayOf = (item) => `readonly ${/^[\w]+$/.test(item) || item.startsWith('{') ? item : `(${item})`}[]`;
  const emitRef = (ref, from, open) => {
    const target = resolveRef(from, ref, byId);
    const place = `${target.id}#${target.pointer}`;
    if (target.pointer === '') { used.add(target.entry.name); return target.entry.name; }
    return open.includes(place) ? 'unknown' : emit(target.node, target.id, [...open, place]);
  };
  const emitObject = (schema, from, open) => {
    const required = new Set(schema.required ?? []);
    const members = Object.entries(schema.properties ?? {}).map(([name, property]) => `${comment(property.description)}readonly ${key(name)}${required.has(name) ? '' : '?'}: ${emit(property, from, open)}`);
    const rest = schema.additionalProperties;
    if (rest !== false) members.push(`readonly [key: string]: ${members.length > 0 || rest === undefined ? 'unknown' : emit(rest, from, open)}`);
    return members.length === 0 ? 'Readonly<Record<string, never>>' : `{ ${members.join('; ')} }`;
  };
  return { emit, used };
};

/** The declarations of one file. `elsewhere`: names that are imported from `./messages.ts`. */
export const emitTypes = (entries, byId, { elsewhere = new Set() } = {}) => {
  const { emit, used } = createEmitter(byId);
  const own = entries.filter(isNamed);
  const lines = [];
  let context = '';
  for (const entry of own) {
    if (entry.context !== context) lines.push('', `// ---------- ${context = entry.context} ----------`);
    const body = emit(entry.schema, entry.id, []);
    const head = entry.schema.description ? `/** ${entry.schema.description} */\n` : '';
    lines.push(entry.schema.type === 'object' && body.startsWith('{ ') && !entry.schema.oneOf && !entry.schema['x-ts-type']
      ? `${head}export interface ${entry.name} {\n${memberLines(entry, emit)}}`
      : `${head}export type ${entry.name} = ${body};`);
  }
  const imports = [...used].filter((name) => elsewhere.has(name)).sort();
  return `${imports.length ? `import type { ${imports.join(', ')} } from './messages.ts';\n` : ''}${lines.join('\n')}\n`;
};

const memberLines = (entry, emit) => {
  const required = new Set(entry.schema.required ?? []);
  const lines = Object.entries(entry.schema.properties ?? {}).map(([name, property]) =>
    `${property.description ? `  /** ${property.description} */\n` : ''}  readonly ${key(name)}${required.has(name) ? '' : '?'}: ${emit(property, entry.id, [])};\n`);
  if (entry.schema.additionalProperties !== false) lines.push('  readonly [key: string]: unknown;\n');
  return lines.join('');
};
