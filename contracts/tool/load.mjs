// Reads contracts/schemas. One file per type, `<context>/<Name>.v1.schema.json`; Definitions holds unnamed scalars.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

export const contractsDir = join(dirname(fileURLToPath(import.meta.url)), '..');
export const schemasDir = join(contractsDir, 'schemas');
const suffix = '.v1.schema.json';

/** @returns {{id: string, context: string, name: string, file: string, schema: any, examples: {valid: {name: string, value: unknown}[], invalid: {name: string, value: unknown, path: string}[]} | undefined}[]} */
export const loadSchemas = (dir = schemasDir) => readdirSync(dir, { recursive: true }).map(String).sort()
  .filter((path) => path.endsWith(suffix))
  .map((path) => {
    const file = join(dir, path);
    const context = dirname(path);
    const name = path.slice(context.length + 1, -suffix.length);
    const examplesFile = file.replace('.schema.json', '.examples.json');
    const schema = JSON.parse(readFileSync(file, 'utf8'));
    const id = `countersign:/schemas/${path}`;
    if (schema.$id !== id) throw new Error(`${relative(contractsDir, file)}: $id must be ${id}`);
    return { id, context, name, file, schema, examples: existsSync(examplesFile) ? JSON.parse(readFileSync(examplesFile, 'utf8')) : undefined };
  });

/** Types that get a TypeScript name and a validator: all but the holder of scalars. */
export const isNamed = (entry) => entry.name !== 'Definitions';

/** Resolves `ref` as written in the schema with the id `from`. */
export const resolveRef = (from, ref, byId) => {
  const [path, pointer = ''] = ref.split('#');
  const id = path === '' ? from : new URL(path, from.replace('countersign:/', 'file:///')).href.replace('file:///', 'countersign:/');
  const entry = byId.get(id);
  if (!entry) throw new Error(`${from}: cannot resolve ${ref}`);
  let node = entry.schema;
  for (const key of pointer.split('/').slice(1)) {
    node = node?.[key.replaceAll('~1', '/').replaceAll('~0', '~')];
    if (node === undefined) throw new Error(`${from}: cannot resolve ${ref}`);
  }
  return { entry, node, id, pointer };
};
