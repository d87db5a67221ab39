// JSON Schema → compiled validators (ajv standalone, ESM). Nothing is compiled at run time and only ajv's runtime helpers are imported.
import standaloneModule from 'ajv/dist/standalone/index.js';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { isNamed } from './load.mjs';

const standaloneCode = standaloneModule.default ?? standaloneModule;

/** An ajv that knows all schemas. `allErrors` is for tests and tools only: at run time the first error ends the work. */
export const createAjv = (entries, options = {}) => {
  const ajv = new Ajv2020({ strict: true, strictTypes: true, allowUnionTypes: true, strictRequired: false, discriminator: true, messages: true, ownProperties: true, ...options });
  ajv.addVocabulary(['x-ts-type']);
  for (const entry of entries) ajv.addSchema(entry.schema);
  return ajv;
};

export const emitValidators = (entries) => {
  const ajv = createAjv(entries, { code: { source: true, esm: true, lines: true } });
  const exportsById = Object.fromEntries(entries.filter(isNamed).map((entry) => [`validate${entry.name}`, entry.id]));
  return toImports(standaloneCode(ajv, exportsById));
};

/** ajv emits `require("ajv/dist/runtime/x")` even for ESM: make them imports, with the extension that Node demands. */
const toImports = (code) => {
  const imports = new Map();
  const body = code.replace(/require\("(ajv\/dist\/runtime\/[\w/]+|ajv-formats\/[\w/]+)"\)((?:\.default)?)/g, (_, path, tail) => {
    const name = `runtime_${path.replace(/\W/g, '_')}`;
    imports.set(name, path);
    return tail ? `interop(${name})` : name;
  }).replace(/^"use strict";\s*/, '');
  if (/\brequire\s*\(/.test(body)) throw new Error('generated validators still call require');
  const head = [...imports].map(([name, path]) => `import ${name} from '${path}.js';\n`).join('');
  // A CommonJS default export arrives bare in Node and wrapped under some loaders.
  return `${head}${imports.size ? 'const interop = (m) => (m && m.default) || m;\n' : ''}${body}`;
};

/** Typed faces of the compiled functions: `validate<Name>(value): value is Name`, with `.errors`. */
export const emitFacade = (entries) => {
  const named = entries.filter(isNamed);
  const names = (http) => named.filter((entry) => (entry.context === 'http') === http).map((entry) => entry.name).join(', ');
  const importOf = (list, file) => (list ? `import type { ${list} } from './${file}';\n` : '');
  const face = (entry) => `export const validate${entry.name} = compiled.validate${entry.name} as unknown as Validator<${entry.name}>;`;
  return `import * as compiled from './validators.ts';
${importOf(names(false), 'messages.ts')}${importOf(names(true), 'http.ts')}
export interface ValidationError { readonly instancePath: string; readonly schemaPath: string; readonly keyword: string; readonly params: Readonly<Record<string, unknown>>; readonly message?: string }
/** Answers whether the value fits; \`errors\` holds why the last one did not (read it at once: the next call overwrites it). */
export interface Validator<T> { (value: unknown): value is T; errors?: readonly ValidationError[] | null }

${named.map(face).join('\n')}
`;
};
