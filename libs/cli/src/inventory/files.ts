import { readFile, stat } from 'node:fs/promises';
import { CannotRun } from '../errors.ts';
import { decoded } from './csv-table.ts';
import { fromCsv, mapOf } from './csv.ts';
import { fromEntra } from './entra.ts';
import { isMembers, mostBytes, mostRows } from './found.ts';
import type { Fault, Found, Reading } from './found.ts';
import { fromGoogle } from './google.ts';
import { fromKeycloak } from './keycloak.ts';
import { fromOkta } from './okta.ts';

export const sources = ['csv', 'entra', 'okta', 'google', 'keycloak'] as const;
export type Source = (typeof sources)[number];

/** Reads one export. @param from undefined: told from what stands in it @throws CannotRun where it is none */
export const readExport = async (path: string, from: string | undefined, map: string | undefined): Promise<Reading> => {
  const size = await stat(path).then((found) => found.size, (error: Error) => { throw new CannotRun(error.message); });
  if (size > mostBytes) throw new CannotRun(`${path} has more than ${mostBytes / 1024 / 1024} MB: split it.`);
  if (from !== undefined && !sources.includes(from as Source)) throw new CannotRun(`--from ${JSON.stringify(from)} is none of ${sources.join(', ')}.`);
  const bytes = await readFile(path);
  const { text } = decoded(bytes);
  if (from === 'csv' || (from === undefined && !/^\uFEFF?\s*[[{]/.test(text))) return fromCsv(bytes, map === undefined ? undefined : mapOf(map));
  return fromJson(text, from as Exclude<Source, 'csv'> | undefined, path);
};

const fromJson = (text: string, from: Exclude<Source, 'csv'> | undefined, path: string): Reading => {
  let value: unknown;
  try {
    value = JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch (error) {
    throw new CannotRun(`${path} is no JSON: ${(error as Error).message}. Export it again; a CSV is taken too.`);
  }
  const { all, at } = listIn(value);
  if (all === undefined || all.length === 0) throw new CannotRun(`${path} holds no list of apps, service accounts or keys: give the answer of the provider's list call as it is.`);
  if (all.length > mostRows) throw new CannotRun(`${path} has more than ${mostRows.toLocaleString('en')} entries: split it.`);
  const objects = all.map((one) => (isMembers(one) ? one : {}));
  const source = from ?? objects.map(sourceOf).find((one) => one !== undefined);
  if (source === undefined) throw new CannotRun(`${path} looks like no export that is known here: say which with --from entra|okta|google|keycloak.`);
  const placeOf = (n: number): string => `${at}[${n}]`;
  const read = { entra: fromEntra, okta: fromOkta, keycloak: fromKeycloak };
  const found = source === 'google' ? fromGoogle(objects, placeOf) : objects.map((one, n) => read[source](one, placeOf(n)));
  return sorted(found, source);
};

/** What Graph, Okta, gcloud and Keycloak call their lists. */
const listIn = (value: unknown): { readonly all: readonly unknown[] | undefined; readonly at: string } => {
  if (Array.isArray(value)) return { all: value, at: '' };
  for (const name of ['value', 'keys', 'accounts', 'clients', 'items']) if (isMembers(value) && Array.isArray(value[name])) return { all: value[name], at: name };
  return { all: undefined, at: '' };
};

const sourceOf = (one: Readonly<Record<string, unknown>>): Exclude<Source, 'csv'> | undefined => {
  if ('passwordCredentials' in one || 'keyCredentials' in one || 'servicePrincipalType' in one) return 'entra';
  if ('signOnMode' in one || (isMembers(one['credentials']) && 'oauthClient' in one['credentials'])) return 'okta';
  if ('validAfterTime' in one || 'oauth2ClientId' in one) return 'google';
  return 'clientId' in one && ('clientAuthenticatorType' in one || 'publicClient' in one) ? 'keycloak' : undefined;
};

/** Entries without an id or a name cannot be drafts; they are named. */
const sorted = (all: readonly Found[], source: string): Reading => {
  const faults: Fault[] = [];
  const found = all.filter(({ row, place }) => {
    if (row.externalId !== '' && row.name !== '') return true;
    faults.push({ line: null, column: place, why: `it has no ${row.externalId === '' ? 'id' : 'name'}`, remedy: `Export it from ${source} with ids and names.` });
    return false;
  });
  return { found, faults, notes: [] };
};
