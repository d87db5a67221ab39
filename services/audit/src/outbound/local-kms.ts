import { createCipheriv, createDecipheriv, createSecretKey, hash, randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { KeyManagement } from '../app/keys.ts';

/** Stands in for a key management service where there is none: the wrapping key in a file of its own (0600), made at the first start. Whoever reads that file reads everything. */
export const openLocalKms = async (folder: string): Promise<KeyManagement> => {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const path = join(folder, 'wrapping-key');
  await writeFile(path, randomBytes(32).toString('base64url'), { mode: 0o600, flag: 'wx' }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });
  const key = Buffer.from(await readFile(path, 'utf8'), 'base64url');
  if (key.length !== 32) throw new Error(`${path} does not hold 32 bytes. Restore it: without it no payload can be read.`);
  const secret = createSecretKey(key);
  return {
    keyId: hash('sha256', key, 'base64url').slice(0, 8),
    wrap: async (plain) => {
      const iv = randomBytes(12);
      const cipher = createCipheriv('aes-256-gcm', secret, iv);
      return Buffer.concat([iv, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
    },
    unwrap: async (wrapped) => {
      const bytes = Buffer.from(wrapped);
      const decipher = createDecipheriv('aes-256-gcm', secret, bytes.subarray(0, 12));
      decipher.setAuthTag(bytes.subarray(-16));
      return Buffer.concat([decipher.update(bytes.subarray(12, -16)), decipher.final()]);
    },
  };
};
