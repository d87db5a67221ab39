import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import { CannotRun } from '../../errors.ts';
import { names } from './files.ts';

/** Writes an export into a folder that is new or empty: what stood there before could be taken for evidence. */
export const writeFolder = async (dir: string, files: ReadonlyMap<string, Uint8Array>): Promise<void> => {
  await mkdir(dir, { recursive: true, mode: 0o700 });
  if ((await readdir(dir)).length > 0) throw new CannotRun(`${dir} is not empty: name another folder.`);
  for (const [path, bytes] of files) {
    await mkdir(dirname(join(dir, path)), { recursive: true, mode: 0o700 });
    // What was said stands in it: for the exporter's eyes until they hand it over.
    await writeFile(join(dir, path), bytes, { mode: 0o600 });
  }
};

/** Whether a folder is an export of evidence, and not of a whole log. */
export const isEvidence = (dir: string): Promise<boolean> => readFile(join(dir, names.manifest)).then(() => true, () => false);

const mostFiles = 120_000;
const mostBytes = 2 ** 31;

/** Every file of an export. Symbolic links are refused: they could point at what was never exported. */
export const readFolder = async (dir: string): Promise<ReadonlyMap<string, Uint8Array>> => {
  const files = new Map<string, Uint8Array>();
  let bytes = 0;
  for (const found of await readdir(dir, { recursive: true, withFileTypes: true })) {
    if (found.isDirectory()) continue;
    const path = join(found.parentPath, found.name);
    if (!found.isFile()) throw new CannotRun(`${path} is no plain file.`);
    const content = await readFile(path);
    bytes += content.length;
    if (files.size >= mostFiles || bytes > mostBytes) throw new CannotRun(`${dir} holds more than an export does.`);
    files.set(relative(dir, path).split(sep).join('/'), content);
  }
  return files;
};
