import type { EnrolledPerson, InvitePersonResponse } from '@countersign/contracts';
import { generateKey } from '@countersign/identity';
import type { Client } from './client.ts';
import { hasKey, keyOf, savePerson } from './local-people.ts';
import type { LocalPerson } from './local-people.ts';

/** The one-time code at the end of an enrolment link, or the text itself where it is no link. */
export const codeOf = (link: string): string => {
  if (!URL.canParse(link)) return link.trim();
  const url = new URL(link);
  return url.searchParams.get('code') ?? (url.hash.length > 1 ? new URLSearchParams(url.hash.slice(1)).get('code') ?? url.hash.slice(1) : url.pathname.split('/').at(-1) ?? '');
};

/**
 * Makes the person's key on this machine, binds it by the one-time code, and keeps it here. The private half goes nowhere.
 * Once two people are there to agree, the answer names the change request that lets them in.
 * Done again with the same code after a lost answer it is the same enrolment: the key is kept before it is sent.
 */
export const enrol = async (client: Client, localDir: string, code: string, about: LocalPerson): Promise<EnrolledPerson> => {
  const key = hasKey(localDir, about.person) ? keyOf(localDir, about.person) : generateKey(`${about.person.replaceAll('.', '_').slice(0, 62)}-1`);
  savePerson(localDir, about, key);
  const enrolled = await client.request<EnrolledPerson>('registry', 'POST', '/people/enrol', { code, key: key.publicJwk });
  savePerson(localDir, { person: enrolled.person, name: enrolled.name, roles: enrolled.roles }, key);
  return enrolled;
};

/** A one-time link for somebody; only an operator gets one. */
export const invite = (client: Client, about: LocalPerson): Promise<InvitePersonResponse> => client.request('registry', 'POST', '/people/invite', about);
