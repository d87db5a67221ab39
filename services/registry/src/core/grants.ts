import { covers, within } from '@countersign/kernel';
import type { GrantorDefinition, RoleDefinition, TemplateDefinition } from '@countersign/contracts';
import { effectiveOf, moreThan } from './effective-permissions.ts';
import type { Effective } from './effective-permissions.ts';
import { largerLimits, limitsText } from './limits.ts';
import type { Limits } from './limits.ts';

/** Within what an agent acts that has what is given. */
export interface Frame { readonly ceiling: 0 | 1 | 2; readonly environments: readonly string[]; readonly limits: Limits; readonly runtimeTrusted: boolean }
/** What is given, as its giver is held to it, and the frames of all into whose hands it comes. */
export interface Given { readonly roles: readonly string[]; readonly permissions: readonly string[]; readonly frames: readonly Frame[] }
/** What of an agent, or of a template, says within what it acts. */
type Framed = Omit<Frame, 'environments' | 'runtimeTrusted'> & { readonly environment: string; readonly runtimeTrusted?: boolean };

export const frameOf = ({ ceiling, environment, limits, runtimeTrusted = false }: Framed): Frame => ({ ceiling, environments: [environment], limits, runtimeTrusted });
/** What an agent is given who is like this. */
export const givenTo = (agent: Framed & { readonly roles: readonly string[]; readonly permissions?: readonly string[] }): Given => ({ roles: agent.roles, permissions: agent.permissions ?? [], frames: [frameOf(agent)] });

/** Roles of people that may give anything while nobody declared a bound for them. */
const unbounded: readonly string[] = ['operator', 'policy-reviewer'];
/** The bound of a role that nobody declared one for. */
const nothing: Required<GrantorDefinition> = { roles: [], tools: [], ceiling: 0 as 1, environments: [], limits: { calls: 0, money: { minor: 0, currency: 'XXX' } }, runtimeTrusted: false };
/** One declared before there were frames lets nothing be given until it says within which. */
const whole = (bound: GrantorDefinition): GrantorDefinition => ({ ...nothing, ...bound });

/** The bounds of a person by all their roles; null: none. */
export const boundsOf = (personRoles: readonly string[], grantors: ReadonlyMap<string, GrantorDefinition>): readonly GrantorDefinition[] | null =>
  (personRoles.some((role) => unbounded.includes(role) && !grantors.has(role)) ? null : personRoles.flatMap((role) => { const bound = grantors.get(role); return bound === undefined ? [] : [whole(bound)]; }));

/** In which ways agents would act beyond what a bound lets them, in words. */
const beyondFrame = ({ ceiling, environments, limits, runtimeTrusted }: Frame, bound: GrantorDefinition): readonly string[] => [
  ...(ceiling > bound.ceiling ? [`ceiling ${ceiling}`] : []),
  ...environments.filter((environment) => !within(environment, bound.environments)).map((environment) => `environment ${environment}`),
  ...(largerLimits(limits, bound.limits).length > 0 ? [`limits of ${limitsText(limits)}`] : []),
  ...(runtimeTrusted && !bound.runtimeTrusted ? ['a trusted runtime'] : []),
];

/**
 * What of the given is more than its giver may give, in words; empty where all of it is theirs to give. Roles by name, or by all that they hold.
 * Only bounds that let agents act within the whole frame lend roles and tools: payments of one bound are not given in the production of another.
 */
export const excess = ({ frames, ...given }: Given, bounds: readonly GrantorDefinition[] | null, roles: ReadonlyMap<string, RoleDefinition>): readonly string[] =>
  (bounds === null ? [] : [...new Set((frames.length === 0 ? [null] : frames).flatMap((frame) => excessWithin(frame, given, bounds, roles)))]);

const excessWithin = (frame: Frame | null, given: Omit<Given, 'frames'>, bounds: readonly GrantorDefinition[], roles: ReadonlyMap<string, RoleDefinition>): readonly string[] => {
  const framed = (bounds.length === 0 ? [nothing] : bounds).map((bound) => ({ bound, beyond: frame === null ? [] : beyondFrame(frame, bound) }));
  const nearest = framed.reduce((a, b) => (b.beyond.length < a.beyond.length ? b : a)).beyond;
  const lending = framed.filter(({ beyond }) => beyond.length === nearest.length).map(({ bound }) => bound);
  const names = lending.flatMap((bound) => bound.roles), tools = lending.flatMap((bound) => bound.tools);
  const over: string[] = [];
  for (const role of given.roles) {
    if (names.some((pattern) => covers(pattern, role))) continue;
    const beyond = (roles.get(role)?.permissions ?? []).flatMap((permission) => permission.tools).filter((tool) => !within(tool, tools));
    if (beyond.length > 0 || !roles.has(role)) over.push(`role ${role}${beyond.length > 0 ? ` (${[...new Set(beyond)].join(', ')})` : ''}`);
  }
  for (const tool of given.permissions) if (!within(tool, tools)) over.push(`tool ${tool}`);
  return [...over, ...nearest];
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
  if (largerLimits(after.limits, before.limits).length > 0) ways.push('agents have larger limits');
  if (before.fields.some((field) => !after.fields.includes(field))) ways.push('fewer fields have to be filled in');
  return ways;
};

/** A first bound lets its people give what nobody let them give before; that of a role that could give anything says so too, for it is how the company gives from then on. */
export const grantorWidens = (role: string, declared: GrantorDefinition | undefined, after: GrantorDefinition): readonly string[] => {
  const before = declared === undefined ? nothing : whole(declared);
  const ways = [
    ...after.roles.filter((one) => !within(one, before.roles)).map((one) => `may give roles ${one}`), ...after.tools.filter((tool) => !within(tool, before.tools)).map((tool) => `may give tools ${tool}`),
    ...beyondFrame(after, before).map((way) => `may give ${way}`),
  ];
  if (declared !== undefined) return ways;
  return unbounded.includes(role) ? [`people with the role ${role} may no longer give anything, but this alone`, ...ways] : ways;
};
