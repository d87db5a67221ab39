import type { AgentProcess, AgentSnapshot, ChangeView, NewAgentRequest, RegisterAgentRequest, TemplateDefinition } from '@countersign/contracts';
import { refused } from '@countersign/kernel';
import type { Refused } from '@countersign/kernel';
import type { EventStore } from '@countersign/event-store';
import type { AgentProfile } from '../core/agent.ts';
import { effectiveOf } from '../core/effective-permissions.ts';
import type { Effective } from '../core/effective-permissions.ts';
import { answerable } from '../core/declaration.ts';
import type { DeclaredKind } from '../core/declaration.ts';
import { same } from '../core/same.ts';
import { boundsOf, excess } from '../core/grants.ts';
import type { Given } from '../core/grants.ts';
import { declaredRoles, planOf } from './permission-plan.ts';
import type { Declaring, Plan, PlanDeps, Requested, Wanted } from './permission-plan.ts';
import { admittingRoles, mayAgree } from '../core/founding.ts';
import type { Exclusively } from './ports.ts';
import { decideTogether } from './together.ts';

export interface Asking { readonly person: string; readonly roles: readonly string[] }
export interface PermissionDeps extends PlanDeps { readonly store: EventStore; readonly exclusively: Exclusively; readonly now: () => number; readonly ids: () => string }

/** How long a request waits for its second person, ms. */
export const changeLifeMs = 14 * 86_400_000;
const mostOpen = 200;

/** Roles, templates, bounds and the changes of agents: one at a time over all instances, so that nobody is given what a role was a moment ago. */
export const createPermissions = (deps: PermissionDeps) => {
  const { store, book, streams, now } = deps;
  const alone = <T>(work: () => Promise<T>): Promise<T> => deps.exclusively('permissions', work);
  const overreach = async ({ roles }: Asking, given: Given): Promise<Refused<'grants_too_much'> | undefined> => {
    const grantors = new Map((await book.declared('grantor')).map(({ id, definition }) => [id, definition]));
    const over = excess(given, boundsOf(roles, grantors), await declaredRoles(book));
    return over.length === 0 ? undefined : refused('grants_too_much', over.join('; ').slice(0, 2_000));
  };
  /** What `tend` has found already, by stream: only what changed since is loaded. */
  const looked = new Map<string, string>();
  const view = async (id: string): Promise<ChangeView> => {
    const found = (await book.change(id))!;
    return found.status === 'open' && now() >= found.expiresAt ? { ...found, status: 'expired' } : found;
  };
  const applied = async (plan: Plan, reason: string, by: string): Promise<Refused<string> | undefined> => decideTogether(store, plan.parts(null, reason, by, now()));

  /** Under the lock already. */
  const file = async (wanted: Requested, reason: string, { person, roles }: Asking): Promise<ChangeView | Refused<string>> => {
    const plan = await planOf(deps, wanted);
    if ('status' in plan) return plan;
    if (wanted.kind === 'person' && plan.widens.length > 0 && !roles.includes(admittingRoles.ask)) return refused('forbidden', 'an operator asks for somebody to be let in or to have a role, and a second person agrees');
    const open = (await book.changes(1_000)).filter((one) => one.status === 'open' && now() < one.expiresAt);
    const same = open.find((one) => one.requester === person && one.digest === plan.digest);
    if (same !== undefined && wanted.kind === 'person') return same;
    if (open.filter((one) => one.requester === person).length >= mostOpen) return refused('rate_limited', `${person} has ${mostOpen} open requests`);
    const at = now(), change = deps.ids();
    const atOnce = plan.widens.length === 0 && (person === plan.owner || roles.includes('operator'));
    const { base, digest, diff, widens, allows } = plan;
    const filed = { change, subject: { kind: wanted.kind, id: wanted.id }, requester: person, reason, filedAt: at, expiresAt: at + changeLifeMs, base, digest, after: wanted.after as never, diff, widens, allows };
    return await decideTogether(store, [streams.changePart(change, { type: 'file', filed, atOnce, now: at }, person), ...(atOnce ? plan.parts(null, reason, person, at) : [])]) ?? view(change);
  };
  /** Who may agree to it, as they and whoever asked for it are now. */
  const eligible = async (subject: ChangeView['subject'], requester: string, plan: Plan, who: Asking): Promise<Refused<string> | undefined> => {
    if (subject.kind === 'person') {
      if (!mayAgree(who.roles)) return refused('not_eligible', `an ${admittingRoles.agree.join(' or a ')} agrees to this`);
      const asked = (await deps.inventory.person(requester))?.snapshot;
      return asked?.status === 'active' && asked.roles.includes(admittingRoles.ask) ? undefined : refused('change_stale', `${requester}, who asked for it, is not an operator: an operator files it again`);
    }
    const grantors = new Map((await book.declared('grantor')).map((one) => [one.id, one.definition]));
    if (boundsOf(who.roles, grantors)?.length === 0 && who.person !== plan.owner) return refused('not_eligible', 'a request is approved by an operator, a policy-reviewer, or somebody whose role may give (countersign grantor)');
    return plan.widens.length > 0 || subject.kind !== 'agent' ? overreach(who, plan.given) : undefined;
  };

  return {
    alone, overreach,
    effective: async (profile: Pick<AgentProfile, 'permissions' | 'roles'>): Promise<Effective> => effectiveOf(profile, await declaredRoles(book)),
    /** The process of this name as an agent of it carries it. */
    process: async (id: string): Promise<AgentProcess | Refused<'not_found'>> => {
      const found = (await book.declared('process')).find((one) => one.id === id);
      return found === undefined ? refused('not_found', `there is no process ${id}: countersign process`) : { process: id, raci: found.definition.raci };
    },
    list: <K extends DeclaredKind>(kind: K) => book.declared(kind),
    /** Declares, or changes where nobody is given more by it. */
    put: (wanted: Declaring, reason: string, who: Asking) => alone(async () => {
      const plan = await planOf(deps, wanted);
      if ('status' in plan) return plan;
      if (wanted.kind === 'process' && !who.roles.includes('operator') && who.person !== plan.owner) return refused('forbidden', 'an operator declares a process; who answers in it is said by an operator or by its owner');
      return await overreach(who, plan.given) ?? applied(plan, reason, who.person);
    }),
    remove: (kind: DeclaredKind, id: string, reason: string, by: string) => alone(async () => {
      // A process of agents that are all over is nobody's: what was decided in it stays in their events.
      const agents = await deps.inventory.agents(), templates = await book.declared('template');
      const [ofAgent, ofTemplate] = kind === 'role' ? [({ roles }: { readonly roles: readonly string[] }) => roles.includes(id), ({ roles }: TemplateDefinition) => roles.includes(id)] as const
        : [({ process, status }: AgentSnapshot) => kind === 'process' && process?.process === id && status !== 'decommissioned', ({ process }: TemplateDefinition) => kind === 'process' && process === id] as const;
      const usedBy = [...agents.filter(({ snapshot }) => ofAgent(snapshot)).map(({ agent }) => agent), ...templates.filter(({ definition }) => ofTemplate(definition)).map((one) => `template ${one.id}`)];
      return decideTogether(store, [streams.declarationPart(kind, id, { type: 'remove', usedBy, reason, by, now: now() }, by)]);
    }),
    /** Says of what is declared who has left of those that answer for it. @returns of how many there was something new to say */
    tend: () => alone(async () => {
      const active = new Set((await deps.inventory.people()).flatMap(({ person, snapshot }) => (snapshot?.status === 'active' ? [person] : [])));
      let told = 0;
      for (const kind of ['role', 'process'] as const) {
        for (const { id, version, definition } of await book.declared(kind)) {
          const left = answerable(definition).filter((person) => !active.has(person)), seen = `${version} ${left.join(' ')}`;
          if (looked.get(`${kind}:${id}`) === seen) continue;
          const declared = await streams.declaration(kind, id);
          if (declared.status === 'declared' && !same(declared.unanswered ?? [], left)) {
            await decideTogether(store, [streams.declarationPart(kind, id, { type: 'tend', left, by: 'registry', now: now() }, 'registry')]);
            told += 1;
          }
          looked.set(`${kind}:${id}`, seen);
        }
      }
      return told;
    }),
    /** Files a request; what only takes away is done at once where who asks answers for it. */
    file: (wanted: Requested, reason: string, who: Asking): Promise<ChangeView | Refused<string>> => alone(() => file(wanted, reason, who)),
    fileAlready: file,
    /** A second person's verified signature: applied with it, in one transaction. */
    approve: (id: string, signed: { readonly change: string; readonly digest: string; readonly jws: string }, who: Asking): Promise<ChangeView | Refused<string>> => alone(async () => {
      const change = await streams.change(id);
      if (change.status === 'none') return refused('not_found', 'there is no such change request');
      const { filed } = change;
      const plan = change.status === 'open' ? await planOf(deps, { ...filed.subject, after: filed.after } as unknown as Wanted) : undefined;
      // What it was about is gone: as stale as changed.
      const gone = plan === undefined || 'status' in plan;
      // Whoever filed it is told that, whatever else they may.
      if (!gone && who.person !== filed.requester) {
        const over = await eligible(filed.subject, filed.requester, plan, who);
        if (over !== undefined) return over;
      }
      const at = now();
      return await decideTogether(store, [
        streams.changePart(id, { type: 'approve', by: who.person, jws: signed.jws, signed, digest: gone ? '' : plan.digest, owner: gone ? null : plan.owner, now: at }, who.person),
        ...(gone ? [] : plan.parts({ change: id, by: who.person, jws: signed.jws }, filed.reason, filed.requester, at)),
      ]) ?? view(id);
    }),
    withdraw: (id: string, reason: string, { person, roles }: Asking): Promise<ChangeView | Refused<string>> => alone(async () =>
      await decideTogether(store, [streams.changePart(id, { type: 'withdraw', reason, by: person, answers: roles.includes('operator'), now: now() }, person)]) ?? view(id)),
    change: async (id: string): Promise<ChangeView | undefined> => ((await book.change(id)) === undefined ? undefined : view(id)),
    changes: async (): Promise<readonly ChangeView[]> => (await book.changes(1_000)).map((one) => (one.status === 'open' && now() >= one.expiresAt ? { ...one, status: 'expired' as const } : one)),
    /** The profile of a new agent out of a template; refused where fields lack. */
    fromTemplate: async (id: string, request: NewAgentRequest, { person }: Asking): Promise<{ readonly status: 'ok'; readonly profile: RegisterAgentRequest & { readonly template: string } } | Refused<string>> => {
      const template: TemplateDefinition | undefined = (await book.declared('template')).find((one) => one.id === id)?.definition;
      if (template === undefined) return refused('unknown_template', `no template ${id}`);
      const lacking = template.fields.filter((field) => field !== 'agent' && request[field] === undefined);
      if (lacking.length > 0) return refused('invalid_request', `the template ${id} asks for ${lacking.join(', ')}`);
      const { title: _title, fields: _fields, ...fixed } = template;
      return { status: 'ok', profile: { ...fixed, ...request, owner: request.owner ?? person, permissions: [], runtimeTrusted: false, template: id } };
    },
  };
};
export type Permissions = ReturnType<typeof createPermissions>;
