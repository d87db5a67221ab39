import { createTurns } from '@countersign/kernel';
import { randomBytes } from 'node:crypto';
import { open, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { DataKey, KeyManagement, Subject, SubjectKeys } from '../app/keys.ts';
import { freshKey } from './seal.ts';

/** One line of the file. `persons` are pseudonyms; a later line of the same id replaces an earlier one. */
interface Kept { readonly id: string; readonly tenant: string; readonly subject: string; readonly persons: readonly string[]; readonly kek: string; readonly wrapped: string }

interface Ask { readonly subjects: readonly Subject[]; readonly resolve: (keys: readonly DataKey[]) => void; readonly reject: (error: unknown) => void }

const mostOpen = 10_000;
const nameOf = (tenant: string, subject: string): string => `${tenant}\0${subject}`;

/**
 * Wrapped data keys in a file of their own, outside the log's database and its backups. Lines are appended and synced; destroying rewrites the file
 * without the key, so keep no old copies of it: an old copy together with the wrapping key is the erased data again.
 */
export const openFileKeys = async (folder: string, kms: KeyManagement): Promise<SubjectKeys> => {
  const path = join(folder, 'data-keys.jsonl');
  const byId = new Map<string, Kept>();
  const bySubject = new Map<string, string>();
  const opened = new Map<string, Uint8Array>();
  const inTurn = createTurns();
  const remember = (kept: Kept): void => {
    byId.set(kept.id, kept);
    bySubject.set(nameOf(kept.tenant, kept.subject), kept.id);
  };
  const load = async (): Promise<void> => {
    const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => { if (error.code === 'ENOENT') return ''; throw error; });
    byId.clear();
    bySubject.clear();
    // A line that a crash cut off was never used: its key was not durable.
    for (const line of text.slice(0, text.lastIndexOf('\n') + 1).split('\n')) if (line) remember(JSON.parse(line) as Kept);
  };
  const write = async (file: string, flags: string, text: string): Promise<void> => {
    const handle = await open(file, flags, 0o600);
    try {
      await handle.writeFile(text);
      await handle.datasync();
    } finally {
      await handle.close();
    }
  };
  const keep = (id: string, key: Uint8Array): Uint8Array => {
    if (opened.size >= mostOpen) opened.clear();
    opened.set(id, key);
    return key;
  };
  const unwrap = async (kept: Kept): Promise<Uint8Array> => {
    const known = opened.get(kept.id);
    if (known !== undefined) return known;
    if (kept.kek !== kms.keyId) throw new Error(`a data key is wrapped by ${kept.kek}, and ${kms.keyId} is in use: give audit the wrapping key back that it was written under.`);
    return keep(kept.id, await kms.unwrap(Buffer.from(kept.wrapped, 'base64url')));
  };

  /** Lines to append for this subject: a new key, or a person who was not known for it. */
  const lineFor = async ({ tenant, subject, person }: Subject): Promise<Kept | undefined> => {
    const known = byId.get(bySubject.get(nameOf(tenant, subject)) ?? '');
    if (known) return person === null || known.persons.includes(person) ? undefined : { ...known, persons: [...known.persons, person] };
    const key = freshKey();
    const kept: Kept = { id: randomBytes(12).toString('base64url'), tenant, subject, persons: person === null ? [] : [person], kek: kms.keyId, wrapped: Buffer.from(await kms.wrap(key)).toString('base64url') };
    keep(kept.id, key);
    return kept;
  };

  await load();
  // Ends a line that a crash cut off, so that the next one stands alone.
  if (byId.size > 0 || await readFile(path).then((bytes) => bytes.length > 0, () => false)) await write(`${path}.new`, 'w', [...byId.values()].map((one) => `${JSON.stringify(one)}\n`).join('')).then(() => rename(`${path}.new`, path));
  let asked: Ask[] = [];
  const linesFor = async (subjects: readonly Subject[], fresh: Kept[]): Promise<void> => {
    for (const subject of new Map(subjects.map((one) => [`${nameOf(one.tenant, one.subject)}\0${one.person}`, one])).values()) {
      const line = await lineFor(subject);
      if (!line) continue;
      fresh.push(line);
      remember(line);
    }
  };
  const keysOf = async (subjects: readonly Subject[]): Promise<readonly DataKey[]> => {
    const keys: DataKey[] = [];
    for (const { tenant, subject } of subjects) {
      const kept = byId.get(bySubject.get(nameOf(tenant, subject))!)!;
      keys.push({ id: kept.id, key: await unwrap(kept) });
    }
    return keys;
  };
  /** Answers all who have asked by now: what is new is synced once for all of them. Who cannot be answered holds up nobody else. */
  const answer = async (): Promise<void> => {
    const fresh: Kept[] = [], readable: Ask[] = [];
    const asking = asked;
    asked = [];
    for (const ask of asking) await linesFor(ask.subjects, fresh).then(() => readable.push(ask), ask.reject);
    try {
      // Also what was made for somebody before it failed: from now on it is known. What could not be made durable is not: the file is read again.
      if (fresh.length > 0) await write(path, 'a', fresh.map((line) => `${JSON.stringify(line)}\n`).join('')).catch(async (error: unknown) => { await load(); throw error; });
    } catch (error) {
      for (const ask of readable) ask.reject(error);
      return;
    }
    for (const ask of readable) await keysOf(ask.subjects).then(ask.resolve, ask.reject);
  };

  return {
    keysFor: (subjects) => new Promise((resolve, reject) => {
      asked.push({ subjects, resolve, reject });
      if (asked.length === 1) void inTurn(answer);
    }),
    open: async (id) => {
      const kept = byId.get(id);
      return kept && unwrap(kept);
    },
    find: async (tenant, whose) => [...byId.values()]
      .filter((one) => one.tenant === tenant && ('subjects' in whose ? whose.subjects.includes(one.subject) : one.persons.includes(whose.person) || one.subject === `person:${whose.person}`))
      .map(({ id, subject, persons }) => ({ id, subject, persons })),
    destroy: (ids) => inTurn(async () => {
      for (const id of ids) {
        const kept = byId.get(id);
        if (!kept) continue;
        byId.delete(id);
        if (bySubject.get(nameOf(kept.tenant, kept.subject)) === id) bySubject.delete(nameOf(kept.tenant, kept.subject));
        opened.delete(id);
      }
      await write(`${path}.new`, 'w', [...byId.values()].map((one) => `${JSON.stringify(one)}\n`).join(''));
      await rename(`${path}.new`, path);
    }),
  };
};
