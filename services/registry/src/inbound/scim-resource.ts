import { scimPatch } from 'scim-patch';
import type { ScimPatchOperation } from 'scim-patch';
import { filter, parse } from 'scim2-parse-filter';
import type { Filter } from 'scim2-parse-filter';
import type { ScimAttributes, ScimUser } from '../app/scim.ts';

export const userSchema = 'urn:ietf:params:scim:schemas:core:2.0:User';

/** RFC 7644 section 3.12. */
export class ScimError extends Error {
  readonly status: number;
  readonly scimType: string | undefined;
  constructor(status: number, detail: string, scimType?: string) {
    super(detail);
    this.status = status;
    this.scimType = scimType;
  }
}

export const text = (value: unknown, most = 256): string | undefined => (typeof value === 'string' && value.trim() !== '' && value.length <= most && value.isWellFormed() ? value : undefined);
export const members = (value: unknown): Readonly<Record<string, unknown>> => (typeof value === 'object' && value !== null && !Array.isArray(value) ? value as Record<string, unknown> : {});
export const listed = (value: unknown, most: number): readonly unknown[] => (Array.isArray(value) ? value.slice(0, most) : []);

/** Entra writes booleans as texts; what is left out is active. */
export const isActive = (value: unknown): boolean => (typeof value === 'string' ? value.toLowerCase() !== 'false' : value !== false);

/** What is kept of a user as a provider sends it; other attributes are let go. */
export const attributesOf = (value: unknown): ScimAttributes => {
  const given = members(value);
  const userName = text(given['userName']);
  if (userName === undefined) throw new ScimError(400, 'userName is a text of 1 to 256 characters', 'invalidValue');
  const name = Object.fromEntries(['formatted', 'givenName', 'familyName'].flatMap((part) => { const found = text(members(given['name'])[part]); return found === undefined ? [] : [[part, found]]; }));
  const emails = listed(given['emails'], 20).flatMap((one) => { const at = text(members(one)['value']); const type = text(members(one)['type'], 64); return at === undefined ? [] : [{ value: at, ...(type !== undefined && { type }), ...(members(one)['primary'] === true && { primary: true }) }]; });
  const roles = listed(given['roles'], 64).flatMap((one) => text(typeof one === 'string' ? one : members(one)['value'], 128) ?? []);
  const externalId = text(given['externalId']), displayName = text(given['displayName'], 200);
  const active = isActive(given['active']);
  return { userName, ...(externalId !== undefined && { externalId }), ...(displayName !== undefined && { displayName }), active, ...(Object.keys(name).length > 0 && { name }), ...(emails.length > 0 && { emails }), ...(roles.length > 0 && { roles }) };
};

const etagOf = ({ version }: ScimUser): string => `W/"${version}"`;
export const resourceOf = (user: ScimUser, base: string) => ({
  schemas: [userSchema], id: user.id, ...user.attributes, ...(user.attributes.roles !== undefined && { roles: user.attributes.roles.map((value) => ({ value })) }),
  meta: { resourceType: 'User', created: new Date(user.createdAt).toISOString(), lastModified: new Date(user.changedAt).toISOString(), location: `${base}/Users/${encodeURIComponent(user.id)}`, version: etagOf(user) },
});

/** RFC 7644 section 3.5.2: up to 100 operations on attributes that are kept; those on others are let go. @param kept names at which a patch may reach: never one that all objects have */
export const patchedResource = (resource: object, body: unknown, schema: string, kept: RegExp): unknown => {
  const operations = members(body)['Operations'];
  if (!Array.isArray(operations) || operations.length === 0 || operations.length > 100) throw new ScimError(400, 'Operations holds 1 to 100 operations', 'invalidSyntax');
  const known = operations.map((one) => {
    const { op, path, value } = members(one);
    const kind = text(op, 16)?.toLowerCase();
    if (kind === undefined || !['add', 'replace', 'remove'].includes(kind)) throw new ScimError(400, 'op is add, replace or remove', 'invalidSyntax');
    if (path !== undefined && text(path, 512) === undefined) throw new ScimError(400, 'path is a text of up to 512 characters', 'invalidPath');
    return { op: kind, ...(path !== undefined && { path: (path as string).replace(`${schema}:`, '') }), value: typeof value === 'object' && value !== null && path === undefined ? Object.fromEntries(Object.entries(value).filter(([name]) => kept.test(name))) : value };
  }).filter(({ path }) => path === undefined || kept.test(path));
  try {
    return known.length === 0 ? resource : scimPatch(resource as never, known as unknown as ScimPatchOperation[]);
  } catch (error) {
    throw new ScimError(400, (error as Error).message.slice(0, 300), 'invalidPath');
  }
};

export const patched = (user: ScimUser, body: unknown): ScimAttributes => {
  const { roles, ...attributes } = structuredClone(user.attributes);
  return attributesOf(patchedResource({ schemas: [userSchema], meta: {}, ...attributes, ...(roles !== undefined && { roles: roles.map((value) => ({ value })) }) }, body, userSchema, kept));
};
const kept = /^(?:active|userName|externalId|displayName|name(?:\.(?:formatted|givenName|familyName))?|(?:emails|roles)(?:\[[^\]]{1,200}\](?:\.(?:value|type|primary))?)?)$/;

/** RFC 7644 section 3.4.2.2; userName without regard to case. */
export const matching = (query: string | undefined): ((resource: object) => boolean) => {
  if (query === undefined || query === '') return () => true;
  if (query.length > 1_000) throw new ScimError(400, 'the filter is longer than 1,000 characters', 'invalidFilter');
  try {
    const test = filter(caseless(parse(query)));
    return (resource) => test({ ...resource, userName: String((resource as { userName: string }).userName).toLowerCase() });
  } catch (error) {
    throw new ScimError(400, `the filter is not understood: ${(error as Error).message.slice(0, 200)}`, 'invalidFilter');
  }
};
const caseless = (one: Filter): Filter => {
  if ('filters' in one) return { ...one, filters: one.filters.map(caseless) };
  if ('filter' in one) return { ...one, filter: caseless(one.filter) };
  return 'compValue' in one && one.attrPath === 'userName' && typeof one.compValue === 'string' ? { ...one, compValue: one.compValue.toLowerCase() } : one;
};
