import type { Expression } from '../cel/expression.ts';
import type { Slots } from '../cel/names.ts';
import { duration, durationHint } from '../rules/duration.ts';
import { anyOf } from '../rules/patterns.ts';
import type { Complain } from '../rules/problem.ts';
import { patterns } from '../rules/rule-shape.ts';
import { object, only, text, texts } from '../rules/shape.ts';
import { readCalendars, readSchedules } from './calendar-spec.ts';
import type { Calendar, Schedule } from './calendar-spec.ts';

/** Where people come from: who holds a role, who owns what is touched (or the agent), whose manager they are, who is on call, or one by name. */
export type Source = { readonly role: string } | { readonly owner: 'resource' | 'agent' } | { readonly manager: 'owner' } | { readonly schedule: string } | { readonly person: string };
/** `from`: the first source that enough people are left of; the next are its fallbacks. */
export interface FactorSpec { readonly name: string; readonly from: readonly Source[]; readonly count: number; readonly standIn: readonly string[] }
/** Fractions of the time that people have. */
export interface ClockSpec {
  readonly calendar: string | null; readonly remind: readonly number[];
  readonly escalate: readonly { readonly after: number; readonly to: readonly Source[] }[];
  readonly onExpiry: 'deny' | 'halt_run' | 'escalate' | null;
}
export interface Route { readonly id: string; readonly matches: (tool: string) => boolean; readonly when: Expression | null; readonly factors: readonly FactorSpec[]; readonly clock: ClockSpec | null }
export type Requester = 'owner' | 'instruction' | 'author';
/** Whom to ask beside what rules say, how long business takes, and who may do what in a small team or an emergency. */
export interface PeoplePolicy {
  /** Facts that conditions of routes read, by slot. */
  readonly facts: readonly string[];
  readonly routes: readonly Route[]; readonly fallback: readonly Source[]; readonly clock: ClockSpec | null;
  readonly schedules: Readonly<Record<string, Schedule>>; readonly calendars: Readonly<Record<string, Calendar>>;
  readonly separation: { readonly allow: readonly Requester[]; readonly reason: string; readonly matches: (tool: string) => boolean } | null;
  readonly breakGlass: { readonly roles: readonly string[]; readonly count: number; readonly lifeMs: number } | null;
}
export const noPeoplePolicy: PeoplePolicy = { facts: [], routes: [], fallback: [], clock: null, schedules: {}, calendars: {}, separation: null, breakGlass: null };

const name = /^[a-z0-9][a-z0-9._-]{0,63}$/;
const isName = (value: unknown): value is string => typeof value === 'string' && name.test(value);
const requesters: readonly unknown[] = ['owner', 'instruction', 'author'];
const expiries: readonly unknown[] = ['deny', 'halt_run', 'escalate'];
const most = { routes: 64, factors: 4, sources: 4, reminders: 8, escalations: 4, count: 8, people: 8, lifeMs: 3_600_000 } as const;

/** Reads a bundle's `people` and reports every problem with its path. @param compile CEL over facts and parameters; complains itself */
export const readPeople = (value: unknown, slots: Slots, compile: (source: unknown, path: string) => Expression | undefined, complain: Complain): PeoplePolicy => {
  if (value === undefined) return noPeoplePolicy;
  if (!object(value)) {
    complain('people', 'is a map of routes, fallback, clock, schedules, calendars, separation and breakGlass');
    return noPeoplePolicy;
  }
  only(value, ['routes', 'fallback', 'clock', 'schedules', 'calendars', 'separation', 'breakGlass'], 'people', complain);
  const schedules = readSchedules(value['schedules'], complain);
  const calendars = readCalendars(value['calendars'], complain);
  const known = { schedules, calendars };
  const routes = list(value['routes'] ?? [], 'people.routes', most.routes, complain).map((one, i) => route(one, `people.routes[${i}]`, known, compile, complain));
  return {
    schedules, calendars, facts: slots.names, routes: routes.filter((one) => one !== undefined),
    fallback: sources(value['fallback'] ?? [], 'people.fallback', known, complain),
    clock: clock(value['clock'], 'people.clock', known, complain),
    separation: separation(value['separation'], complain), breakGlass: breakGlass(value['breakGlass'], complain),
  };
};

/** Facts that have to be made for the routes of a tool. */
export const readByRoutes = ({ routes }: PeoplePolicy, tool: string): readonly string[] => routes.filter((route) => route.matches(tool))
  .flatMap(({ when, factors }) => [...(when?.uses ?? []), ...(factors.some(({ from }) => from.some((source) => 'owner' in source && source.owner === 'resource')) ? ['change.nodes'] : [])]);

interface Known { readonly schedules: Readonly<Record<string, Schedule>>; readonly calendars: Readonly<Record<string, Calendar>> }

const list = (value: unknown, path: string, max: number, complain: Complain): readonly unknown[] => {
  if (Array.isArray(value) && value.length <= max) return value;
  complain(path, `is a list of at most ${max}`);
  return [];
};

const route = (value: unknown, path: string, known: Known, compile: (source: unknown, path: string) => Expression | undefined, complain: Complain): Route | undefined => {
  if (!object(value)) return void complain(path, 'is a map of id, tools, when, factors and clock');
  only(value, ['id', 'tools', 'when', 'factors', 'clock'], path, complain);
  if (!isName(value['id'])) complain(`${path}.id`, 'a name is needed (lower case letters, digits, . _ -)');
  if (!patterns(value['tools']) || value['tools'].length === 0) return void complain(`${path}.tools`, 'a list of tools is needed: names, or beginnings that end in *');
  const when = value['when'] === undefined ? null : compile(value['when'], `${path}.when`) ?? null;
  const factors = list(value['factors'] ?? [], `${path}.factors`, most.factors, complain).flatMap((one, i) => factor(one, `${path}.factors[${i}]`, known, complain) ?? []);
  if (value['factors'] === undefined && value['clock'] === undefined) complain(path, 'needs factors or a clock');
  return { id: String(value['id']), matches: anyOf(value['tools']), when, factors, clock: clock(value['clock'], `${path}.clock`, known, complain) };
};

const factor = (value: unknown, path: string, known: Known, complain: Complain): FactorSpec | undefined => {
  if (!object(value)) return void complain(path, 'is a map of name, from, count and standIn');
  only(value, ['name', 'from', 'count', 'standIn'], path, complain);
  const { count = 1, standIn = [] } = value;
  if (!isName(value['name']) || value['name'] === 'route') complain(`${path}.name`, 'a name is needed (lower case letters, digits, . _ -), other than route');
  if (!Number.isInteger(count) || (count as number) < 1 || (count as number) > most.count) complain(`${path}.count`, `is 1 to ${most.count}`);
  if (!texts(standIn, { max: 16, each: 64 }) || !standIn.every(isName)) complain(`${path}.standIn`, 'is a list of roles');
  const from = sources(value['from'], `${path}.from`, known, complain);
  if (from.length === 0) complain(`${path}.from`, 'says where the people come from');
  return { name: String(value['name']), from, count: count as number, standIn: standIn as string[] };
};

const sources = (value: unknown, path: string, { schedules }: Known, complain: Complain): Source[] => list(value, path, most.sources, complain).flatMap((one, i) => {
  const at = `${path}[${i}]`;
  const [kind, of] = object(one) && Object.keys(one).length === 1 ? Object.entries(one)[0]! : [];
  const fine = (kind === 'role' && isName(of)) || (kind === 'person' && typeof of === 'string' && /^[a-z0-9][a-z0-9._-]{0,127}$/.test(of)) || (kind === 'owner' && (of === 'resource' || of === 'agent')) || (kind === 'manager' && of === 'owner')
    || (kind === 'schedule' && typeof of === 'string' && Object.hasOwn(schedules, of));
  if (!fine) complain(at, 'is one of {role: NAME}, {owner: resource}, {owner: agent}, {manager: owner}, {schedule: NAME of people.schedules}, {person: ID}');
  return fine ? [one as Source] : [];
});

const isFraction = (value: unknown): value is number => typeof value === 'number' && value > 0 && value < 1;

const clock = (value: unknown, path: string, known: Known, complain: Complain): ClockSpec | null => {
  if (value === undefined) return null;
  if (!object(value)) return complain(path, 'is a map of calendar, remind, escalate and onExpiry'), null;
  only(value, ['calendar', 'remind', 'escalate', 'onExpiry'], path, complain);
  const { calendar = null, onExpiry = null } = value;
  if (calendar !== null && (typeof calendar !== 'string' || !Object.hasOwn(known.calendars, calendar))) complain(`${path}.calendar`, 'names one of people.calendars');
  if (onExpiry !== null && !expiries.includes(onExpiry)) complain(`${path}.onExpiry`, 'is deny, halt_run or escalate');
  const remind = list(value['remind'] ?? [], `${path}.remind`, most.reminders, complain);
  if (!remind.every(isFraction)) complain(`${path}.remind`, 'is a list of fractions of the time that people have, between 0 and 1');
  const escalate = list(value['escalate'] ?? [], `${path}.escalate`, most.escalations, complain).flatMap((one, i) => {
    const at = `${path}.escalate[${i}]`;
    if (!object(one) || !isFraction(one['after'])) return complain(at, 'is a map of after (a fraction between 0 and 1) and to'), [];
    only(one, ['after', 'to'], at, complain);
    return [{ after: one['after'], to: sources(one['to'], `${at}.to`, known, complain) }];
  });
  return { calendar: calendar as string | null, remind: remind as number[], escalate, onExpiry: onExpiry as ClockSpec['onExpiry'] };
};

const separation = (value: unknown, complain: Complain): PeoplePolicy['separation'] => {
  if (value === undefined) return null;
  const path = 'people.separation';
  if (!object(value)) return complain(path, 'is a map of allow, reason and tools'), null;
  only(value, ['allow', 'reason', 'tools'], path, complain);
  const { allow, tools = ['*'] } = value;
  if (!Array.isArray(allow) || allow.length === 0 || !allow.every((one) => requesters.includes(one))) return complain(`${path}.allow`, 'is a list of owner, instruction, author'), null;
  if (!text(value['reason'], 1_000)) return complain(`${path}.reason`, 'says why this team is too small for two people'), null;
  if (!patterns(tools)) return complain(`${path}.tools`, 'is a list of tools'), null;
  return { allow: allow as Requester[], reason: value['reason'], matches: anyOf(tools) };
};

const breakGlass = (value: unknown, complain: Complain): PeoplePolicy['breakGlass'] => {
  if (value === undefined) return null;
  const path = 'people.breakGlass';
  if (!object(value)) return complain(path, 'is a map of roles, people and life'), null;
  only(value, ['roles', 'people', 'life'], path, complain);
  const { roles, people = 2, life = '5m' } = value;
  const lifeMs = duration(life);
  if (!texts(roles, { min: 1, max: 16, each: 64 }) || !roles.every(isName)) return complain(`${path}.roles`, 'is a list of roles'), null;
  if (!Number.isInteger(people) || (people as number) < 2 || (people as number) > most.people) return complain(`${path}.people`, `is 2 to ${most.people}: nobody breaks the glass alone`), null;
  if (lifeMs === undefined || lifeMs < 1_000 || lifeMs > most.lifeMs) return complain(`${path}.life`, `${durationHint}, from 1s to 1h`), null;
  return { roles, count: people as number, lifeMs };
};
