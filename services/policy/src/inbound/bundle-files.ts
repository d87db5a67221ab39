import { readFile, readdir, realpath, stat } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { canonicalJson, sha256Text } from '@countersign/identity';
import type { BundleSpec } from '../core/rules/bundle.ts';
import { compileBundle } from '../core/rules/compile.ts';
import type { CompiledBundle } from '../core/rules/compile.ts';
import { BundleError, collectProblems } from '../core/rules/problem.ts';
import type { Complain, Problem } from '../core/rules/problem.ts';
import { kindProblems } from '../core/rules/rule-kinds.ts';
import { readDocument } from './bundle-document.ts';
import type { BundleDocument, Place } from './bundle-document.ts';

export { BundleError };
export type { Place };

/** One file of a bundle: `path` relative to its folder, with `/`. */
export interface BundleFile { readonly path: string; readonly text: string }
export interface ParsedBundle {
  readonly spec: BundleSpec;
  readonly bundle: CompiledBundle;
  readonly tests: readonly BundleFile[];
  /** Where `rules[3].when`, `parameters.limit`, `approval.route` … is written; undefined where nothing of the path is. */
  where(path: string, offset?: number): Place | undefined;
}

/** A bundle may have this many files, of this many bytes each and together. */
export const bundleLimits = { files: 1_000, fileBytes: 1_048_576, bytes: 8_388_608 };

const folders = ['', 'rules', 'tests'] as const;
const name = '[A-Za-z0-9][A-Za-z0-9._-]{0,99}';
const belongs = new RegExp(`^(?:bundle\\.yaml|parameters\\.yaml|rules/${name}\\.yaml|tests/${name}\\.test\\.yaml)$`);
/** What somebody meant as a part of the bundle: left out silently, a rule would be missing. */
const looksLikeOne = /^rules\/|\.ya?ml$/i;

const trouble = (path: string, why: string): BundleError => new BundleError([{ path, why }]);

/**
 * Reads a bundle's folder: bundle.yaml, parameters.yaml, rules/*.yaml, tests/*.test.yaml, sorted by path. Other files (README.md, the tools' catalogue)
 * are no part of it; YAML elsewhere, anything else in rules/, links that lead out and more than `bundleLimits` are refused with a BundleError.
 */
export const readBundleFiles = async (dir: string): Promise<readonly BundleFile[]> => {
  const root = await realpath(dir).catch(() => { throw trouble(dir, 'there is no such folder'); });
  if (!(await stat(root)).isDirectory()) throw trouble(dir, 'is no folder: a bundle is a folder with bundle.yaml and rules/');
  const { problems, complain } = collectProblems();
  const paths: string[] = [];
  for (const folder of folders) {
    for (const entry of await readdir(join(root, folder)).catch(() => [] as string[])) {
      const path = folder === '' ? entry : `${folder}/${entry}`;
      if (entry.startsWith('.')) continue;
      if (belongs.test(path)) paths.push(path);
      else if (looksLikeOne.test(path)) complain(path, 'has no place in a bundle: it has bundle.yaml, parameters.yaml, rules/*.yaml and tests/*.test.yaml');
    }
  }
  if (paths.length > bundleLimits.files) throw trouble(dir, `more than ${bundleLimits.files} files`);
  const files: BundleFile[] = [];
  let left = bundleLimits.bytes;
  for (const path of paths.sort()) {
    const real = await realpath(join(root, path));
    const { size } = real.startsWith(root + sep) ? await stat(real) : { size: -1 };
    left -= size;
    if (size < 0) complain(path, 'is a link that leads out of the folder');
    else if (size > bundleLimits.fileBytes || left < 0) complain(path, `too large: a file may have ${bundleLimits.fileBytes} bytes, all of them ${bundleLimits.bytes}`);
    else files.push({ path, text: utf8(await readFile(real), (why) => complain(path, why)) });
  }
  if (problems.length > 0) throw new BundleError(problems);
  return files;
};

const utf8 = (bytes: Buffer, complain: (why: string) => void): string => {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    complain('is no UTF-8');
    return '';
  }
};

/** Puts a bundle together and compiles it. Throws one BundleError: `file:line:column: reason` for every problem. */
export const parseBundle = (files: readonly BundleFile[]): ParsedBundle => {
  const { problems, complain } = collectProblems();
  const total = files.reduce((sum, { text }) => sum + text.length, 0);
  if (files.length > bundleLimits.files || total > bundleLimits.bytes) throw trouble('bundle', 'too many files or too much text');
  const documents = new Map<string, BundleDocument>();
  for (const { path, text } of [...files].sort((a, b) => (a.path < b.path ? -1 : 1))) {
    if (!belongs.test(path) || documents.has(path)) complain(path, 'has no place in a bundle, or is there twice');
    else if (!path.startsWith('tests/')) documents.set(path, readDocument(path, text, complain));
  }
  const main = documents.get('bundle.yaml');
  if (main === undefined) complain('bundle.yaml', 'is missing: it says version and permit');
  if (problems.length > 0) throw new BundleError(problems);
  const { spec, where } = assemble(documents, main!, complain);
  if (problems.length > 0) throw new BundleError(problems);
  try {
    const bundle = compileBundle(spec);
    const wrong = kindProblems(spec, bundle);
    if (wrong.length > 0) throw new BundleError(wrong);
    return { spec, bundle, tests: files.filter(({ path }) => path.startsWith('tests/')), where };
  } catch (error) {
    throw error instanceof BundleError ? placed(error.problems, where) : error;
  }
};

const apart: Readonly<Record<string, string>> = { parameters: 'parameters.yaml', rules: 'rules/*.yaml' };

const assemble = (documents: ReadonlyMap<string, BundleDocument>, main: BundleDocument, complain: Complain): { readonly spec: BundleSpec; readonly where: ParsedBundle['where'] } => {
  const rules: unknown[] = [];
  const origins: { readonly document: BundleDocument; readonly first: number }[] = [];
  for (const [path, document] of documents) {
    if (!path.startsWith('rules/')) continue;
    origins.push({ document, first: rules.length });
    if (Array.isArray(document.value)) rules.push(...document.value as unknown[]);
    else if (document.value !== null) complain(`${path}:1:1`, 'a list of rules is needed');
  }
  const head = (typeof main.value === 'object' && main.value !== null ? main.value : {}) as Record<string, unknown>;
  for (const field in apart) {
    const { file, line, column } = main.where(field);
    if (Object.hasOwn(head, field)) complain(`${file}:${line}:${column}`, `${field}: belongs into ${apart[field]}`);
  }
  const parameters = documents.get('parameters.yaml');
  const where: ParsedBundle['where'] = (path, offset) => {
    if (path === 'parameters' || path.startsWith('parameters.')) return parameters?.where(path.slice('parameters.'.length), offset);
    const rule = /^rules\[(\d+)\]\.?(.*)$/s.exec(path);
    if (rule === null) return main.where(path, offset);
    const from = origins.findLast(({ first }) => first <= Number(rule[1]));
    return from?.document.where(`[${Number(rule[1]) - from.first}]${rule[2] === '' ? '' : '.'}${rule[2]}`, offset);
  };
  return { spec: { ...head, ...(parameters !== undefined && { parameters: parameters.value ?? {} }), rules } as unknown as BundleSpec, where };
};

const placed = (problems: readonly Problem[], where: ParsedBundle['where']): BundleError => {
  const at = problems.map((problem) => ({ problem, place: where(problem.path, problem.offset) ?? { file: 'bundle.yaml', line: 1, column: 1 } }));
  at.sort((a, b) => (a.place.file === b.place.file ? a.place.line - b.place.line : a.place.file < b.place.file ? -1 : 1));
  const lines = new Map(at.map(({ problem, place }) => [problem, `${place.file}:${place.line}:${place.column}: ${saying(problem)}`]));
  return new BundleError(at.map(({ problem }) => problem), (problem) => lines.get(problem)!);
};

/** `rule mail.x: when: …`; the number of a rule in the whole bundle says nothing to anybody. */
const saying = ({ path, why, rule }: Problem): string => {
  const field = path.replace(/^rules\[\d+\]\.?/, '');
  return [...(rule === undefined ? [] : [`rule ${rule}`]), ...(field === '' ? [] : [field]), why].join(': ');
};

/** Reads and parses a bundle's folder. */
export const loadBundle = async (dir: string): Promise<ParsedBundle> => parseBundle(await readBundleFiles(dir));

/** What names a bundle's content: base64url SHA-256 of the canonical JSON of its files, sorted by path. */
export const bundleDigest = (files: readonly BundleFile[]): string =>
  sha256Text(canonicalJson(files.map(({ path, text }) => ({ path, text })).sort((a, b) => (a.path < b.path ? -1 : 1))));
