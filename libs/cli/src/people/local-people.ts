import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadKeyFile } from '@countersign/identity';
import type { SigningKey } from '@countersign/identity';
import { CannotRun } from '../errors.ts';

/** A person whose key lies on this machine: whoever holds the key file is that person. */
export interface LocalPerson { readonly person: string; readonly name: string; readonly roles: readonly string[] }

const dirOf = (localDir: string): string => join(localDir, 'people');
const keyFile = (localDir: string, person: string): string => join(dirOf(localDir), `${person}.key.json`);
const aboutFile = (localDir: string, person: string): string => join(dirOf(localDir), `${person}.json`);

export const personShape = /^[a-z0-9][a-z0-9._-]{0,127}$/;

/** Writes key and description; the key 0600, and never over another one. */
export const savePerson = (localDir: string, about: LocalPerson, key: SigningKey): void => {
  mkdirSync(dirOf(localDir), { recursive: true, mode: 0o700 });
  if (!existsSync(keyFile(localDir, about.person))) writeWhole(keyFile(localDir, about.person), JSON.stringify(key.privateJwk));
  writeWhole(aboutFile(localDir, about.person), JSON.stringify(about));
};

const writeWhole = (file: string, text: string): void => {
  const temporary = `${file}.${process.pid}`;
  writeFileSync(temporary, text, { mode: 0o600 });
  renameSync(temporary, file);
};

/** Everybody enrolled from this machine, by name. */
export const localPeople = (localDir: string): readonly LocalPerson[] => {
  if (!existsSync(dirOf(localDir))) return [];
  return readdirSync(dirOf(localDir)).filter((name) => name.endsWith('.json') && !name.endsWith('.key.json')).sort()
    .map((name) => JSON.parse(readFileSync(join(dirOf(localDir), name), 'utf8')) as LocalPerson)
    .filter(({ person }) => existsSync(keyFile(localDir, person)));
};

export const hasKey = (localDir: string, person: string): boolean => existsSync(keyFile(localDir, person));

/** The person's key; says who there is where there is none. */
export const keyOf = (localDir: string, person: string): SigningKey => {
  if (!personShape.test(person) || !hasKey(localDir, person)) {
    const there = localPeople(localDir).map((one) => one.person).join(', ');
    throw new CannotRun(`No key of "${person}" on this machine (${dirOf(localDir)}). ${there === '' ? 'Nobody is enrolled here: `npm start` enrols the demo people, `countersign people enrol` you.' : `There are: ${there}.`}`);
  }
  return loadKeyFile(keyFile(localDir, person));
};

/**
 * Who acts: the one named with --as, else the first local person with one of the roles and not excluded. Without a fitting one: CannotRun.
 * @param fitting roles of which one is needed; empty: anyone
 */
export const choose = (localDir: string, named: string | undefined, fitting: readonly string[], excluded: readonly string[] = []): { readonly person: string; readonly chosen: boolean } => {
  if (named !== undefined) return { person: named, chosen: false };
  const found = localPeople(localDir).find(({ person, roles }) => !excluded.includes(person) && (fitting.length === 0 || roles.some((role) => fitting.includes(role))));
  if (found === undefined) throw new CannotRun(`Nobody on this machine may do this (needs ${fitting.length === 0 ? 'an enrolled person' : `the role ${fitting.join(' or ')}`}${excluded.length > 0 ? `, and not ${excluded.join(', ')}` : ''}). Name somebody with --as.`);
  return { person: found.person, chosen: true };
};
