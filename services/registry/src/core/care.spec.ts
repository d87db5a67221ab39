import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { fold } from '@countersign/kernel';
import { agentDecider } from './agent.ts';
import type { AgentCommand, AgentEvent, AgentProfile } from './agent.ts';
import { careSnapshot } from './care.ts';
import type { RaciMatrix } from './raci.ts';
import type { Terms } from './tend.ts';

const day = 86_400_000;
const terms: Terms = { orphanMs: day, certifyHighMs: 90 * day, certifyMs: 365 * day, remindMs: 14 * day, overdueMs: 30 * day, unusedMs: 60 * day };
const profile = { agent: 'payer', name: 'Payer', owner: 'carol', purpose: 'pays', roles: [], permissions: ['pay.*'], ceiling: 2, environment: 'test', model: null, runtimeTrusted: false, limits: { calls: 1, money: null }, key: { kty: 'OKP', crv: 'Ed25519', x: 'A'.repeat(43), kid: 'k' } } as AgentProfile;
const active = (over: object = {}): AgentEvent[] => [{ type: 'agent.registered', profile: { ...profile, ...over }, by: 'op', at: 0 }, { type: 'agent.activated', by: 'op', reason: 'r', at: 0 }];
const high = { euAiAct: { category: 'high' } };

/** Everything told one after the other; what was refused is its code. */
const story = (events: AgentEvent[], ...commands: AgentCommand[]) => {
  const said: string[] = [];
  for (const command of commands) {
    const outcome = agentDecider.decide(command, fold(agentDecider, events));
    said.push(...(outcome.status === 'accepted' ? outcome.events.map(({ type }) => type.slice(6)) : [outcome.status === 'refused' ? outcome.code : '-']));
    if (outcome.status === 'accepted') events = [...events, ...outcome.events];
  }
  const agent = fold(agentDecider, events);
  if (agent.status === 'none') throw new Error('no agent');
  return { said, events, agent, is: { status: agent.status, owner: agent.profile.owner, ...careSnapshot(agent) } };
};
const tend = (now: number, over: { ownerActive?: boolean; lastUse?: number | null } = {}): AgentCommand => ({ type: 'tend', ownerActive: true, lastUse: now, ...over, by: 'registry', now, terms });
const gone = (now: number) => tend(now, { ownerActive: false });
const offer = (to: string, over: object = {}): AgentCommand => ({ type: 'offer', to, toActive: true, operator: true, by: 'op', reason: 'r', now: 1, ...over });
const accept = (by: string): AgentCommand => ({ type: 'accept', by, now: 2 });
const recertify = (by: string, now: number, over: object = {}): AgentCommand => ({ type: 'recertify', by, ownerActive: true, entitled: true, reason: 'looked', now, ...over });
const raci = (by: string, matrix: RaciMatrix, over: object = {}): AgentCommand => ({ type: 'raci', raci: matrix, gaps: [], operator: false, by, reason: 'r', now: 3, ...over });
const resume: AgentCommand = { type: 'resume', by: 'op', reason: 'r', now: 9 } as AgentCommand;

describe('an agent whose owner leaves', () => {
  it('does nothing without a person from the moment it is known, once', () => {
    expect(story(active(), gone(5), gone(6))).toMatchObject({ said: ['orphaned', '-'], is: { status: 'active', ceiling: 0, lowered: [{ reason: 'orphaned', ceiling: 0, since: 5 }] } });
  });
  it('is suspended when nobody takes it over in time, and not resumed before somebody does', () => {
    expect(story(active(), gone(5), gone(4 + day), gone(5 + day), gone(6 + day), resume)).toMatchObject({ said: ['orphaned', '-', 'lapsed', 'suspended', '-', 'owner_not_active'], is: { status: 'suspended', lapsed: 'orphaned' } });
  });
  it('has the whole grace from the moment it is said, however late somebody looks', () => {
    expect(story(active(), gone(100 * day)).said).toEqual(['orphaned']);
  });
  it('is taken over by somebody who says yes, and works as before', () => {
    const { said, is } = story(active(), gone(5), offer('bob'), accept('eve'), accept('bob'), accept('bob'));
    expect(said).toEqual(['orphaned', 'owner_offered', 'not_offered', 'reassigned', '-']);
    expect(is).toEqual({ status: 'active', owner: 'bob', ceiling: 2, certifiedAt: 0 });
  });
  it('is resumed after somebody has taken it over, through its governance review like any other', () => {
    expect(story(active(), gone(5), gone(5 + day), offer('bob'), accept('bob'), resume)).toMatchObject({ said: ['orphaned', 'lapsed', 'suspended', 'owner_offered', 'reassigned', 'governance_review_required'], is: { status: 'suspended', ceiling: 2 } });
  });
  it('has its duties taken over with it, as far as who left had them', () => {
    const before = { trigger: { accountable: 'carol' }, incident: { accountable: 'dan' } };
    expect(story(active({ raci: before }), gone(5), offer('bob'), accept('bob')).agent.profile.raci).toEqual({ trigger: { accountable: 'bob' }, incident: { accountable: 'dan' } });
    expect(story(active({ raci: before }), offer('bob'), accept('bob')).agent.profile.raci).toEqual(before);
  });
  it('is no orphan any more when they come back', () => {
    expect(story(active(), gone(5), tend(6)).is).toMatchObject({ status: 'active', ceiling: 2 });
  });
  it('goes to nobody who has left, not to who has it, and not by a stranger', () => {
    expect(story(active(), offer('carol'), offer('dan', { toActive: false }), offer('eve', { operator: false, by: 'eve' }), offer('bob', { operator: false, by: 'carol' })).said).toEqual(['self_transfer', 'owner_not_active', 'forbidden', 'owner_offered']);
  });
  it('whom it was offered first may not take it after it was offered to another', () => {
    expect(story(active(), offer('bob'), offer('eve'), accept('bob')).said.at(-1)).toBe('not_offered');
  });
});

describe('recertification', () => {
  it('is announced, then lowers by one tier, then suspends; a high-risk agent after 90 days', () => {
    const { said, is } = story(active(high), tend(75 * day), tend(76 * day), tend(77 * day), tend(90 * day), tend(119 * day), tend(120 * day), resume);
    expect(said).toEqual(['-', 'recertification_due', '-', 'recertification_overdue', '-', 'lapsed', 'suspended', 'recertification_overdue']);
    expect(is).toMatchObject({ status: 'suspended', ceiling: 1, lowered: [{ reason: 'recertification_overdue', ceiling: 1 }] });
  });
  it('any other agent after a year, by its owner alone', () => {
    expect(story(active(), tend(364 * day), tend(365 * day), recertify('op', 366 * day), recertify('carol', 366 * day), tend(367 * day))).toMatchObject({ said: ['recertification_due', 'recertification_overdue', 'forbidden', 'recertified', '-'], is: { ceiling: 2, certifiedAt: 366 * day } });
  });
  it('of a high-risk agent takes the owner first and then somebody else', () => {
    expect(story(active(high), recertify('op', 1), recertify('carol', 1), recertify('carol', 2), recertify('eve', 3, { entitled: false }), recertify('op', 3))).toMatchObject({ said: ['conflict', 'recertification_signed', 'second_person_required', 'forbidden', 'recertified'], is: { certifiedAt: 3 } });
    expect(story(active(high), recertify('carol', 1), recertify('op', 8 * day)).said.at(-1)).toBe('conflict');
  });
  it('is not done for an owner who has left, and an old owner\'s part is not the new one\'s', () => {
    expect(story(active(high), recertify('carol', 1, { ownerActive: false })).said).toEqual(['owner_not_active']);
    expect(story(active(high), recertify('carol', 1), offer('bob'), accept('bob'), recertify('op', 3)).said.at(-1)).toBe('conflict');
  });
  it('of an overdue orphan that was taken over is still overdue: each lowering ends by its own remedy', () => {
    expect(story(active(), tend(365 * day, { ownerActive: false }), offer('bob'), accept('bob')).is).toMatchObject({ ceiling: 1, lowered: [{ reason: 'recertification_overdue' }] });
    expect(story(active({ ceiling: 1 }), tend(365 * day)).is.ceiling).toBe(0);
  });
});

it('an agent that nobody uses is reported once per silence', () => {
  expect(story(active(), tend(59 * day, { lastUse: null }), tend(60 * day, { lastUse: null }), tend(61 * day, { lastUse: null }), tend(130 * day, { lastUse: 65 * day }), tend(131 * day, { lastUse: 65 * day })).said).toEqual(['-', 'abandoned', '-', 'abandoned', '-']);
});

it('whatever happens, the ceiling is the lowest of the declared one and every reason that was not remedied', () => {
  const commands = fc.array(fc.constantFrom<(now: number) => AgentCommand>(
    tend, gone, (now) => offer('bob', { now }), (now) => ({ type: 'accept', by: 'bob', now }), (now) => recertify('carol', now), (now) => recertify('bob', now),
    (now) => ({ type: 'suspend', by: 'op', reason: 'r', now }) as AgentCommand, (now) => ({ ...resume, now }) as AgentCommand), { maxLength: 25 });
  fc.assert(fc.property(commands, fc.constantFrom(1, 2), (list, ceiling) => {
    const { events, is } = story(active({ ceiling }), ...list.map((one, i) => one(i * 100 * day)));
    const last = (...types: string[]) => events.findLast(({ type }) => types.includes(type))?.type;
    const orphan = last('agent.orphaned', 'agent.owner_back', 'agent.reassigned') === 'agent.orphaned';
    const overdue = last('agent.recertification_overdue', 'agent.recertified') === 'agent.recertification_overdue';
    expect(is.ceiling).toBe(orphan ? 0 : overdue ? ceiling - 1 : ceiling);
    expect((is.lowered ?? []).map(({ reason }) => reason)).toEqual([...(orphan ? ['orphaned'] : []), ...(overdue ? ['recertification_overdue'] : [])]);
  }), { seed: 5, numRuns: 300 });
});

describe('who answers for an agent', () => {
  const duties = { incident: { accountable: 'dan' } };
  it('is said by its owner or an operator, once', () => {
    const { said, agent } = story(active(), raci('carol', duties), raci('carol', { incident: { accountable: 'dan', informed: [] } }), raci('eve', {}), raci('op', {}, { operator: true }));
    expect(said).toEqual(['raci_changed', '-', 'forbidden', 'raci_changed']);
    expect(agent.profile.raci).toEqual({});
  });
  it('is never nobody while the agent lives; a draft may have gaps', () => {
    const gaps = [{ stage: 'logging', why: 'nobody' }, { stage: 'incident', why: 'not_active', person: 'dan' }];
    expect(story(active(), raci('carol', duties, { gaps })).said).toEqual(['raci_gaps']);
    expect(story(active().slice(0, 1), raci('carol', duties, { gaps })).said).toEqual(['raci_changed']);
  });
});
