import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Ajv2020 } from 'ajv/dist/2020.js';
import type { ValidateFunction } from 'ajv/dist/2020.js';

export type Schema = Readonly<Record<string, unknown>>;

const folder = fileURLToPath(new URL('../../../../contracts/schemas/', import.meta.url));
const suffix = '.v1.schema.json', origin = 'countersign:/schemas/';

/** A schema of contracts/schemas, by context and name: `registry/RoleDefinition`. */
export const schemaOf = (name: string): Schema => JSON.parse(readFileSync(join(folder, `${name}${suffix}`), 'utf8')) as Schema;

/** What a `$ref` points at, and the schema that its own references start from; its description wins over that of what it points at. */
export const resolved = (schema: Schema, base: string): { readonly schema: Schema; readonly base: string } => {
  const { $ref: reference, ...beside } = schema;
  if (typeof reference !== 'string') return { schema, base };
  const [path = '', pointer = ''] = reference.split('#');
  const file = path === '' ? base : new URL(path, `file:///${base}`).pathname.slice(1);
  const found = pointer.split('/').slice(1).reduce<unknown>((node, key) => (node as Schema)[key], schemaOf(file.replace(suffix, ''))) as Schema;
  const { schema: target, base: at } = resolved(found, file);
  return { schema: { ...target, ...beside }, base: at };
};

export const baseOf = (name: string): string => `${name}${suffix}`;

let ajv: Ajv2020 | undefined, compiled = 0;
/** A validator that says everything that is wrong, for a person who mends a file: the generated ones stop at the first error. */
export const validatorOf = (schema: Schema): ValidateFunction => {
  if (ajv === undefined) {
    ajv = new Ajv2020({ strict: false, allErrors: true, discriminator: true, ownProperties: true });
    for (const file of readdirSync(folder, { recursive: true }).map(String)) if (file.endsWith(suffix)) ajv.addSchema(JSON.parse(readFileSync(join(folder, file), 'utf8')) as Schema);
  }
  return ajv.compile({ ...schema, $id: `${origin}cli/${(compiled += 1)}/Document${suffix}` });
};
/** The same schema with its references written out in full, so that it may stand anywhere. */
export const absolute = (value: unknown, base: string): unknown => {
  if (Array.isArray(value)) return value.map((one) => absolute(one, base));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, key === '$ref' && typeof inner === 'string' ? `${origin}${inner.startsWith('#') ? base : new URL(inner.split('#')[0]!, `file:///${base}`).pathname.slice(1)}${inner.includes('#') ? `#${inner.split('#')[1]!}` : ''}` : absolute(inner, base)]));
};
