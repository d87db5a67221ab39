import type { AgentChange, ChangeView, GrantorDefinition, PersonChange, ProcessDefinition, RoleDefinition, TemplateDefinition } from '@countersign/contracts';
import { covers, refused } from '@countersign/kernel';
import type { Refused } from '@countersign/kernel';
import { changeableOf, changedIn, heldBy, widening } from '../core/agent-change.ts';
import type { Approved } from '../core/agent-change.ts';
import { conditionsOf, effectiveOf } from '../core/effective-permissions.ts';
import type { Effective } from '../core/effective-permissions.ts';
import { frameOf, givenTo, grantorWidens, roleWidens, templateWidens } from '../core/grants.ts';
import type { Given } from '../core/grants.ts';
import type { Streams } from './permission-streams.ts';
import type { PermissionBook } from './permission-ports.ts';
import { processPlan } from './process-plan.ts';
import { personPlan } from './person-plan.ts';
import { diffOf, shown } from './plan-shown.ts';
import type { Inventory } from './ports.ts';
import type { Part } from './together.ts';

export type Wanted =
  | { readonly kind: 'agent'; readonly id: string; readonly after: AgentChange } | { readonly kind: 'role'; readonly id: string; readonly after: RoleDefinition }
  | { readonly kind: 'template'; readonly id: string; readonly after: TemplateDefinition } | { readonly kind: 'grantor'; readonly id: string; readonly after: GrantorDefinition }
  | { readonly kind: 'process'; readonly id: string; readonly after: ProcessDefinition }
  | { readonly kind: 'person'; readonly id: string; readonly after: PersonChange };
/** What people ask for and a second one signs; who answers in a process is said by whoever may. */
export type Requested = Exclude<Wanted, { kind: 'process' }>;
/** What is declared, not somebody or something that is there. */
export type Declaring = Exclude<Wanted, { kind: 'agent' | 'person' }>;

/** A change worked out against everything as it is now. `parts`: what does it, all of it or nothing. */
export interface Plan extends Pick<ChangeView, 'base' | 'diff' | 'widens' | 'allows'> {
  /** Digest of everything it comes to. */
  readonly digest: string;
  readonly owner: string | null;
  readonly given: Given;
  readonly parts: (approved: Approved | null, reason: string, by: string, now: number) => readonly Part[];
}

export interface PlanDeps { readonly streams: Streams; readonly book: PermissionBook; readonly inventory: Inventory; readonly digest: (value: unknown) => string }

export const declaredRoles = async (book: PermissionBook): Promise<Map<string, RoleDefinition>> => new Map((await book.declared('role')).map(({ id, definition }) => [id, definition]));

/** What a change of one subject is and does; refused where it names what there is not. */
export const planOf = async (deps: PlanDeps, wanted: Wanted): Promise<Plan | Refused<'not_found' | 'unknown_role' | 'invalid_request' | 'conflict' | 'raci_gaps'>> => {
  if (wanted.kind === 'person') return personPlan(deps, wanted.id, wanted.after);
  if (wanted.kind === 'process') return processPlan(deps, wanted.id, wanted.after);
  const roles = await declaredRoles(deps.book);
  const tools = (await deps.inventory.tools()).map(({ tool }) => tool);
  return wanted.kind === 'agent' ? agentPlan(deps, wanted.id, wanted.after, roles, tools) : wanted.kind === 'role' ? rolePlan(deps, wanted.id, wanted.after, roles, tools) : boundPlan(deps, wanted, roles);
};

const agentPlan = async ({ streams, digest }: PlanDeps, id: string, after: AgentChange, roles: ReadonlyMap<string, RoleDefinition>, tools: readonly string[]) => {
  const agent = await streams.agent(id);
  if (agent.status === 'none') return refused('not_found', `there is no agent ${id}`);
  const { profile } = agent;
  const changed = changedIn(profile, after);
  if (changed.length === 0) return refused('invalid_request', `${id} is like that already`);
  const unknown = (after.roles ?? []).filter((role) => !profile.roles.includes(role) && !roles.has(role));
  if (unknown.length > 0) return refused('unknown_role', `no role ${unknown.join(', ')}`);
  const before = heldBy(agent), was = changeableOf(profile);
  const effective = effectiveOf({ permissions: after.permissions ?? profile.permissions, roles: after.roles ?? profile.roles }, roles);
  const base = digest({ ...was, effective: before });
  return {
    ...shown(digest, {
      subject: { kind: 'agent', id }, base, after: after as ChangeView['after'], diff: diffOf({ ...was, effective: before }, { ...was, ...after, effective }, digest),
      widens: widening(profile, before, after, effective), allows: newlyAllowed(before, effective, tools),
    }),
    owner: profile.owner,
    // The whole of what it will be: another environment, or larger limits, is given together with all that it may do there.
    given: givenTo({ ...profile, ...after }),
    parts: (approved, reason, by, now) => [streams.agentPart(id, { type: 'change', change: after, effective, approved, reason, by, now }, by)],
  } satisfies Plan;
};

const rolePlan = async ({ streams, inventory, book, digest }: PlanDeps, id: string, after: RoleDefinition, roles: ReadonlyMap<string, RoleDefinition>, tools: readonly string[]) => {
  const names = after.permissions.map(({ permission }) => permission);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) return refused('invalid_request', `the permission ${twice} stands in ${id} twice`);
  if (!((await inventory.person(after.owner))?.snapshot?.status === 'active')) return refused('invalid_request', `the owner ${after.owner} is not an active person: invite and enrol them first`);
  const now = await streams.declaration('role', id);
  const before = now.status === 'none' ? undefined : now.definition;
  const agents = (await inventory.agents()).filter(({ snapshot }) => snapshot.roles.includes(id)), templates = (await book.declared('template')).filter(({ definition }) => definition.roles.includes(id));
  const holders = agents.map(({ agent }) => agent);
  const base = now.status === 'declared' ? now.digest : now.status;
  const next = new Map(roles).set(id, after);
  // Removed, it held nothing for anybody: compared with nothing.
  const widens = roleWidens(id, now.status === 'declared' ? before : undefined, after, [...holders, ...templates.map((one) => `template ${one.id}`)]);
  const held = (definition: RoleDefinition | undefined): Effective => effectiveOf({ permissions: [], roles: [id] }, new Map(definition === undefined ? [] : [[id, definition]]));
  return {
    ...shown(digest, {
      subject: { kind: 'role', id }, base, after: after as unknown as ChangeView['after'], diff: diffOf(before ?? {}, after, digest),
      widens, allows: newlyAllowed(held(before), held(after), tools),
    }),
    owner: before?.owner ?? null,
    given: { roles: [], permissions: after.permissions.flatMap((permission) => permission.tools), frames: [...agents.map(({ snapshot }) => snapshot), ...templates.map(({ definition }) => definition)].map(frameOf) },
    parts: (approved, reason, by, at) => [
      streams.declarationPart('role', id, { type: 'put', definition: after, digest: digest(after), widens, approved, reason, by, now: at }, by),
      ...holders.map((agent) => derivation(streams, agent, next, `role ${id}`, by, at)),
    ],
  } satisfies Plan;
};

/** What an agent holds with the roles as they are to be; its own permissions are read when it is decided. */
const derivation = (streams: Streams, agent: string, roles: ReadonlyMap<string, RoleDefinition>, because: string, by: string, now: number): Part =>
  streams.agentPart(agent, { type: 'derive', roles, because, by, now }, by);

const boundPlan = async ({ streams, digest }: PlanDeps, { kind, id, after }: Extract<Wanted, { kind: 'template' | 'grantor' }>, roles: ReadonlyMap<string, RoleDefinition>) => {
  const now = await streams.declaration(kind, id);
  const before = now.status === 'none' ? undefined : now.definition;
  const unknown = kind === 'template' ? after.roles.filter((role) => !roles.has(role)) : [];
  if (unknown.length > 0) return refused('unknown_role', `no role ${unknown.join(', ')}`);
  const base = now.status === 'none' ? 'none' : now.digest;
  const widens = kind === 'template' ? templateWidens(before as TemplateDefinition | undefined, after) : grantorWidens(id, now.status === 'declared' ? before as GrantorDefinition : undefined, after);
  return {
    ...shown(digest, { subject: { kind, id }, base, after: after as unknown as ChangeView['after'], diff: diffOf(before ?? {}, after, digest), widens, allows: [] }), owner: null,
    given: kind === 'template' ? givenTo(after) : { roles: after.roles, permissions: after.tools, frames: [after] },
    parts: (approved, reason, by, at) => [streams.declarationPart(kind, id, { type: 'put', definition: after, digest: digest(after), widens, approved, reason, by, now: at } as never, by)],
  } satisfies Plan;
};

const most = 500;

/** Tools of the catalogue that may be used now, or under fewer conditions. */
const newlyAllowed = (before: Effective, after: Effective, tools: readonly string[]): readonly string[] => {
  const under = ({ permissions, scoped = [] }: Effective, tool: string): readonly string[] =>
    (permissions.some((pattern) => covers(pattern, tool)) ? [''] : scoped.filter(({ permission }) => permission.tools.some((pattern) => covers(pattern, tool))).map(({ permission }) => conditionsOf(permission)));
  return tools.flatMap((tool) => { const had = under(before, tool); return had.includes('') ? [] : under(after, tool).filter((one) => !had.includes(one)).map((one) => `${tool}${one}`.slice(0, 500)); }).slice(0, most);
};

