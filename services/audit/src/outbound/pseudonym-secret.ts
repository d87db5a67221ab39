import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** The secret of this tenant's pseudonyms, made at the first start. Kept with the keys and not with the log: a copy of the database alone names nobody. */
export const pseudonymSecret = async (folder: string): Promise<Buffer> => {
  const path = join(folder, 'audit-pseudonyms');
  await writeFile(path, randomBytes(32).toString('base64url'), { mode: 0o600, flag: 'wx' }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });
  const secret = Buffer.from(await readFile(path, 'utf8'), 'base64url');
  if (secret.length !== 32) throw new Error(`${path} does not hold 32 bytes. Restore it from where the keys are kept: a new one would give everybody another name in the log.`);
  return secret;
};
