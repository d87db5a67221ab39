import { describe, expect, it } from '@jest/globals';
import type { Raci } from '@countersign/contracts';
import type { AgentProfile } from './agent.ts';
import { basisOf, permitted, reviewAgent } from './governance-review.ts';
import type { Reviewed } from './governance-review.ts';
import { stages } from './raci.ts';

const raci = Object.fromEntries(stages.map((stage) => [stage, { accountable: 'ann' }])) as Raci;
const profile: AgentProfile = {
  agent: 'payer', name: 'Payer', owner: 'olga', purpose: 'pays', roles: ['payer'], permissions: ['payments.*'], ceiling: 2, environment: 'test', model: null, runtimeTrusted: false,
  limits: { calls: 10, money: null }, key: { kty: 'OKP', crv: 'Ed25519', x: 'A'.repeat(43), kid: 'k-1' }, raci, euAiAct: { category: 'limited', annexIII: null }, baselinePlan: 'watched for two weeks',
};
const tool = { tool: 'payments.transfer', definition: 'def', consequential: true };
const says = { tool: 'payments.transfer', known: true, denied: false, atLeast: 2, atMost: 4 } as const;
const scene = (over: Partial<Reviewed> = {}, declared: Partial<AgentProfile> = {}): Reviewed => ({
  profile: { ...profile, ...declared }, isActive: (person) => person !== 'gone', tools: [tool], peers: 0,
  standing: { bundle: { version: 'pay-1', digest: 'd1' }, tests: { passed: 3, failed: 0, first: null }, tools: [says] }, ...over,
});
const gaps = (reviewed: Reviewed): string[] => reviewAgent(reviewed, 'basis').checks.filter(({ passed }) => !passed).map(({ check }) => check);
const without = (name: keyof AgentProfile): AgentProfile => Object.fromEntries(Object.entries(profile).filter(([key]) => key !== name)) as unknown as AgentProfile;

describe('the governance review', () => {
  it('passes where everything is there', () => {
    expect(reviewAgent(scene(), 'basis')).toMatchObject({ agent: 'payer', passed: true, basis: 'basis', consequential: true });
  });

  it.each<[string, string, Reviewed]>([
    ['an owner who left', 'owner', scene({}, { owner: 'gone' })],
    ['nobody accountable', 'raci', scene({ profile: without('raci') })],
    ['one stage without anybody', 'raci', scene({}, { raci: { ...raci, incident: { accountable: 'gone' } } })],
    ['a permission that matches no tool', 'tools', scene({}, { permissions: ['payments.*', 'ghosts.*'] })],
    ['no permissions', 'tools', scene({ tools: [] }, { permissions: [] })],
    ['a tool that policy decides by another definition of', 'tiers', scene({ standing: { ...scene().standing, tools: [{ ...says, known: false }] } })],
    ['a tool that policy says nothing of', 'tiers', scene({ standing: { ...scene().standing, tools: [] } })],
    ['rule tests that fail', 'rule_tests', scene({ standing: { ...scene().standing, tests: { passed: 2, failed: 1, first: 'x' } } })],
    ['rules without tests', 'rule_tests', scene({ standing: { ...scene().standing, tests: { passed: 0, failed: 0, first: null } } })],
    ['no plan', 'baseline', scene({ profile: without('baselinePlan') })],
    ['a plan of nothing', 'baseline', scene({}, { baselinePlan: '  ' })],
    ['peers that do not run', 'baseline', scene({ profile: { ...without('baselinePlan'), peerGroup: 'payers' } })],
    ['no category', 'eu_ai_act', scene({ profile: without('euAiAct') })],
  ])('%s fails %s alone, and says what to do', (_, check, reviewed) => {
    expect(gaps(reviewed)).toEqual([check]);
    expect(reviewAgent(reviewed, 'basis').checks.find((one) => !one.passed)!.remedy).toBeTruthy();
  });

  it('takes active peers for a baseline', () => expect(gaps(scene({ profile: { ...without('baselinePlan'), peerGroup: 'payers' }, peers: 2 }))).toEqual([]));

  describe('of a high-risk agent', () => {
    const high = (declared: Partial<AgentProfile>, atLeast: 2 | 3 = 2) => gaps(scene({ standing: { ...scene().standing, tools: [{ ...says, atLeast }] } }, { euAiAct: { category: 'high', annexIII: 'employment' }, ...declared }));
    it('fails where its decisions on persons may run below tier 3', () => {
      expect(high({ affects: ['applicants'], decidesOnPersons: ['payments.*'] })).toEqual(['eu_ai_act']);
      expect(high({ affects: ['applicants'], decidesOnPersons: ['payments.*'] }, 3)).toEqual([]);
      expect(high({ affects: ['applicants'], decidesOnPersons: [] })).toEqual([]);
    });
    it('fails where it does not say whom it affects, or how it decides', () => {
      expect(high({ decidesOnPersons: [] })).toEqual(['eu_ai_act']);
      expect(high({ affects: ['applicants'] })).toEqual(['eu_ai_act']);
      expect(high({ affects: ['applicants'], decidesOnPersons: ['hr.reject'] })).toEqual(['eu_ai_act']);
    });
  });

  it('rests on profile, people, tools and rules, not on the key', () => {
    const text = (reviewed: Reviewed): string => JSON.stringify(basisOf(reviewed));
    expect(text(scene({}, { key: { ...profile.key!, kid: 'k-2' } }))).toBe(text(scene()));
    for (const other of [scene({}, { model: 'newer' }), scene({}, { promptVersion: '2' }), scene({ isActive: () => false }), scene({ tools: [{ ...tool, definition: 'other' }] }), scene({ standing: { ...scene().standing, bundle: { version: 'pay-1', digest: 'd2' } } }), scene({ standing: { ...scene().standing, tools: [{ ...says, atLeast: 1 }] } })]) expect(text(other)).not.toBe(text(scene()));
  });

  it('counts a tool as permitted as policy does', () => expect(permitted({ permissions: ['a.*', '*.x'] }, [{ tool: 'a.b' }, { tool: 'b.x' }, { tool: 'b.y' }])).toEqual([{ tool: 'a.b' }, { tool: 'b.x' }]));

  it('looks at what an agent may do under conditions, or once it has asked, as at all else', () => {
    const tools = ['ledger.read', 'payments.transfer', 'payments.refund'].map((one) => ({ ...tool, tool: one }));
    const permission = (name: string, more: object) => ({ role: 'payer', permission: { permission: name, tools: [name], ...more } });
    const conditional = { ...profile, permissions: ['ledger.*'], scoped: [permission('payments.transfer', { limits: { callsPerRun: 1 } })], requestable: [permission('payments.refund', { requestable: true })] };
    expect(permitted(conditional, tools).map((one) => one.tool)).toEqual(['ledger.read', 'payments.transfer', 'payments.refund']);
    const low = { ...says, tool: 'payments.transfer', atLeast: 1 } as const;
    const decides = scene({ tools, profile: { ...conditional, euAiAct: { category: 'high', annexIII: null }, affects: ['suppliers'], decidesOnPersons: ['payments.transfer'] }, standing: { ...scene().standing, tools: tools.map((one) => ({ ...low, tool: one.tool })) } });
    expect(gaps(decides)).toEqual(['eu_ai_act']);
    expect(gaps(scene({ profile: { ...conditional, permissions: [], scoped: [permission('ghosts.walk', {})] } }))).toEqual(['tools']);
    expect(gaps(scene({ profile: { ...conditional, permissions: [] } }))).toEqual([]);
  });
});
