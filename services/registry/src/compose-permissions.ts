import { argumentsDigest } from '@countersign/identity';
import type { AgentProcess, ChangeView, Json, NewAgentRequest, PermissionsView, RegisterAgentRequest, UnusedView } from '@countersign/contracts';
import { validateAgentChange, validateGrantorDefinition, validatePersonChange, validateProcessDefinition, validateRoleDefinition, validateTemplateDefinition } from '@countersign/contracts';
import type { EventStore } from '@countersign/event-store';
import { moneyText } from '@countersign/kernel';
import type { Refused } from '@countersign/kernel';
import { CodedError } from '@countersign/service-host';
import { heldBy } from './core/agent-change.ts';
import { givenTo } from './core/grants.ts';
import { dayMs, unusedOf } from './core/unused.ts';
import type { Enough } from './core/unused.ts';
import type { DeclaredKind } from './core/declaration.ts';
import { answerFor, heldOf } from './app/explain.ts';
import { declaredRoles } from './app/permission-plan.ts';
import type { Declaring, Requested } from './app/permission-plan.ts';
import type { PermissionBook, ToolUses } from './app/permission-ports.ts';
import { createStreams } from './app/permission-streams.ts';
import { createPermissions } from './app/permissions.ts';
import type { Asking } from './app/permissions.ts';
import type { Exclusively, Inventory, Messages } from './app/ports.ts';

export interface PermissionPorts {
  readonly store: EventStore; readonly inventory: Inventory; readonly permissionBook: PermissionBook; readonly toolUses: ToolUses; /** How much a proposal of a narrower role rests on. */ readonly enoughUse: Enough; readonly messages: Messages; readonly exclusively: Exclusively;
  readonly tenant: string; readonly now: () => number; readonly ids: () => string;
}

const valid = { agent: validateAgentChange, role: validateRoleDefinition, template: validateTemplateDefinition, grantor: validateGrantorDefinition, person: validatePersonChange, process: validateProcessDefinition } as const;

const isRefused = (value: unknown): value is Refused<string> => (value as { status?: unknown } | undefined)?.status === 'refused';
const ok = <T>(value: T): Exclude<T, Refused<string>> => {
  if (isRefused(value)) throw new CodedError(value.code, value.detail);
  return value as Exclude<T, Refused<string>>;
};

/** Roles, templates, bounds, change requests and explanations. */
export const composePermissions = async ({ permissionBook: book, ...ports }: PermissionPorts) => {
  const { inventory } = ports;
  const streams = createStreams({ ...ports, book });
  await streams.catchUp();
  const permissions = createPermissions({ ...ports, book, streams, digest: (value) => argumentsDigest(JSON.parse(JSON.stringify(value)) as Json) });
  const list = async <K extends DeclaredKind>(kind: K) => {
    const agents = kind === 'role' || kind === 'process' ? await inventory.agents() : [];
    return (await book.declared(kind)).map(({ id, version, definition }) => ({ [kind]: id, version, definition, ...((kind === 'role' || kind === 'process') && { agents: agents.filter(({ snapshot }) => (kind === 'role' ? snapshot.roles.includes(id) : snapshot.process?.process === id)).map(({ agent }) => agent).slice(0, 1_000) }) }));
  };
  return {
    list,
    put: async (wanted: Declaring, reason: string, who: Asking) => {
      ok(await permissions.put(wanted, reason, who));
      return (await list(wanted.kind)).find((one) => (one as Record<string, unknown>)[wanted.kind] === wanted.id)!;
    },
    remove: async (kind: DeclaredKind, id: string, reason: string, by: string) => { ok(await permissions.remove(kind, id, reason, by)); return { [kind === 'process' ? 'processes' : `${kind}s`]: await list(kind) }; },
    file: async ({ subject, after, reason }: { readonly subject: ChangeView['subject']; readonly after: unknown; readonly reason: string }, who: Asking): Promise<ChangeView> => {
      if (!valid[subject.kind](after)) throw new CodedError('invalid_request', `after is no definition of a ${subject.kind}: ${JSON.stringify(valid[subject.kind].errors?.[0] ?? '').slice(0, 300)}`);
      return ok(await permissions.file({ kind: subject.kind, id: subject.id, after } as Requested, reason, who));
    },
    approve: async (id: string, signed: { readonly change: string; readonly digest: string; readonly jws: string }, who: Asking): Promise<ChangeView> => ok(await permissions.approve(id, signed, who)),
    withdraw: async (id: string, reason: string, who: Asking): Promise<ChangeView> => ok(await permissions.withdraw(id, reason, who)),
    person: streams.person, agentPart: streams.agentPart, alone: permissions.alone,
    /** The request that lets somebody in who has enrolled: filed for whoever invited them. Under the lock already; undefined where it cannot be filed now. */
    admission: async (id: string, invitedBy: string, roles: readonly string[]): Promise<ChangeView | undefined> => {
      const filed = await permissions.fileAlready({ kind: 'person', id, after: { status: 'active', roles: [...roles] } }, `invited by ${invitedBy}`, { person: invitedBy, roles: ['operator'] });
      return isRefused(filed) ? undefined : filed as ChangeView;
    },
    tend: permissions.tend,
    change: permissions.change, changes: permissions.changes,
    /** Registers with what the roles grant, under the lock that their changes take; nobody registers what they may not give. */
    registering: <T>(profile: RegisterAgentRequest, who: Asking, register: (effective: Awaited<ReturnType<typeof permissions.effective>>, process: AgentProcess | undefined) => Promise<T>): Promise<T> =>
      permissions.alone(async () => { ok(await permissions.overreach(who, givenTo(profile))); return register(await permissions.effective(profile), profile.process === undefined ? undefined : ok(await permissions.process(profile.process))); }),
    /** Says who answers for an agent, under the lock that processes change under. */
    answering: <T>(process: string | null | undefined, say: (process: AgentProcess | null | undefined) => Promise<T>): Promise<T> => permissions.alone(async () => say(process == null ? process : ok(await permissions.process(process)))),
    fromTemplate: async (template: string, request: NewAgentRequest, who: Asking) => ok(await permissions.fromTemplate(template, request, who)).profile,
    explain: async (id: string, tool: string | undefined, args: Json | undefined): Promise<PermissionsView | undefined> => {
      const agent = await streams.agent(id);
      if (agent.status === 'none') return undefined;
      const { profile } = agent;
      const { held, grantsNothing } = heldOf(profile, await declaredRoles(book));
      const { limits, ceiling, template = null } = profile;
      const { ceiling: alone, calls, money } = { ceiling, ...limits };
      const text = `it acts alone up to tier ${alone}, ${calls} calls${money === null ? '' : ` and ${moneyText(money)}`} in a run; rules and halts may still stop it`;
      return {
        agent: id, status: agent.status, ceiling, limits, template, held, grantsNothing,
        ...(tool !== undefined && { tool: answerFor(held, heldBy(agent), tool, args, { status: agent.status, declared: (await inventory.tools()).some((one) => one.tool === tool), limits: text }) }),
      };
    },
    unused: async (id: string, days: number): Promise<UnusedView | undefined> => {
      const agent = await streams.agent(id);
      if (agent.status === 'none') return undefined;
      const { held } = heldOf(agent.profile, await declaredRoles(book));
      const to = ports.now();
      return unusedOf({ agent: id, owner: agent.profile.owner, held }, await ports.toolUses.uses(id), { from: to - days * dayMs, to, days }, ports.enoughUse);
    },
  };
};
