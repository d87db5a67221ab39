import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { AgentSnapshot, Json } from '@countersign/contracts';
import type { Scoped } from './permissions.ts';
import { beyond } from './scoped-permission.ts';
import type { ScopedCall } from './scoped-permission.ts';
import { agent, proposed, scene, started } from './scene.fixture.ts';

type Permission = Scoped[number]['permission'];
const holding = (...permissions: Permission[]): AgentSnapshot => ({ ...agent, permissions: ['read'], scoped: permissions.map((permission) => ({ role: 'payer', permission })) });
const propose = (snapshot: AgentSnapshot, args: Record<string, Json>, tool = 'tier1') => {
  const s = scene();
  s.tell(s.message(started));
  return s.tell(s.message(proposed(1, tool, args)), { agent: () => snapshot });
};
const answer = (...of: Parameters<typeof propose>) => propose(...of).replies[0];
const pay: Permission = { permission: 'pay', tools: ['tier*'], resources: [{ fact: 'args.to', patterns: ['NL*'] }], limits: { moneyPerAction: { minor: 50, currency: 'EUR' } } };

describe('a permission for some resources within limits', () => {
  it('lets run what it covers and nothing else, and the record names it', () => {
    expect(answer(holding(pay), { to: 'NL1', amount: 50 })).toMatchObject({ decision: 'allow' });
    expect(answer(holding(pay), { to: 'DE1', amount: 50 })).toMatchObject({ decision: 'deny', code: 'outside_permission' });
    expect(answer(holding(pay), { to: 'NL1', amount: 51 })).toMatchObject({ decision: 'deny', code: 'outside_permission' });
    expect(answer(holding(pay), { amount: 1 })).toMatchObject({ code: 'outside_permission' });
    expect(answer(holding(pay), { to: [], amount: 1 })).toMatchObject({ code: 'outside_permission' });
    expect(answer(holding(pay), { to: ['NL1', 'DE1'], amount: 1 })).toMatchObject({ code: 'outside_permission' });
    expect(answer(holding(pay), { to: 'NL1' }, 'memo')).toMatchObject({ code: 'not_permitted' });
    expect(propose(holding(pay), { to: 'DE1', amount: 5 }).replies[0]).toMatchObject({ detail: 'payer/pay: args.to is outside of it' });
  });

  it('is enough by itself: one of several lets it run, and one without conditions asks nothing', () => {
    expect(answer(holding(pay, { permission: 'all', tools: ['tier1'], limits: { callsPerRun: 1 } }), { amount: 9_000 })).toMatchObject({ decision: 'allow' });
    expect(answer({ ...holding(pay), permissions: ['*'] }, { to: 'DE1', amount: 5 })).toMatchObject({ decision: 'allow' });
  });

  it('counts what the run called and spent', () => {
    const s = scene();
    const snapshot = holding({ permission: 'few', tools: ['*'], limits: { callsPerRun: 2, moneyPerRun: { minor: 100, currency: 'EUR' } } });
    s.tell(s.message(started));
    const codes = [60, 41, 40, 0].map((amount, n) => s.tell(s.message(proposed(n + 1, 'tier1', { amount })), { agent: () => snapshot }).replies[0]?.code);
    expect([codes[1], codes[3]]).toEqual(['outside_permission', 'outside_permission']);
    expect(codes[0]).toBe(codes[2]);
  });

  it('asked people again, counts its own reservation once', () => {
    const s = scene();
    const snapshot = holding({ permission: 'one', tools: ['*'], limits: { callsPerRun: 1, moneyPerRun: { minor: 5, currency: 'EUR' } } });
    s.tell(s.message(started));
    expect(s.tell(s.message(proposed(1, 'wait', { amount: 5 })), { agent: () => snapshot }).replies[0]).toMatchObject({ decision: 'defer' });
  });

  it.each(['/srv/../etc/passwd', '/srv/%2e%2e/etc', '/srv/..', '/srv\\..\\etc', '/srv/a\u200bb', '/srv/a\nb'])('a wildcard never covers %j', (path) => {
    expect(answer(holding({ permission: 'files', tools: ['*'], resources: [{ fact: 'args.path', patterns: ['/srv/*'] }] }), { path })).toMatchObject({ code: 'outside_permission' });
  });

  it('what the runtime only claims is no resource', () => {
    const call: ScopedCall = { facts: { zone: { value: 'NL', origin: 'claimed' } }, arguments: {}, money: null, used: { calls: 0, spend: null } };
    const zone: Permission = { permission: 'zone', tools: ['*'], resources: [{ fact: 'zone', patterns: ['NL'] }] };
    expect(beyond([{ role: 'r', permission: zone }], call)).toBe('r/zone: zone is not known');
    expect(beyond([{ role: 'r', permission: zone }], { ...call, facts: { zone: { value: 'NL', origin: 'derived' } } })).toBeNull();
  });

  it('narrowed in any way never lets more run', () => {
    const text = fc.stringMatching(/^[ab]{0,3}$/);
    const patterns = fc.array(fc.stringMatching(/^[ab*]{1,3}$/), { minLength: 1, maxLength: 3 });
    const money = fc.record({ minor: fc.nat(5), currency: fc.constant('EUR') });
    const permission = fc.record({ permission: fc.constant('p'), tools: fc.constant(['*']), resources: fc.array(fc.record({ fact: fc.constantFrom('args.x', 'args.y'), patterns }), { minLength: 1, maxLength: 2 }), limits: fc.record({ moneyPerAction: money, moneyPerRun: money, callsPerRun: fc.nat(4) }, { requiredKeys: [] }) });
    const call = fc.record({ facts: fc.constant({}), arguments: fc.record({ x: text, y: text }), money: fc.option(money), used: fc.record({ calls: fc.nat(3), spend: fc.option(money) }) });
    const narrower = (one: Permission, drop: number, by: number): Permission => ({
      ...one,
      resources: [...one.resources!.map((resource) => ({ ...resource, patterns: resource.patterns.length > 1 ? resource.patterns.filter((_, i) => i !== drop % resource.patterns.length) : resource.patterns })), { fact: 'args.x', patterns: ['a*'] }],
      limits: { ...one.limits, moneyPerAction: { minor: Math.max(0, (one.limits?.moneyPerAction?.minor ?? 5) - by), currency: 'EUR' }, callsPerRun: Math.max(0, (one.limits?.callsPerRun ?? 4) - by) },
    });
    fc.assert(fc.property(permission, call, fc.nat(5), fc.nat(2), (one, asked, drop, by) => {
      const allowed = (of: Permission) => beyond([{ role: 'r', permission: of }], asked as ScopedCall) === null;
      return !allowed(narrower(one as Permission, drop, by)) || allowed(one as Permission);
    }), { seed: 4, numRuns: 2_000 });
  });
});
