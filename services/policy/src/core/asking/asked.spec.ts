import { describe, expect, it } from '@jest/globals';
import type { GraphNode, PersonSnapshot } from '@countersign/contracts';
import { graphOf } from '../graph.ts';
import { BundleError, compileBundle } from '../rules/compile.ts';
import { demandOf } from './asked.ts';
import type { Ask, Asking } from './asked.ts';

const now = Date.parse('2026-03-02T10:00:00Z');
const bundleOf = (people: unknown) => compileBundle({ version: '1', permit: ['*'], rules: [], people });
const person = (id: string, roles: string[], over: Partial<PersonSnapshot> = {}): PersonSnapshot => ({ person: id, tenant: 'acme', version: 1, name: id, roles, status: 'active', keys: [], ...over });
const everybody = [person('olga', ['treasurer'], { manager: 'mona' }), person('tom', ['treasurer']), person('sam', ['security']), person('sue', ['senior']), person('mona', []), person('paul', []), person('gone', ['security', 'auditor'], { status: 'gone' })];
const asking = (people: unknown, over: Partial<Asking> = {}): Asking => ({
  policy: bundleOf(people).people, senior: { route: ['senior'], quorum: 1, expiresInMs: 60_000 }, author: null, people: () => everybody, person: (id) => everybody.find((one) => one.person === id), add: (_, from, ms) => from + 2 * ms, ...over,
});
const ask = (over: Partial<Ask> = {}): Ask => ({
  approval: { route: ['treasurer'], quorum: 1, expiresInMs: 60_000 }, tool: 'pay.out', system: 'bank', facts: {}, rules: [{ id: 'pay.large', tier: 3, decision: null, reason: 'r' }], tenant: 'acme',
  owners: ['olga'], instructedBy: null, editors: [], now, askedAt: now, ...over,
});
const factor = (from: unknown[], over: object = {}) => ({ routes: [{ id: 'r', tools: ['pay.*'], factors: [{ name: 'second', from, ...over }] }] });
const second = (people: unknown, over: Partial<Ask> = {}) => demandOf(asking(people), ask(over)).factors?.[1];

describe('whom to ask', () => {
  it('is what the rules say where the bundle says no more', () => {
    expect(demandOf(asking(undefined), ask())).toEqual({ route: ['treasurer'], quorum: 1, askedAt: now, expiresAt: now + 60_000, requesters: ['olga'] });
    expect(demandOf(undefined, ask({ instructedBy: 'ida' }))).toMatchObject({ requesters: ['olga', 'ida'] });
  });

  it('is somebody for each factor of each route that matches the tool, beside what the rules say', () => {
    expect(demandOf(asking(factor([{ role: 'security' }])), ask()).factors).toEqual([{ name: 'route', roles: ['treasurer'], people: [], count: 1 }, { name: 'second', roles: ['security'], people: [], count: 1 }]);
    expect(demandOf(asking(factor([{ role: 'security' }])), ask({ tool: 'mail.send' })).factors).toBeUndefined();
  });

  it('goes by a condition over facts; what cannot be read asks more people', () => {
    const when = (condition: string) => ({ routes: [{ id: 'r', tools: ['*'], when: condition, factors: [{ name: 'second', from: [{ role: 'security' }] }] }] });
    const amount = (value: number) => ({ facts: { amount: { value, origin: 'derived' as const } } });
    expect(second(when('amount > 100'), amount(101))).toBeDefined();
    expect(second(when('amount > 100'), amount(99))).toBeUndefined();
    expect(second(when('amount > 100'))).toBeDefined();
  });

  it.each<[string, unknown, Partial<Ask>, object]>([
    ['the owner of what is touched', { owner: 'resource' }, { graph: graphOf([{ node: 'bank', tenant: 'acme', version: 1, kind: 'service', title: 'Bank', owner: 'paul', dependsOn: [], marks: [], paths: [], status: 'live' } as GraphNode], '1') }, { people: ['paul'] }],
    ['the manager of the agent\'s owner', { manager: 'owner' }, {}, { people: ['mona'] }],
    ['somebody by name', { person: 'paul' }, {}, { people: ['paul'] }],
  ])('finds %s', (_, source, over, expected) => {
    expect(second(factor([source]), over)).toMatchObject(expected);
  });

  it('reads the rota of the moment at which it was asked', () => {
    const rota = { ...factor([{ schedule: 'ops' }]), schedules: { ops: { start: '2026-03-02T00:00:00Z', every: '1d', people: ['sam', 'paul'] } } };
    expect(second(rota)).toMatchObject({ people: ['sam'] });
    expect(second(rota, { askedAt: now + 86_400_000 })).toMatchObject({ people: ['paul'] });
    expect(second(rota, { askedAt: now - 86_400_000 })).toMatchObject({ people: [] });
  });

  it('falls back where exclusions leave too few, and says where nobody is left', () => {
    expect(second(factor([{ owner: 'agent' }, { role: 'security' }]))).toMatchObject({ roles: ['security'], people: [] });
    expect(demandOf(asking(factor([{ role: 'auditor' }])), ask())).toMatchObject({ short: ['second'] });
    expect(demandOf(asking({ fallback: [{ role: 'senior' }] }), ask({ approval: { route: ['auditor'], quorum: 1, expiresInMs: 1 } })).factors).toEqual([{ name: 'route', roles: ['senior'], people: [], count: 1 }]);
    // Two of a role that one person is left of.
    expect(demandOf(asking(undefined), ask({ approval: { route: ['treasurer'], quorum: 2, expiresInMs: 1 } }))).toMatchObject({ short: ['route'] });
  });

  it('excludes everybody who asked for it: owners, who gave the instruction, who edited it, who wrote the rules that fired', () => {
    const all = ask({ owners: ['olga', 'otto'], instructedBy: 'ida', editors: ['ed'] });
    expect(demandOf(asking(undefined, { author: 'ann' }), all).requesters).toEqual(['olga', 'otto', 'ida', 'ann', 'ed']);
    expect(demandOf(asking(undefined, { author: 'ann' }), { ...all, rules: [{ id: 'builtin:irreversible', tier: 3, decision: null, reason: 'r' }] }).requesters).not.toContain('ann');
  });

  describe('in a small team', () => {
    const small = { separation: { allow: ['owner'], reason: 'two people run this', tools: ['pay.*'] } };
    it('lets those vote whom the bundle names, on the record', () => {
      expect(demandOf(asking(small), ask({ instructedBy: 'ida' }))).toMatchObject({ requesters: ['ida'], relaxed: { people: ['olga'], reason: 'two people run this' } });
    });
    it.each<[string, Partial<Ask>, unknown]>([
      ['where two people are needed', { approval: { route: ['treasurer'], quorum: 2, expiresInMs: 1 } }, small],
      ['where a factor makes it two', {}, { ...small, ...factor([{ role: 'security' }]) }],
      ['for who edited it', { editors: ['olga'] }, small],
      ['for other tools', { tool: 'mail.send' }, small],
    ])('but never %s', (_, over, people) => {
      const demand = demandOf(asking(people), ask(over));
      expect(demand.requesters).toContain('olga');
      expect(demand.relaxed).toBeUndefined();
    });
  });

  it('puts reminders and escalations at fractions of the time, in business time where a calendar counts', () => {
    const clock = { remind: [0.5], escalate: [{ after: 0.5, to: [{ role: 'senior' }] }], onExpiry: 'escalate' };
    expect(demandOf(asking({ clock }), ask())).toMatchObject({ expiresAt: now + 60_000, reminders: [now + 30_000], escalations: [{ at: now + 30_000, roles: ['senior'], people: [] }], onExpiry: 'escalate' });
    const calendars = { office: { zone: 'Europe/Berlin', freezes: [{ from: '2026-03-02T10:00:30Z', to: '2026-03-02T10:01:00Z', reason: 'year end' }] } };
    expect(demandOf(asking({ calendars, clock: { ...clock, calendar: 'office' } }), ask())).toMatchObject({ within: 60_000, expiresAt: now + 120_000, reminders: [now + 60_000], freezes: [{ reason: 'year end' }] });
  });

  it('takes the earliest deadline and the strictest end of all clocks that match', () => {
    const calendars = { office: { zone: 'Europe/Berlin' } };
    const routes = [{ id: 'a', tools: ['*'], clock: { calendar: 'office', onExpiry: 'escalate' } }, { id: 'b', tools: ['*'], clock: { remind: [0.25], onExpiry: 'halt_run' } }];
    expect(demandOf(asking({ calendars, routes }), ask())).toMatchObject({ expiresAt: now + 60_000, onExpiry: 'halt_run', reminders: [now + 15_000] });
  });

  it.each<[string, unknown, RegExp]>([
    ['a calendar without a business hour', { calendars: { never: { zone: 'UTC', days: [] } } }, /no business hour/],
    ['hours that end before they begin', { calendars: { night: { zone: 'UTC', from: '22:00', to: '06:00' } } }, /no business hour/],
    ['a calendar whose freeze ends in another age', { calendars: { never: { zone: 'UTC', freezes: [{ from: '2026-01-01T00:00Z', to: '2027-01-01T00:00Z', reason: 'all year' }] } } }, /no business hour for 62 days from 2026-01-01/],
    ['a calendar whose holidays leave no day', { calendars: { never: { zone: 'UTC', days: ['mon'], holidays: Array.from({ length: 10 }, (_, week) => new Date(Date.UTC(2026, 0, 5 + 7 * week)).toISOString().slice(0, 10)) } } }, /no business hour for 62 days from 2026-01-05/],
    ['a zone that is none', { calendars: { moon: { zone: 'Moon/Tycho' } } }, /is a time zone/],
    ['a source that is none', factor([{ friend: 'sam' }]), /from\[0\]: is one of/],
    ['a rota that is not there', factor([{ schedule: 'ops' }]), /from\[0\]: is one of/],
    ['a glass that one person breaks', { breakGlass: { roles: ['senior'], people: 1 } }, /nobody breaks the glass alone/],
    ['a condition that is no CEL', { routes: [{ id: 'r', tools: ['*'], when: 'amount >', factors: [] }] }, /routes\[0\]\.when/],
    ['a small team without a reason', { separation: { allow: ['owner'] } }, /says why/],
  ])('refuses a bundle with %s', (_, people, why) => {
    expect(() => bundleOf(people)).toThrow(BundleError);
    expect(() => bundleOf(people)).toThrow(why);
  });
});
