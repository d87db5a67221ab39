import type { ApprovalAsked, ApprovalFactor, Fact, PersonSnapshot } from '@countersign/contracts';
import { fill } from '@countersign/kernel';
import type { Voter } from '@countersign/kernel';
import { newScope } from '../cel/scope.ts';
import { Failure } from '../cel/value.ts';
import type { Value } from '../cel/value.ts';
import type { Graph } from '../graph.ts';
import type { Verdict } from '../world.ts';
import { onCall } from './calendar-spec.ts';
import type { Calendar } from './calendar-spec.ts';
import { timesOf } from './clock.ts';
import type { FactorSpec, PeoplePolicy, Requester, Source } from './people-spec.ts';

/** Who people are and when they work, as it stands now. */
export interface Asking {
  readonly policy: PeoplePolicy;
  /** Whom to ask where nobody answered in time. */
  readonly senior: NonNullable<Verdict['approval']>;
  /** Who wrote the rules in force; null where they came with the installation. */
  readonly author: string | null;
  /** Everybody registered. */
  people(): Iterable<PersonSnapshot>;
  person(id: string): PersonSnapshot | undefined;
  /** The moment at which so much business time has passed. */
  add(calendar: Calendar, from: number, ms: number): number;
}

/** Something that people are to be asked about. `askedAt`: the moment for which rotas are read. */
export interface Ask {
  readonly approval: NonNullable<Verdict['approval']>; readonly tool: string; readonly system: string; readonly facts: Readonly<Record<string, Fact>>; readonly rules: Verdict['rules'];
  readonly tenant: string; readonly owners: readonly string[]; readonly instructedBy: string | null; readonly editors: readonly string[];
  readonly now: number; readonly askedAt: number; readonly graph?: Graph | null | undefined;
}
export type Demand = Pick<ApprovalAsked, 'route' | 'quorum' | 'expiresAt' | 'requesters'> & Omit<ApprovalAsked, 'digest' | 'subject' | 'nonce' | 'bound'>;

/** Most people looked at for each place when it is asked whether anybody can fill it. */
const enough = 32;
const mostPeople = 64;

/**
 * Whom to ask and by when: what the rules demand, and on top of it every route whose tools and condition match. Routes only add. A condition
 * that cannot be read matches. Where exclusions leave too few for a place, its fallbacks are asked; where they are too few as well, `short` says so.
 */
export const demandOf = (asking: Asking | undefined, ask: Ask): Demand => {
  const { approval, now } = ask;
  const rules: ApprovalFactor = { name: 'route', roles: [...approval.route], people: [], count: approval.quorum };
  const base = { route: [...approval.route], quorum: approval.quorum, askedAt: now };
  if (asking === undefined) return { ...base, expiresAt: now + approval.expiresInMs, requesters: unique([...ask.owners, ...toList(ask.instructedBy), ...ask.editors]) };
  const routes = asking.policy.routes.filter((route) => route.matches(ask.tool) && (route.when === null || holds(asking.policy, route.when.run, ask.facts)));
  const specs = distinct(routes.flatMap(({ factors }) => factors));
  const needed = approval.quorum + specs.reduce((sum, { count }) => sum + count, 0);
  const { requesters, relaxed } = separated(asking, ask, needed);
  const from = (spec: FactorSpec): ApprovalFactor => ({ ...chosen(asking, ask, requesters, spec), name: spec.name, count: spec.count, ...(spec.standIn.length > 0 && { standIn: [...spec.standIn] }) });
  const route = asking.policy.fallback.length === 0 ? rules : { ...rules, ...chosen(asking, ask, requesters, { ...rules, from: [...approval.route.map((role) => ({ role })), ...asking.policy.fallback], together: approval.route.length }) };
  const factors = [route, ...specs.map(from)];
  const short = shortOf(asking, ask, requesters, factors);
  const { calendar, ...times } = timesOf(asking, routes.flatMap(({ clock }) => clock ?? []), now, approval.expiresInMs, (sources) => union(asking, ask, sources));
  return {
    ...base, requesters, ...times, ...(calendar && { within: approval.expiresInMs }), ...(factors.length > 1 || route !== rules ? { factors } : {}),
    ...(relaxed.length > 0 && { relaxed: { people: relaxed, reason: asking.policy.separation!.reason } }), ...(short.length > 0 && { short }),
    ...(asking.policy.breakGlass !== null && { breakGlass: { ...asking.policy.breakGlass, roles: [...asking.policy.breakGlass.roles] } }),
  };
};

const unique = <T>(items: readonly T[]): T[] => [...new Set(items)];
const toList = (one: string | null): string[] => (one === null ? [] : [one]);
/** The same factor of two routes is one. */
const distinct = (specs: readonly FactorSpec[]): FactorSpec[] => [...new Map(specs.map((spec) => [JSON.stringify(spec), spec])).values()];

/** What cannot be read counts as true: more people are asked. */
const holds = ({ facts: names }: PeoplePolicy, run: (scope: ReturnType<typeof newScope>) => unknown, facts: Ask['facts']): boolean => {
  const slots = names.map((name) => (Object.hasOwn(facts, name) ? facts[name]!.value as Value : new Failure(`${name} is not known`, false)));
  return run(newScope(slots)) !== false;
};

/** Everybody who asked for it, less those whom a small team lets vote all the same; never where more than one person is needed. */
const separated = ({ policy: { separation }, author }: Asking, ask: Ask, needed: number): { readonly requesters: string[]; readonly relaxed: string[] } => {
  const ruled = ask.rules.some(({ id }) => !id.startsWith('builtin:'));
  const parts: readonly (readonly [Requester | 'editor', readonly string[]])[] = [['owner', ask.owners], ['instruction', toList(ask.instructedBy)], ['author', ruled ? toList(author) : []], ['editor', ask.editors]];
  const all = unique(parts.flatMap(([, people]) => people));
  if (separation === null || needed !== 1 || !separation.matches(ask.tool)) return { requesters: all, relaxed: [] };
  const kept = unique(parts.flatMap(([kind, people]) => (kind === 'editor' || !separation.allow.includes(kind) ? people : [])));
  return { requesters: kept, relaxed: all.filter((person) => !kept.includes(person)) };
};

type Of = Pick<ApprovalFactor, 'roles' | 'people'>;

/** Roles and people that a source stands for now. */
const resolve = (asking: Asking, ask: Ask, source: Source): Of => {
  const people = (...ids: readonly (string | null | undefined)[]): Of => ({ roles: [], people: unique(ids.filter((id) => typeof id === 'string')).filter((id) => isActive(asking.person(id), ask)).slice(0, mostPeople) });
  if ('role' in source) return { roles: [source.role], people: [] };
  if ('person' in source) return people(source.person);
  if ('schedule' in source) return people(onCall(asking.policy.schedules[source.schedule]!, ask.askedAt));
  if ('manager' in source) return people(...ask.owners.map((owner) => asking.person(owner)?.manager));
  return source.owner === 'agent' ? people(...ask.owners) : people(...resourceOwners(ask));
};

/** Owners of the nodes that the action changes, or of the tool's system where nobody says what it changes. */
const resourceOwners = ({ graph, facts, system }: Ask): (string | null | undefined)[] => {
  const nodes = facts['change.nodes']?.value;
  const ids = Array.isArray(nodes) && nodes.length > 0 ? nodes.map(String) : [system, `system:${system}`, `service:${system}`];
  return ids.map((id) => graph?.node(id)?.owner);
};

const isActive = (person: PersonSnapshot | undefined, { tenant }: Ask): boolean => person !== undefined && person.status === 'active' && person.tenant === tenant;

const union = (asking: Asking, ask: Ask, sources: readonly Source[]): { roles: string[]; people: string[] } => {
  const all = sources.map((source) => resolve(asking, ask, source));
  return { roles: unique(all.flatMap(({ roles }) => roles)), people: unique(all.flatMap(({ people }) => people)) };
};

/** The first source of which enough people are left; all of them where none is enough. `together`: so many of the first are one source. */
const chosen = (asking: Asking, ask: Ask, requesters: readonly string[], { from, count, together = 1 }: Pick<FactorSpec, 'from' | 'count'> & { readonly together?: number }): { roles: string[]; people: string[] } => {
  const steps = [from.slice(0, together), ...from.slice(together).map((source) => [source])].map((sources) => union(asking, ask, sources));
  return steps.find((of) => left(asking, ask, requesters, of, count).length >= count) ?? union(asking, ask, from);
};

/** Some of those who may fill the places, at most so many as are worth knowing. */
const left = (asking: Asking, ask: Ask, requesters: readonly string[], { roles, people }: Of, count: number): Voter[] => {
  const found: Voter[] = [];
  for (const one of asking.people()) {
    if (!isActive(one, ask) || requesters.includes(one.person)) continue;
    if (people.includes(one.person) || one.roles.some((role) => roles.includes(role))) found.push({ person: one.person, roles: one.roles });
    if (found.length >= Math.max(count, enough)) break;
  }
  return found;
};

/** Places that nobody is left for, by the names of their factors. */
const shortOf = (asking: Asking, ask: Ask, requesters: readonly string[], factors: readonly ApprovalFactor[]): string[] => {
  const voters = new Map(factors.flatMap((factor) => left(asking, ask, requesters, factor, factor.count).map((voter) => [voter.person, voter])));
  return unique(fill(factors, [...voters.values()]).factors.filter(({ have, need }) => have < need).map(({ name }) => name));
};
