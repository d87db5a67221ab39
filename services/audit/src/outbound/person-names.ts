import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { createHmac, randomBytes } from 'node:crypto';
import { join } from 'node:path';

/** Which pseudonym is whose. What was forgotten cannot be found out again: the names are drawn, not computed. */
export interface PersonNames {
  /** The person's name in the log; drawn and durable before it is returned, where they have none. */
  readonly nameOf: (person: string) => string;
  /** From then on nobody knows whose it was, and the person gets another one where they come up again. */
  forget(name: string): void;
}

/** `who`: HMAC of the person, so that the file alone names nobody. */
interface Kept { readonly who: string; readonly name: string }

/**
 * In a file beside the data keys, outside the log's database and its backups. Written synchronously: a person who was never heard of is rare.
 * Of several lines of one person the first counts, so that two processes that meet somebody at the same time come to the same name.
 */
export const openPersonNames = (folder: string, secret: Uint8Array): PersonNames => {
  const path = join(folder, 'pseudonyms.jsonl');
  const whoIs = (person: string): string => createHmac('sha256', secret).update('countersign/pseudonym/v1\0').update(person).digest('base64url').slice(0, 22);
  let byWho = new Map<string, string>();
  /** @returns whether the last line is whole */
  const load = (): boolean => {
    let text = '';
    try { text = readFileSync(path, 'utf8'); } catch (error) { if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error; }
    byWho = new Map();
    // A line that a crash cut off was never used.
    for (const line of text.slice(0, text.lastIndexOf('\n') + 1).split('\n')) {
      if (!line) continue;
      const { who, name } = JSON.parse(line) as Kept;
      if (!byWho.has(who)) byWho.set(who, name);
    }
    return text === '' || text.endsWith('\n');
  };
  const write = (file: string, flags: string, kept: Iterable<Kept>): void => {
    const handle = openSync(file, flags, 0o600);
    try {
      writeSync(handle, [...kept].map((one) => `${JSON.stringify(one)}\n`).join(''));
      fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
  };
  const rewrite = (): void => {
    write(`${path}.new`, 'w', [...byWho].map(([who, name]) => ({ who, name })));
    renameSync(`${path}.new`, path);
  };
  // So that the next line stands alone.
  if (!load()) rewrite();
  return {
    nameOf: (person) => {
      const who = whoIs(person);
      const known = byWho.get(who);
      if (known !== undefined) return known;
      write(path, 'a', [{ who, name: `p-${randomBytes(16).toString('base64url')}` }]);
      load();
      return byWho.get(who)!;
    },
    forget: (name) => {
      load();
      for (const [who, known] of byWho) if (known === name) byWho.delete(who);
      rewrite();
    },
  };
};
