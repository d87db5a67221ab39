// src → dist with swc, file by file, only what changed; what has no source any more is deleted.
// What a built file was made from stands in it: two commands may build at once in one clone, and none takes the other's file for its own.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { root } from './paths.mjs';
import { say, Trouble } from './say.mjs';

const options = {
  swcrc: false, configFile: false, sourceMaps: true,
  jsc: { target: 'es2024', parser: { syntax: 'typescript', decorators: true }, transform: { legacyDecorator: true, decoratorMetadata: false }, rewriteRelativeImportExtensions: true, keepClassNames: true },
  module: { type: 'es6' },
};
const assets = /\.(json|ya?ml|sql|html|css|js|mjs|cedar|svg)$/;
const builder = JSON.stringify(options);

/** Every [source folder, output folder] that has a source. */
function packages() {
  const under = (folder) => (existsSync(join(root, folder)) ? readdirSync(join(root, folder)).map((name) => join(root, folder, name)) : []);
  return [[join(root, 'contracts/generated'), join(root, 'contracts/dist')],
    ...[...under('libs'), ...under('services')].filter((dir) => !dir.endsWith('libs/spec')).map((dir) => [join(dir, 'src'), join(dir, 'dist')])].filter(([source]) => existsSync(source));
}

const filesOf = (folder) => readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath ?? entry.path, entry.name));

/** The line in a built file that says what it was made from. */
const origin = (bytes, compiler) => `//# builtFrom=${createHash('sha256').update(builder).update(compiler).update(bytes).digest('base64url')}`;

const read = (file) => { try { return readFileSync(file); } catch { return undefined; } };
/** Compared from the end, where the line is. */
const isFrom = (target, line) => (read(target)?.lastIndexOf(`\n${line}\n`) ?? -1) >= 0;

/** Nobody reads half a file: it is written elsewhere and moved there. */
let moves = 0;
function put(target, content) {
  const draft = join(root, 'node_modules/.cache', `countersign-build-${process.pid}-${moves++}`);
  writeFileSync(draft, content);
  mkdirSync(dirname(target), { recursive: true });
  renameSync(draft, target);
}

/** Builds everything; returns how many files were written and how many stand. Throws Trouble on the first syntax error. */
export async function build({ quiet = false } = {}) {
  const began = Date.now();
  const { transform, version } = await import('@swc/core');
  mkdirSync(join(root, 'node_modules/.cache'), { recursive: true });
  let total = 0;
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
      total++;
      const bytes = readFileSync(file);
      const line = origin(bytes, version);
      if (compiled ? isFrom(target, line) && existsSync(`${target}.map`) : read(target)?.equals(bytes)) continue;
      written++;
      if (!compiled) { put(target, bytes); continue; }
      work.push(transform(bytes.toString('utf8'), { ...options, filename: file, sourceFileName: relative(dirname(target), file) }).then(({ code, map }) => {
        put(`${target}.map`, map);
        put(target, `${code}${code.endsWith('\n') ? '' : '\n'}${line}\n//# sourceMappingURL=${target.split('/').at(-1)}.map\n`);
      }, (error) => { throw new Trouble(`${relative(root, file)} does not compile: ${error.message}`, 1); }));
    }
    if (existsSync(output)) for (const file of filesOf(output)) if (!wanted.has(file)) rmSync(file, { force: true });
  }
  const failure = (await Promise.allSettled(work)).find((result) => result.status === 'rejected');
  if (failure) throw failure.reason;
  if (!quiet) say(`Built ${written} of ${total} files (${((Date.now() - began) / 1000).toFixed(1)} s).`);
  return { written, total };
}
