import type { Encodings } from '@countersign/tamper-log';
import { createHash } from 'node:crypto';

/** What tamper-log needs of the platform. */
export const encodings: Encodings = {
  sha256: (...parts) => {
    const hash = createHash('sha256');
    for (const part of parts) hash.update(part);
    return hash.digest();
  },
  utf8: (text) => Buffer.from(text),
  toBase64: (bytes) => Buffer.from(bytes).toString('base64'),
  fromBase64: (text) => {
    const bytes = Buffer.from(text, 'base64');
    return bytes.toString('base64') === text ? bytes : undefined;
  },
};
