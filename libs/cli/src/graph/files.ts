import { glob, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { CannotRun } from '../errors.ts';
import type { SourceFile } from './documents.ts';

const mostFiles = 20_000, mostBytes = 64 * 2 ** 20;

/** The catalogue files that somebody named: a file, a folder (every catalog-info.yaml under it) or a pattern, in the order of their names. */
export const catalogueFiles = async (named: string): Promise<readonly SourceFile[]> => {
  const about = await stat(named).catch(() => undefined);
  const names: string[] = [];
  if (about?.isFile() === true) names.push(named);
  else {
    for await (const entry of glob(about?.isDirectory() === true ? join(named, '**/catalog-info.{yaml,yml}') : named, { withFileTypes: true, exclude: (entry) => entry.name === 'node_modules' || entry.name === '.git' })) {
      if (!entry.isFile()) continue;
      names.push(join(entry.parentPath, entry.name));
      if (names.length > mostFiles) throw new CannotRun(`${named} names more than ${mostFiles} files.`);
    }
  }
  if (names.length === 0) throw new CannotRun(about?.isDirectory() === true ? `There is no catalog-info.yaml under ${named}.` : `There is no file ${named}.`);
  const files: SourceFile[] = [];
  let bytes = 0;
  for (const name of names.sort()) {
    bytes += (await stat(name)).size;
    if (bytes > mostBytes) throw new CannotRun(`${named} has more than ${mostBytes / 2 ** 20} MiB of catalogue.`);
    files.push({ name, text: await readFile(name, 'utf8').catch((error: Error) => { throw new CannotRun(error.message); }) });
  }
  return files;
};
