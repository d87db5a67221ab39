import { describe, expect, it } from '@jest/globals';
import { fold } from '@countersign/kernel';
import type { AgentReview, PublicJwk } from '@countersign/contracts';
import { agentDecider } from './agent.ts';
import type { AgentCommand, AgentEvent, AgentProfile } from './agent.ts';
import { nodeDecider } from './node.ts';
import type { NodeCommand, NodeEvent } from './node.ts';
import { personDecider } from './person.ts';
import type { PersonEvent } from './person.ts';
import { decideToken, longestRunMs, tokenLifeMs } from './run.ts';
import { toolDecider } from './tool.ts';
import type { ToolDefinition, ToolReview } from './tool.ts';

const key: PublicJwk = { kty: 'OKP', crv: 'Ed25519', x: 'A'.repeat(43), kid: 'k-1' };
const profile: AgentProfile = {
  agent: 'payer', name: 'Payer', owner: 'olga', purpose: 'pays', roles: ['payer'], permissions: ['payments.*'], ceiling: 2, environment: 'test', model: null,
  runtimeTrusted: false, limits: { calls: 10, money: null }, key,
};
const outcome = (o: { status: string; code?: string }) => (o.status === 'refused' ? o.code : o.status);

describe('an agent', () => {
  const registered: AgentEvent = { type: 'agent.registered', profile, by: 'op', at: 1 };
  const because = { by: 'op', reason: 'r', at: 2 };
  const given = (...events: AgentEvent[]) => (command: AgentCommand) => agentDecider.decide(command, fold(agentDecider, events));
  const tell = (type: 'activate' | 'suspend' | 'resume' | 'decommission', over: { basis?: string | null; by?: string; fourEyes?: 'owner' | 'registrar' } = {}): AgentCommand =>
    ({ type, basis: 'b1', fourEyes: 'owner', by: 'op', reason: 'r', now: 2, ...over });
  const review = (over: Partial<AgentReview> = {}): AgentReview => ({ agent: 'payer', passed: true, basis: 'b1', bundle: { version: 'v', digest: 'd' }, consequential: true, checks: [], ...over });
  const reviewed = (over: Partial<AgentReview> = {}): AgentEvent => ({ type: 'agent.reviewed', review: review(over), by: 'op', at: 2 });
  const register = (over: Partial<AgentProfile> = {}, ownerExists = true): AgentCommand => ({ type: 'register', profile: { ...profile, ...over }, ownerExists, by: 'op', now: 1 });

  it('is registered once, with an owner who exists', () => {
    expect(given()(register())).toEqual({ status: 'accepted', events: [registered] });
    expect(outcome(given(registered)(register({ limits: { money: null, calls: 10 } })))).toBe('nothing-new');
    expect(outcome(given(registered)(register({ purpose: 'other' })))).toBe('conflict');
    expect(outcome(given()(register({}, false)))).toBe('invalid_request');
  });

  it('goes through its life and never back from the end', () => {
    const active = [registered, reviewed(), { type: 'agent.activated', ...because }] as const;
    const suspended = [...active, { type: 'agent.suspended', ...because }] as const;
    const gone = [...suspended, { type: 'agent.decommissioned', ...because }] as const;
    expect(given(registered, reviewed())(tell('activate'))).toEqual({ status: 'accepted', events: [{ type: 'agent.activated', ...because }] });
    expect(outcome(given(...active)(tell('activate')))).toBe('nothing-new');
    expect(outcome(given(...suspended)(tell('activate')))).toBe('conflict');
    expect(outcome(given(...suspended)(tell('resume')))).toBe('accepted');
    expect(outcome(given(registered)(tell('suspend')))).toBe('conflict');
    for (const type of ['activate', 'suspend', 'resume'] as const) expect(outcome(given(...gone)(tell(type)))).toBe('conflict');
    expect(outcome(given()(tell('activate')))).toBe('not_found');
    expect(outcome(given(...gone)({ type: 'review', review: review(), by: 'op', now: 3 }))).toBe('conflict');
    expect(outcome(given(...gone)(register({ purpose: 'the same id again' })))).toBe('conflict');
    expect(fold(agentDecider, gone)).toMatchObject({ status: 'decommissioned', createdAt: 1, reviewedAt: 2, because: { ...because, change: 3 } });
  });

  it('is let loose only on a review that passed and still holds, whatever came before', () => {
    const gap = { check: 'raci', passed: false, why: 'nobody', remedy: 'name somebody' } as const;
    expect(outcome(given(registered)(tell('activate')))).toBe('governance_review_required');
    expect(given(registered, reviewed({ passed: false, checks: [gap] }))(tell('activate'))).toMatchObject({ code: 'governance_review_required', detail: expect.stringContaining('raci') });
    expect(outcome(given(registered, reviewed(), reviewed({ passed: false }))(tell('activate')))).toBe('governance_review_required');
    expect(outcome(given(registered, reviewed())(tell('activate', { basis: 'b2' })))).toBe('governance_review_required');
    expect(outcome(given(registered, reviewed())(tell('activate', { basis: null })))).toBe('governance_review_required');
    const suspended = [registered, reviewed(), { type: 'agent.activated', ...because }, { type: 'agent.suspended', ...because }] as const;
    expect(outcome(given(...suspended)(tell('resume', { basis: 'b2' })))).toBe('governance_review_required');
    expect(outcome(given(...suspended, reviewed({ basis: 'b2' }))(tell('resume', { basis: 'b2' })))).toBe('accepted');
    // An agent from before there were reviews is stopped without one, and not let loose again.
    expect(outcome(given(registered, { type: 'agent.activated', ...because })(tell('suspend')))).toBe('accepted');
  });

  it('that can change things is not let loose by who answers for it', () => {
    expect(outcome(given(registered, reviewed())(tell('activate', { by: 'olga' })))).toBe('second_person_required');
    expect(outcome(given(registered, reviewed({ consequential: false }))(tell('activate', { by: 'olga' })))).toBe('accepted');
    expect(outcome(given(registered, reviewed())(tell('activate', { fourEyes: 'registrar' })))).toBe('second_person_required');
    expect(outcome(given(registered, reviewed())(tell('activate', { fourEyes: 'registrar', by: 'other' })))).toBe('accepted');
  });

  it('whose review failed is registered again as it should be, by its own key, and is reviewed anew; nothing else is', () => {
    const again = (over: Partial<AgentProfile>) => register({ purpose: 'mended', ...over });
    const failed = reviewed({ passed: false });
    const mended = given(registered, failed)(again({}));
    expect(mended).toMatchObject({ status: 'accepted', events: [{ type: 'agent.registered', profile: { purpose: 'mended' } }] });
    expect(outcome(given(registered, failed, ...(mended.status === 'accepted' ? mended.events : []))(tell('activate')))).toBe('governance_review_required');
    for (const before of [[registered], [registered, reviewed()], [registered, reviewed(), { type: 'agent.activated', ...because } as const, failed]]) expect(outcome(given(...before)(again({})))).toBe('conflict');
    expect(outcome(given(registered, failed)(again({ key: { ...key, x: 'B'.repeat(43) } })))).toBe('conflict');
  });

  it('mended out of a template is mended by who made it, and nobody who observes it gets it out of enforcement by becoming its owner', () => {
    const failed = reviewed({ passed: false });
    const out = (by: string) => outcome(given(registered, failed)({ ...register({ purpose: 'mended', template: 'payers' }), by } as AgentCommand));
    expect([out('op'), out('lead')]).toEqual(['accepted', 'conflict']);
    const observed: AgentEvent = { type: 'agent.observed', until: 1_000, by: 'op', reason: 'r', at: 1 };
    const enforced = expect.objectContaining({ type: 'agent.enforced' });
    expect(given(registered, observed, failed)(register({ owner: 'op' }))).toMatchObject({ events: [{ type: 'agent.registered' }, enforced] });
    expect(given(registered, observed, failed)(register({ owner: 'tom' }))).toMatchObject({ events: [{ type: 'agent.registered' }] });
    expect(given(registered, observed, failed)({ ...register({ owner: 'tom' }), euAiAct: { category: 'high' } } as AgentCommand)).toMatchObject({ events: [{ type: 'agent.registered' }, enforced] });
    const offered: AgentEvent = { type: 'agent.owner_offered', to: 'op', reason: 'r', by: 'olga', at: 2 };
    expect(given(registered, observed, offered)({ type: 'accept', by: 'op', now: 3 })).toMatchObject({ events: [{ type: 'agent.reassigned' }, enforced] });
  });

  it('for a prohibited practice is not registered', () => {
    expect(outcome(given()({ ...register(), euAiAct: { category: 'prohibited' } } as AgentCommand))).toBe('prohibited_practice');
  });
});

describe('a person', () => {
  const invited: PersonEvent = { type: 'person.invited', person: 'tom', name: 'Tom', roles: ['treasurer'], code: 'hash', expiresAt: 100, by: 'op', at: 1 };
  const enrol = (events: PersonEvent[], over: { code?: string; key?: PublicJwk; now?: number } = {}) => outcome(personDecider.decide({ type: 'enrol', code: 'hash', key, founding: true, now: 5, ...over }, fold(personDecider, events)));

  it('enrols with the code of the last invitation, in time, once', () => {
    expect(enrol([invited])).toBe('accepted');
    expect(enrol([invited], { code: 'other' })).toBe('enrolment_invalid');
    expect(enrol([invited], { now: 100 })).toBe('enrolment_invalid');
    expect(enrol([invited, { ...invited, code: 'newer' }])).toBe('enrolment_invalid');
    const enrolled: PersonEvent[] = [invited, { type: 'person.enrolled', key, at: 5 }];
    expect(enrol(enrolled)).toBe('nothing-new');
    expect(enrol(enrolled, { key: { ...key, x: 'B'.repeat(43) } })).toBe('enrolment_invalid');
    expect(enrol([])).toBe('enrolment_invalid');
  });
});

describe('a tool', () => {
  const tool: ToolDefinition = {
    tool: 'bank.pay', system: 'bank', title: 'Pays', schema: { type: 'object' }, consequential: true, reversible: false, compensator: null, dataClasses: ['payments'], enforcement: 'brokered',
    audience: 'bank', facts: { amount: 'args.minor' }, resultTrust: 'record', resultFields: {},
  };
  const put = (definition: string, over: Partial<ToolDefinition> = {}, review: ToolReview | null = null) => ({ type: 'put' as const, tool: { ...tool, ...over }, definition, review, by: 'op', now: 1 });
  const declared = fold(toolDecider, [{ type: 'tool.put', tool, definition: 'h1', by: 'op', at: 1 }]);
  const review: ToolReview = { by: 'rob', roles: ['policy-reviewer'], tool: 'bank.pay', definition: 'h2', replaces: 'h1', jws: 'rob\'s signature' };

  it('is declared by one person, and gets a new version for new content only', () => {
    expect(outcome(toolDecider.decide(put('h1'), toolDecider.initialState))).toBe('accepted');
    expect(outcome(toolDecider.decide(put('h1'), declared))).toBe('nothing-new');
    expect(outcome(toolDecider.decide(put('h2', { title: 'Pays somebody' }), declared))).toBe('accepted');
  });

  it.each([
    ['called reversible', { reversible: true }],
    ['called reversible by another tool', { reversible: true, compensator: 'bank.back' }],
    ['no longer called consequential', { consequential: false }],
    ['enforced more weakly', { enforcement: 'cooperative' }],
    ['trusted more', { resultTrust: 'directory' }],
    ['trusted more in a field', { resultFields: { iban: 'record' } }],
    ['given another way to its facts', { facts: { amount: '0' } }],
    ['given another schema', { schema: { type: 'object', minProperties: 0 } }],
    ['said to touch less data', { dataClasses: [] }],
  ] as const)('that is %s needs a second person', (_, over) => {
    const change = put('h2', over as never);
    expect(outcome(toolDecider.decide(change, declared))).toBe('review_required');
    for (const wrong of [{ definition: 'h3' }, { replaces: 'h0' }, { tool: 'other' }, { roles: ['operator'] }]) expect(outcome(toolDecider.decide({ ...change, review: { ...review, ...wrong } }, declared))).toBe('review_required');
    expect(outcome(toolDecider.decide({ ...change, review: { ...review, by: 'op' } }, declared))).toBe('self_approval');
    expect(toolDecider.decide({ ...change, review }, declared)).toMatchObject({ status: 'accepted', events: [{ review: { by: 'rob', jws: 'rob\'s signature' } }] });
  });

  it.each([['enforced more strongly', { enforcement: 'sandboxed' }], ['trusted less', { resultTrust: 'third_party' }], ['said to touch more data', { dataClasses: ['payments', 'personal'] }]] as const)('that is %s needs nobody else', (_, over) => {
    expect(outcome(toolDecider.decide(put('h2', over as never), declared))).toBe('accepted');
  });
});

describe('a node of the system graph', () => {
  it('gets a new version for new content only, goes, and may come back', () => {
    const put = (digest: string): NodeCommand => ({ type: 'put', node: { node: 'component:web' } as never, digest, by: 'op', now: 1 });
    const remove: NodeCommand = { type: 'remove', by: 'op', now: 2 };
    const after = (...commands: NodeCommand[]) => fold(nodeDecider, commands.reduce<NodeEvent[]>((events, command) => {
      const made = nodeDecider.decide(command, fold(nodeDecider, events));
      return made.status === 'accepted' ? [...events, ...made.events] : events;
    }, []));
    expect(outcome(nodeDecider.decide(put('h1'), after(put('h1'))))).toBe('nothing-new');
    expect(outcome(nodeDecider.decide(put('h2'), after(put('h1'))))).toBe('accepted');
    expect(outcome(nodeDecider.decide(remove, after()))).toBe('nothing-new');
    expect(after(put('h1'), remove)).toMatchObject({ status: 'gone' });
    expect(after(put('h1'), remove, put('h1'))).toMatchObject({ status: 'live' });
  });
});

describe('a token', () => {
  const ask = { agent: 'payer', status: 'active' as const, jkt: 'j', newRun: 'r2', now: 1_000 };
  const run = { run: 'r1', agent: 'payer', jkt: 'j', notAfter: 2_000 };
  it('opens a run, or renews within its life for its agent and session key', () => {
    expect(decideToken(ask, undefined)).toMatchObject({ status: 'issue', opened: true, expiresAt: 1_000 + tokenLifeMs, run: { run: 'r2', notAfter: 1_000 + longestRunMs } });
    expect(decideToken(ask, run)).toMatchObject({ status: 'issue', opened: false, expiresAt: 2_000, run });
    expect(decideToken({ ...ask, status: 'suspended' as never }, run)).toMatchObject({ code: 'agent_not_active' });
    expect(decideToken(ask, null)).toMatchObject({ code: 'run_unknown' });
    expect(decideToken(ask, { ...run, agent: 'x' })).toMatchObject({ code: 'run_unknown' });
    expect(decideToken(ask, { ...run, jkt: 'x' })).toMatchObject({ code: 'wrong_key' });
    expect(decideToken({ ...ask, now: 2_000 }, run)).toMatchObject({ code: 'run_expired' });
  });
});
