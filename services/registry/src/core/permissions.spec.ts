import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { fold } from '@countersign/kernel';
import type { RoleDefinition, RolePermission } from '@countersign/contracts';
import { changeDecider } from './change-request.ts';
import type { ChangeCommand, ChangeEvent, Filed } from './change-request.ts';
import { declarationDecider } from './declaration.ts';
import { effectiveOf, moreThan, tooMany } from './effective-permissions.ts';
import { roleWidens } from './grants.ts';
import { dayMs, unusedFound, unusedOf } from './unused.ts';
import type { Use } from './unused.ts';

const role = (...permissions: RolePermission[]): RoleDefinition => ({ title: 'r', owner: 'olga', permissions });
const held = (...permissions: RolePermission[]) => effectiveOf({ permissions: [], roles: ['r'] }, new Map([['r', role(...permissions)]]));
const pay: RolePermission = { permission: 'pay', tools: ['pay.*'], resources: [{ fact: 'target', patterns: ['NL*'] }], limits: { moneyPerAction: { minor: 10, currency: 'EUR' } } };
const codeOf = (outcome: { status: string; code?: string }) => outcome.code ?? outcome.status;

describe('what an agent holds', () => {
  it('is the union of its own and of its roles; a role nobody declared grants nothing', () => {
    expect(effectiveOf({ permissions: ['a'], roles: ['r', 'ghost'] }, new Map([['r', role({ permission: 'b', tools: ['b'] }, pay, { permission: 'c', tools: ['c'], requestable: true })]])))
      .toEqual({ permissions: ['a', 'b'], scoped: [{ role: 'r', permission: pay }], requestable: [{ role: 'r', permission: { permission: 'c', tools: ['c'], requestable: true } }] });
    expect(tooMany({ permissions: Array.from({ length: 513 }, (_, n) => `t${n}`) })).toBe(true);
  });

  it.each<[string, RolePermission, RolePermission, boolean]>([
    ['a tool of it alone', pay, { ...pay, tools: ['pay.one'] }, false], ['another tool', pay, { ...pay, tools: ['read'] }, true],
    ['a narrower resource', pay, { ...pay, resources: [{ fact: 'target', patterns: ['NL77*'] }] }, false], ['a wider resource', pay, { ...pay, resources: [{ fact: 'target', patterns: ['*'] }] }, true],
    ['a text that is not what it looks like', pay, { ...pay, resources: [{ fact: 'target', patterns: ['NL*', 'NL/../DE1'] }] }, true],
    ['no resource', pay, { permission: 'pay', tools: ['pay.*'], limits: pay.limits! }, true], ['one resource more', pay, { ...pay, resources: [...pay.resources!, { fact: 'zone', patterns: ['a'] }] }, false],
    ['less money', pay, { ...pay, limits: { moneyPerAction: { minor: 9, currency: 'EUR' } } }, false], ['other money', pay, { ...pay, limits: { moneyPerAction: { minor: 9, currency: 'USD' } } }, true],
    ['more calls in a run', { ...pay, limits: { callsPerRun: 5 } }, { ...pay, limits: { callsPerRun: 6 } }, true], ['as many calls without end', { ...pay, limits: { callsPerRun: 5 } }, { ...pay, limits: {} }, true], ['fewer calls in a run', { ...pay, limits: { callsPerRun: 5 } }, { ...pay, limits: { callsPerRun: 4 } }, false],
    ['no conditions', pay, { permission: 'pay', tools: ['pay.*'] }, true], ['at last held, not asked for', { ...pay, requestable: true }, pay, true], ['on request what was held', pay, { ...pay, requestable: true }, false],
  ])('%s', (_, before, after, more) => expect(moreThan(held(before), held(after)).length > 0).toBe(more));

  it('never is more than itself, and taking a permission away is never more', () => {
    const permission = fc.record({ permission: fc.constantFrom('p', 'q'), tools: fc.array(fc.stringMatching(/^[ab*]{1,3}$/), { minLength: 1, maxLength: 3 }), requestable: fc.boolean() });
    fc.assert(fc.property(fc.array(permission, { maxLength: 4 }), fc.nat(3), (all, drop) => {
      expect(moreThan(held(...all), held(...all))).toEqual([]);
      expect(moreThan(held(...all), held(...all.filter((_, n) => n !== drop)))).toEqual([]);
    }), { seed: 7 });
  });
});

describe('a role of agents', () => {
  it('a role that agents have is widened by nobody alone, and goes only when nobody has it', () => {
    const decider = declarationDecider('role');
    const put = { type: 'role.put', definition: role(pay), digest: 'a', widens: [], approved: null, reason: 'r', by: 'op', at: 1 } as const;
    const more = role({ ...pay, tools: ['*'] });
    expect(roleWidens('r', role(pay), more, [])).toEqual([]);
    const widens = roleWidens('r', role(pay), more, ['clerk']);
    const command = { type: 'put', definition: more, digest: 'b', widens, reason: 'r', by: 'op', now: 2 } as const;
    expect(codeOf(decider.decide({ ...command, approved: null }, fold(decider, [put])))).toBe('change_review_required');
    expect(codeOf(decider.decide({ ...command, approved: { change: 'c', by: 'rita', jws: 'j' } }, fold(decider, [put])))).toBe('accepted');
    const remove = (usedBy: string[]) => codeOf(decider.decide({ type: 'remove', usedBy, reason: 'r', by: 'op', now: 2 }, fold(decider, [put])));
    expect([remove(['clerk']), remove([])]).toEqual(['role_in_use', 'accepted']);
  });
});

describe('a change request', () => {
  const filed: Filed = { change: 'c1', subject: { kind: 'agent', id: 'clerk' }, requester: 'op', reason: 'r', filedAt: 1, expiresAt: 100, base: 'b', digest: 'd', after: {}, diff: [], widens: ['more'], allows: [] };
  const open: ChangeEvent[] = [{ type: 'change.filed', ...filed }];
  const approve = { type: 'approve', by: 'rita', jws: 'j', signed: { change: 'c1', digest: 'd' }, digest: 'd', owner: 'olga', now: 5 } as const;
  const tell = (command: ChangeCommand, events = open) => codeOf(changeDecider.decide(command, fold(changeDecider, events)));
  it('takes another person, never the owner alone, while it is what was signed and still holds', () => {
    expect(tell(approve)).toBe('accepted');
    expect(tell({ ...approve, by: 'op' })).toBe('self_approval');
    expect(tell({ ...approve, by: 'olga' })).toBe('self_approval');
    expect(tell({ ...approve, signed: { change: 'c2', digest: 'd' } })).toBe('signature_invalid');
    expect(tell({ ...approve, digest: 'other' })).toBe('change_stale');
    expect(tell({ ...approve, now: 100 })).toBe('change_closed');
    expect(tell(approve, [...open, { type: 'change.withdrawn', reason: 'r', by: 'op', at: 2 }])).toBe('change_closed');
    expect(tell({ type: 'withdraw', reason: 'r', by: 'eve', answers: false, now: 5 })).toBe('forbidden');
    expect(tell(approve, [])).toBe('not_found');
  });
});

describe('what is not used', () => {
  const to = 100 * dayMs;
  const use = (tool: string, day: number, over: Partial<Use> = {}): Use => ({ tool, day, calls: 40, lastAt: day * dayMs, maxMinor: null, currency: null, targets: [], ...over });
  const view = (uses: readonly Use[]) => unusedOf({ agent: 'clerk', owner: 'olga', held: [{ source: 'direct', tools: ['read.*', 'wipe'] }, { source: 'r/pay', tools: ['pay.*'], permission: pay }] }, uses, { from: to - 30 * dayMs, to, days: 30 }, { days: 28, calls: 50 });
  const month = [use('read.a', 71), use('pay.one', 90, { maxMinor: 4, currency: 'EUR', targets: ['NL1'] })];
  it('is listed, with a role that would have been enough', () => {
    expect(view(month)).toMatchObject({ unused: [{ source: 'direct', tools: ['wipe'] }], window: { observedDays: 30, calls: 80 } });
    const { proposal } = view(month);
    expect(proposal!.permissions).toEqual([
      { permission: 'pay.one', tools: ['pay.one'], resources: [{ fact: 'target', patterns: ['NL*'] }], limits: { moneyPerAction: { minor: 6, currency: 'EUR' } } },
      { permission: 'read.a', tools: ['read.a'] },
    ]);
    expect(moreThan(effectiveOf({ permissions: ['read.*', 'wipe'], roles: ['r'] }, new Map([['r', role(pay)]])), held(...proposal!.permissions))).toEqual([]);
  });
  it('is no ground for a proposal where the window is short, the traffic thin; and what came before it may come with the season', () => {
    expect(view([use('read.a', 90, { calls: 900 })])).toMatchObject({ proposal: null, why: expect.stringContaining('11 of at least 28 days') });
    expect(view([use('read.a', 71, { calls: 3 })])).toMatchObject({ proposal: null, why: expect.stringContaining('too few') });
    const seasonal = view([use('wipe', 20), ...month]);
    expect(seasonal.unused).toEqual([]);
    expect(seasonal).toMatchObject({ why: expect.stringContaining('wipe used before the window only and kept') });
  });
  it('is said on the record when it changes, once a day at most, and nothing while too little was seen', () => {
    const at = (day: number) => ({ by: 'registry', now: day * dayMs });
    const found = unusedFound(view(month), 'olga', undefined, at(100))!;
    expect(found).toMatchObject({ agent: 'clerk', owner: 'olga', unused: [{ source: 'direct', tools: ['wipe'] }], more: 0 });
    expect(unusedFound(view(month), 'olga', found, at(105))).toBeUndefined();
    expect(unusedFound(view([use('read.a', 90, { calls: 900 })]), 'olga', found, at(105))).toBeUndefined();
    const less = view(month.slice(0, 1).map((one) => ({ ...one, calls: 99 })));
    expect(unusedFound(less, 'olga', found, at(100.5))).toBeUndefined();
    expect(unusedFound(less, 'olga', found, at(101))).toMatchObject({ unused: [{ source: 'direct', tools: ['wipe'] }, { source: 'r/pay', tools: ['pay.*'] }] });
    // That it uses everything now, or was made narrower, is news as well; of somebody who always did it is none.
    const none = { ...view(month), unused: [] };
    expect(unusedFound(none, 'olga', found, at(101))).toMatchObject({ unused: [] });
    expect(unusedFound(none, 'olga', undefined, at(101))).toBeUndefined();
  });
  it('fits its topic however much it is, and says how much is left out', () => {
    const wide = { ...view(month), unused: [{ source: 'direct', tools: Array.from({ length: 512 }, (_, n) => `${'x'.repeat(250)}.${n}`) }] };
    const found = unusedFound(wide, 'olga', undefined, { by: 'registry', now: to })!;
    expect(found).toMatchObject({ more: 312 });
    expect(Buffer.byteLength(JSON.stringify(found))).toBeLessThan(100_000);
  });
});
