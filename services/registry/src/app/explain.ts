import type { Json, PermissionsView } from '@countersign/contracts';
import { covers, coversResource } from '@countersign/kernel';
import type { AgentProfile } from '../core/agent.ts';
import { conditionsOf } from '../core/effective-permissions.ts';
import type { Effective, Held } from '../core/effective-permissions.ts';

type Holds = PermissionsView['held'][number];
type Tool = NonNullable<PermissionsView['tool']>;

/** What lets an agent do what it may. `roles`: those that are declared. */
export const heldOf = (profile: Pick<AgentProfile, 'permissions' | 'roles'>, roles: ReadonlyMap<string, { readonly permissions: readonly Held['permission'][] }>): { readonly held: readonly Holds[]; readonly grantsNothing: readonly string[] } => ({
  held: [
    ...(profile.permissions.length === 0 ? [] : [{ source: 'direct', tools: profile.permissions, holds: 'always' as const }]),
    ...[...new Set(profile.roles)].flatMap((role) => (roles.get(role)?.permissions ?? []).map((permission): Holds => ({
      source: `${role}/${permission.permission}`, tools: permission.tools, permission,
      holds: permission.requestable === true ? 'on_request' : permission.resources === undefined && permission.limits === undefined ? 'always' : 'scoped',
    }))),
  ],
  grantsNothing: profile.roles.filter((role) => !roles.has(role)),
});

/**
 * What lets the agent call one tool, or why nothing does. With arguments their paths are held against the permissions; facts, money and what a
 * run used are known to policy alone: it depends.
 */
export const answerFor = (held: readonly Holds[], effective: Effective, tool: string, args: Json | undefined, standing: { readonly status: string; readonly declared: boolean; readonly limits: string }): Tool => {
  if (!standing.declared) return { tool, answer: 'refused', because: [`${tool} is not in the catalogue`] };
  if (standing.status !== 'active') return { tool, answer: 'refused', because: [`the agent is ${standing.status}`] };
  const covering = held.filter((one) => one.tools.some((pattern) => covers(pattern, tool)));
  const always = covering.filter(({ holds }) => holds === 'always');
  if (always.length > 0 && effective.permissions.some((pattern) => covers(pattern, tool))) return { tool, answer: 'permitted', because: [...always.map(({ source, tools }) => `${source} covers it: ${tools.filter((pattern) => covers(pattern, tool)).join(', ')}`), standing.limits] };
  const scoped = covering.filter(({ holds }) => holds === 'scoped').map(({ source, permission }) => ({ source, conditions: conditionsOf(permission!), outside: args === undefined ? undefined : outsideOf(permission!, args) }));
  const possible = scoped.filter(({ outside }) => outside === undefined);
  if (possible.length > 0) return { tool, answer: 'depends', because: [...possible.map(({ source, conditions }) => `${source} covers it${conditions}`), ...scoped.filter(({ outside }) => outside !== undefined).map(({ source, outside }) => `${source} does not: ${outside}`), standing.limits] };
  const asked = covering.filter(({ holds }) => holds === 'on_request').map(({ source }) => `${source} may be asked for`);
  return { tool, answer: 'refused', because: [...scoped.map(({ source, outside }) => `${source} does not cover this call: ${outside}`), ...asked, ...(scoped.length + asked.length === 0 ? [`no permission covers ${tool}: it is denied`] : [])] };
};

const outsideOf = ({ resources = [] }: Held['permission'], args: Json): string | undefined => {
  for (const { fact, patterns } of resources) {
    if (!fact.startsWith('args.')) continue;
    let value: unknown = args;
    for (const step of fact.split('.').slice(1)) value = typeof value === 'object' && value !== null && Object.hasOwn(value, step) ? (value as Record<string, unknown>)[step] : undefined;
    const values = Array.isArray(value) ? value : [value];
    if (values.length === 0 || values.some((one) => one === undefined || one === null || typeof one === 'object' || !coversResource(patterns, String(one)))) return `${fact} is none of ${patterns.join(', ')}`.slice(0, 500);
  }
  return undefined;
};
