import type { BundleStatusView, BundleVersionView, PeopleList } from '@countersign/contracts';
import { unpackBundle } from '@countersign/policy/inbound/bundle-archive';
import { parseBundle } from '@countersign/policy/inbound/bundle-files';
import { CannotRun } from '../errors.ts';
import { Refused } from './client.ts';
import type { Client } from './client.ts';

/** Roles that Countersign itself asks for, whatever the rules say. */
const ours = ['operator', 'supervisor', 'senior', 'approver', 'reviewer', 'analyst', 'policy-author', 'policy-reviewer'];

/** Roles of people that mean something here: Countersign's own, those that somebody has or may give by, and those that the rules in force ask. `whole`: the rules could be read. */
export const knownRoles = async (client: Client): Promise<{ readonly roles: ReadonlySet<string>; readonly whole: boolean }> => {
  const [{ people }, { grantors }] = await Promise.all([client.request<PeopleList>('registry', 'GET', '/people'), client.request<{ readonly grantors: readonly { readonly grantor: string }[] }>('registry', 'GET', '/grantors')]);
  const asked = await rolesInForce(client);
  return { roles: new Set([...ours, ...people.flatMap((one) => one.roles), ...grantors.map(({ grantor }) => grantor), ...asked ?? []]), whole: asked !== null };
};

const rolesInForce = async (client: Client): Promise<readonly string[] | null> => {
  try {
    const { active } = await client.request<BundleStatusView>('policy', 'GET', '/policy/bundles');
    const { archive } = await client.request<BundleVersionView>('policy', 'GET', `/policy/bundles/${encodeURIComponent(active.version)}`);
    return archive === null ? null : [...named(parseBundle(unpackBundle(archive)).bundle)];
  } catch (error) {
    if (error instanceof Refused || error instanceof CannotRun) return null;
    throw error;
  }
};

/** Every role that stands where rules name people: in a route, or under roles. */
const named = (value: unknown, key = ''): ReadonlySet<string> => {
  if (typeof value === 'string') return new Set(/^(?:route|routes|roles|role|notify)$/.test(key) ? [value] : []);
  if (typeof value !== 'object' || value === null) return new Set();
  return new Set(Object.entries(value).flatMap(([name, inner]) => [...named(inner, Array.isArray(value) ? key : name)]));
};
