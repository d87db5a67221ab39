import { describe, expect, it } from '@jest/globals';
import type { GovernedDecided } from '@countersign/contracts';
import { actionId, agent, dependent, outcomeOf, proposed, resolvedFor, runId, scene, start, started, vote, world } from './scene.fixture.ts';
import type { Question, World } from './world.ts';

const until = start + 60_000;
const watched = { ...agent, observe: { until, by: 'opal' } };
const tools = (enforcement: 'cooperative' | 'brokered') => (name: string) => {
  const known = world().tool(name);
  return known && { snapshot: { ...known.snapshot, enforcement } };
};
const observed = (over: Partial<World> = {}) => {
  const s = scene();
  const setting: Partial<World> = { agent: () => watched, tool: tools('cooperative'), ...over };
  s.tell(s.message(started), setting);
  return { ...s, propose: (n: number, tool: string, args = {}) => s.tell(s.message(proposed(n, tool, args)), setting), setting };
};
const never = (question: Question) => {
  const judged = world().judge(question);
  return { ...judged, verdict: { ...judged.verdict, rules: [...judged.verdict.rules, { id: 'builtin:never-automate', tier: 3 as const, decision: null, reason: 'never' }] } };
};

describe('an observed agent', () => {
  it.each([
    ['tier3', 'step_up', 3, null], ['tier4', 'step_up', 4, null], ['forbidden', 'deny', 3, 'forbidden'], ['wait', 'defer', 1, 'deferred'], ['memo', 'step_up', 3, null], ['note', 'modify', 2, null], ['odd', 'deny', 1, 'rewrite_unstable'], ['tier2', 'allow', 2, null],
  ])('is let through at %s, and the record says that enforcement would %s', (tool, decision, tier, code) => {
    const s = observed();
    const { records, replies, grants } = s.propose(1, tool, { text: 'to a@b.cd', amount: 7 });
    expect(replies).toEqual([expect.objectContaining({ decision: 'allow', code: 'observed', mode: 'observe', arguments: null })]);
    expect(records).toEqual([expect.objectContaining({ kind: 'action.decided', observed: expect.objectContaining({ decision, tier, code, until }), decision: expect.objectContaining({ decision: 'allow', tier, mode: 'observe', approval: null }) as never })]);
    expect(records[0]).not.toHaveProperty('modified');
    expect(grants[0]!.claims).toMatchObject({ observe: true, args: `digest:${JSON.stringify({ text: 'to a@b.cd', amount: 7 })}` });
  });

  it('says on the record who would have been asked, and opens nothing', () => {
    const [record] = observed().propose(1, 'tier3', { amount: 5 }).records as GovernedDecided[];
    expect(record!.observed!.approval).toEqual({ route: ['controller'], quorum: 1, expiresInMs: 60_000, requesters: ['olga', 'paul'] });
    expect(record!.reserved).toEqual({ calls: 1, money: { minor: 5, currency: 'EUR' } });
  });

  it('does not have its run halted by denies, however many', () => {
    const s = observed();
    for (let n = 1; n <= 5; n++) s.propose(n, 'forbidden');
    expect([...s.state.runs.get(runId)!.halts]).toEqual([]);
    expect(s.state.runs.get(runId)!.denies).toBe(0);
  });

  it('has its budget counted and is not stopped by it', () => {
    const s = observed();
    s.propose(1, 'tier1', { amount: 9_000 });
    expect(s.propose(2, 'tier1', { amount: 9_000 }).records[0]).toMatchObject({ observed: { decision: 'deny', code: 'budget_exceeded' }, decision: { decision: 'allow' } });
    expect(s.state.runs.get(runId)).toMatchObject({ calls: 2, spend: { minor: 18_000, currency: 'EUR' } });
  });

  it.each<[string, Partial<World>, string, object]>([
    ['a halt', { halt: () => 'h1' }, 'tier1', { code: 'halted' }],
    ['a suspension', { agent: () => ({ ...watched, status: 'suspended' }) }, 'tier1', { code: 'agent_not_active' }],
    ['a tool nobody knows', {}, 'elsewhere', { code: 'unknown_tool' }],
    ['arguments that fit no schema, for nobody knows whether they are on the never-automate list', {}, 'bad', {}],
    ['a bug in facts or rules', { judge: () => { throw new Error('ours'); } }, 'tier1', { code: 'evaluation_failed' }],
    ['the never-automate list', { judge: never }, 'tier3', { decision: 'step_up' }],
    ['a brokered tool it has no permission for', { agent: () => ({ ...watched, permissions: ['tier1'] }), tool: tools('brokered') }, 'tier2', { code: 'not_permitted' }],
  ])('is stopped all the same by %s', (_, over, tool, expected) => {
    const s = scene();
    s.tell(s.message(started), { agent: () => watched });
    const { records, grants } = s.tell(s.message(proposed(1, tool === 'bad' ? 'tier1' : tool, tool === 'bad' ? { bad: true } : {})), { agent: () => watched, tool: tools('cooperative'), ...over });
    const [record] = records as GovernedDecided[];
    expect(grants).toEqual([]);
    expect(record!.decision.mode).toBeUndefined();
    expect(record!.decision.decision).toBe(record!.observed!.decision);
    expect({ decision: record!.decision.decision, code: record!.decision.code }).toMatchObject(expected);
  });

  it('without permission for a cooperative tool goes on, for it holds the credential anyway; the record says not_permitted', () => {
    const s = observed({ agent: () => ({ ...watched, permissions: ['tier1'] }) });
    expect(s.propose(1, 'tier2').records[0]).toMatchObject({ observed: { decision: 'deny', code: 'not_permitted' }, decision: { decision: 'allow' } });
  });

  it('waits for what its own runtime says an action depends on', () => {
    const s = observed();
    s.propose(1, 'tier3');
    expect(s.tell(s.message(dependent(2, 'tier1', [1])), s.setting).replies[0]).toMatchObject({ decision: 'defer' });
    const after = s.tell(s.message(outcomeOf(1)), s.setting);
    expect(after.replies).toEqual([expect.objectContaining({ kind: 'noted' }), expect.objectContaining({ action: actionId(2), decision: 'allow', mode: 'observe' })]);
  });

  it('is held to the rules from the instant that observing ends, inside a run too; its last grants die with it', () => {
    const s = observed();
    s.at(until - 1_000);
    expect(s.propose(1, 'tier3').grants[0]!.claims.exp).toBe(until / 1_000);
    s.at(until);
    const { replies, records } = s.propose(2, 'tier3');
    expect(replies[0]).toMatchObject({ decision: 'step_up', tier: 3 });
    expect(records[0]).not.toHaveProperty('observed');
    s.at(until + 1);
    for (let n = 3; n <= 5; n++) s.propose(n, 'forbidden');
    expect(s.state.runs.get(runId)!.halts.size).toBe(1);
  });

  it('is held to the rules in a run that acts for another agent', () => {
    const s = observed();
    (s.state.runs.get(runId)!.past as { depth: number }).depth = 1;
    expect(s.propose(1, 'tier3').replies[0]).toMatchObject({ decision: 'step_up' });
  });

  it('is held to the rules where it is of high risk, whatever its snapshot says of observing', () => {
    const s = observed({ agent: () => ({ ...watched, euAiAct: { category: 'high' } }) as never });
    expect(s.propose(1, 'tier3').replies[0]).toMatchObject({ decision: 'step_up' });
  });

  it('lets an approval asked for before it was observed count, and a deny of people stand', () => {
    const s = scene();
    s.tell(s.message(started));
    s.tell(s.message(proposed(1, 'tier3')));
    s.tell(s.message(proposed(2, 'tier3')));
    expect(s.hear(resolvedFor(s, 1, 'approved', [vote('carl', ['controller'])]), { agent: () => watched }).records[0]).toMatchObject({ observed: { decision: 'allow' }, decision: { decision: 'allow', mode: 'observe' } });
    expect(s.hear(resolvedFor(s, 2, 'denied', []), { agent: () => watched }).replies[0]).toMatchObject({ decision: 'deny', code: 'approval_denied' });
  });
});
