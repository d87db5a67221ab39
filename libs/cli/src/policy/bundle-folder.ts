import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { ParseArgsOptionsConfig } from 'node:util';
import { withBuiltIns } from '@countersign/policy/checks/catalogue';
import type { Catalogue } from '@countersign/policy/checks/types';
import { loadBundle } from '@countersign/policy/inbound/bundle-files';
import type { ParsedBundle } from '@countersign/policy/inbound/bundle-files';
import { CannotRun } from '../errors.ts';

/** Arguments of a policy subcommand; what does not fit is a usage error. */
export const policyArgs = <T extends ParseArgsOptionsConfig>(args: readonly string[], options: T) => {
  try {
    return parseArgs({ args: [...args], allowPositionals: true, options: { ...options, json: { type: 'boolean' } } });
  } catch (error) {
    throw new CannotRun((error as Error).message);
  }
};

/** Reads a bundle's folder; what is wrong with it is said with file and line. */
export const bundleIn = async (dir: string): Promise<ParsedBundle> => {
  try {
    return await loadBundle(dir);
  } catch (error) {
    throw new CannotRun(`${dir} is no bundle that can be used:\n${(error as Error).message}`);
  }
};

/** The tools that a bundle's rules are about: the named file, else tools.json in the bundle's folder. */
export const catalogueFor = async (dir: string, file: string | undefined): Promise<Catalogue> => {
  const path = file ?? join(dir, 'tools.json');
  try {
    const value = JSON.parse(await readFile(path, 'utf8')) as unknown;
    if (!Array.isArray(value)) throw new Error('a list of tools is needed');
    return withBuiltIns(value as Catalogue);
  } catch (error) {
    throw new CannotRun(`The tools' catalogue cannot be read from ${path}: ${(error as Error).message}. Name it with --catalogue FILE.`);
  }
};
