// Anything fetched is only ever run when its SHA-256 stands in a committed list.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';

/** `sha256  name` lines → Map of name to digest. */
export const readList = (file) => new Map(readFileSync(file, 'utf8').trim().split('\n').map((line) => line.trim().split(/\s+/).reverse()));

export const sha256 = (file) => createHash('sha256').update(readFileSync(file)).digest('hex');

/** What is wrong with the folder against the list: missing, changed, or a jar nobody listed. Empty = good. */
export function complaints(folder, list, suffix) {
  if (!existsSync(folder)) return ['nothing fetched yet'];
  const wrong = [];
  for (const [name, digest] of list) {
    const file = join(folder, name);
    if (!existsSync(file)) wrong.push(`${name} is missing`);
    else if (sha256(file) !== digest) wrong.push(`${name} is not the file we know (SHA-256 differs)`);
  }
  for (const name of readdirSync(folder)) if (name.endsWith(suffix) && !list.has(name)) wrong.push(`${name} is in no list`);
  return wrong;
}
