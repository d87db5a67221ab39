// src → dist with swc, file by file, only what changed; what has no source any more is deleted.
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { root } from './paths.mjs';
import { say, Trouble } from './say.mjs';

const options = {
  swcrc: false, configFile: false, sourceMaps: true,
  jsc: { target: 'es2024', parser: { syntax: 'typescript', decorators: true }, transform: { legacyDecorator: true, decoratorMetadata: false }, rewriteRelativeImportExtensions: true, keepClassNames: true },
  module: { type: 'es6' },
};
const assets = /\.(json|ya?ml|sql|html|css|js|mjs|cedar|svg)$/;
const builder = createHash('sha256').update(JSON.stringify(options)).digest('hex');

/** Every [source folder, output folder] that has a source. */
function packages() {
  const under = (folder) => (existsSync(join(root, folder)) ? readdirSync(join(root, folder)).map((name) => join(root, folder, name)) : []);
  return [[join(root, 'contracts/generated'), join(root, 'contracts/dist')],
    ...[...under('libs'), ...under('services')].filter((dir) => !dir.endsWith('libs/spec')).map((dir) => [join(dir, 'src'), join(dir, 'dist')])].filter(([source]) => existsSync(source));
}

const filesOf = (folder) => readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath ?? entry.path, entry.name));

/** Builds everything; returns how many files were written and how many stand. Throws Trouble on the first syntax error. */
export async function build({ quiet = false } = {}) {
  const began = Date.now();
  const { transform } = await import('@swc/core');
  const memoryFile = join(root, 'node_modules/.cache/countersign-build.json');
  let memory = {};
  try { memory = JSON.parse(readFileSync(memoryFile, 'utf8')); } catch { /* first build */ }
  if (memory.builder !== builder) memory = { builder, files: {} };
  const next = {};
  let written = 0;
  const work = [];
  for (const [source, output] of packages()) {
    const wanted = new Set();
    for (const file of filesOf(source)) {
      const name = relative(source, file);
      if (/\.spec\.ts$/.test(name) || name.endsWith('.d.ts')) continue;
      const compiled = name.endsWith('.ts');
      if (!compiled && !assets.test(name)) continue;
      const target = join(output, compiled ? name.replace(/\.ts$/, '.js') : name);
      wanted.add(target);
      if (compiled) wanted.add(`${target}.map`);
      const bytes = readFileSync(file);
      const hash = createHash('sha256').update(bytes).digest('base64url');
      const key = relative(root, file);
      next[key] = hash;
      if (memory.files[key] === hash && existsSync(target)) continue;
      written++;
      mkdirSync(dirname(target), { recursive: true });
      if (!compiled) { copyFileSync(file, target); continue; }
      work.push(transform(bytes.toString('utf8'), { ...options, filename: file, sourceFileName: relative(dirname(target), file) }).then(({ code, map }) => {
        writeFileSync(`${target}.map`, map);
        writeFileSync(target, `${code}//# sourceMappingURL=${target.split('/').at(-1)}.map\n`);
      }, (error) => { delete next[key]; throw new Trouble(`${key} does not compile: ${error.message}`, 1); }));
    }
    if (existsSync(output)) for (const file of filesOf(output)) if (!wanted.has(file)) rmSync(file);
  }
  const failure = (await Promise.allSettled(work)).find((result) => result.status === 'rejected');
  mkdirSync(dirname(memoryFile), { recursive: true });
  writeFileSync(memoryFile, JSON.stringify({ builder, files: next }));
  if (failure) throw failure.reason;
  if (!quiet) say(`Built ${written} of ${Object.keys(next).length} files (${((Date.now() - began) / 1000).toFixed(1)} s).`);
  return { written, total: Object.keys(next).length };
}
