import { covers, within } from '@countersign/kernel';
import type { GrantorDefinition, RoleDefinition, TemplateDefinition } from '@countersign/contracts';
import { effectiveOf, moreThan } from './effective-permissions.ts';
import type { Effective } from './effective-permissions.ts';

/** What is given to an agent, as its giver is held to it. */
export interface Given { readonly roles: readonly string[]; readonly permissions: readonly string[]; readonly ceiling: 1 | 2 }

/** Roles of people that may give anything while nobody declared a bound for them. */
const unbounded: readonly string[] = ['operator', 'policy-reviewer'];

/** The bounds of a person by all their roles; null: none. */
export const boundsOf = (personRoles: readonly string[], grantors: ReadonlyMap<string, GrantorDefinition>): readonly GrantorDefinition[] | null =>
  (personRoles.some((role) => unbounded.includes(role) && !grantors.has(role)) ? null : personRoles.flatMap((role) => grantors.get(role) ?? []));

/** What of the given is more than its giver may give, in words; empty where all of it is theirs to give. Roles by name, or by all that they hold. */
export const excess = (given: Given, bounds: readonly GrantorDefinition[] | null, roles: ReadonlyMap<string, RoleDefinition>): readonly string[] => {
  if (bounds === null) return [];
  const names = bounds.flatMap((bound) => bound.roles), tools = bounds.flatMap((bound) => bound.tools);
  const over: string[] = [];
  for (const role of given.roles) {
    if (names.some((pattern) => covers(pattern, role))) continue;
    const beyond = (roles.get(role)?.permissions ?? []).flatMap((permission) => permission.tools).filter((tool) => !within(tool, tools));
    if (beyond.length > 0 || !roles.has(role)) over.push(`role ${role}${beyond.length > 0 ? ` (${[...new Set(beyond)].join(', ')})` : ''}`);
  }
  for (const tool of given.permissions) if (!within(tool, tools)) over.push(`tool ${tool}`);
  const ceiling = Math.max(0, ...bounds.map((bound) => bound.ceiling));
  if (given.ceiling > ceiling) over.push(`ceiling ${given.ceiling}`);
  return over;
};

const nobody: Effective = { permissions: [] };
const holding = (role: string, definition: RoleDefinition | undefined): Effective => (definition === undefined ? nobody : effectiveOf({ permissions: [], roles: [role] }, new Map([[role, definition]])));

/** A role that nobody has gives nothing yet: only who has it is given more. */
export const roleWidens = (role: string, before: RoleDefinition | undefined, after: RoleDefinition, usedBy: readonly string[]): readonly string[] =>
  (usedBy.length === 0 ? [] : moreThan(holding(role, before), holding(role, after)));

/** The first declaration gives nothing that its grantors could not give; a later one may. */
export const templateWidens = (before: TemplateDefinition | undefined, after: TemplateDefinition): readonly string[] => {
  if (before === undefined) return [];
  const ways = after.roles.filter((role) => !before.roles.includes(role)).map((role) => `agents get the role ${role}`);
  if (after.ceiling > before.ceiling) ways.push(`agents act alone up to tier ${after.ceiling}`);
  if (after.environment !== before.environment) ways.push(`agents act in ${after.environment}`);
  const { money } = before.limits;
  if (after.limits.calls > before.limits.calls || (money !== null && (after.limits.money === null || after.limits.money.currency !== money.currency || after.limits.money.minor > money.minor))) ways.push('agents have larger limits');
  if (before.fields.some((field) => !after.fields.includes(field))) ways.push('fewer fields have to be filled in');
  return ways;
};

export const grantorWidens = (before: GrantorDefinition | undefined, after: GrantorDefinition): readonly string[] => {
  if (before === undefined) return [];
  const ways = [...after.roles.filter((role) => !within(role, before.roles)).map((role) => `may give roles ${role}`), ...after.tools.filter((tool) => !within(tool, before.tools)).map((tool) => `may give tools ${tool}`)];
  return after.ceiling > before.ceiling ? [...ways, `may give the ceiling ${after.ceiling}`] : ways;
};
