import { describe, expect, it } from '@jest/globals';
import type { AgentSnapshot, Delegation, GovernedDecided } from '@countersign/contracts';
import type { RuntimeBody } from './commands.ts';
import { actionId, agent, outcomeOf, proposed, runId, scene } from './scene.fixture.ts';
import type { Scene } from './scene.fixture.ts';
import type { World } from './world.ts';

const behind = { run: '01a3185c-5000-7000-8000-00000000000a', agent: 'planner', jkt: 'p'.repeat(43) };
const planner: AgentSnapshot = { ...agent, agent: 'planner', owner: 'petra', ceiling: 1 };
const terms: Delegation = { agent: 'clerk', scope: '*', instruction: 'pay BOB', calls: 3, seconds: 60, money: { minor: 100, currency: 'EUR' } };
const begun: RuntimeBody = {
  kind: 'started', attestedBy: 'paul', message: { instruction: { text: 'pay the rent', attestation: null }, traceId: null, delegation: { grant: 'csg1.x', arguments: terms } },
  delegation: { ancestors: [behind], instruction: 'd'.repeat(43), attestedBy: 'paul', data: ['customer'], unclassified: false },
};
const agents = (change: Partial<AgentSnapshot> = {}): Partial<World> => ({ agent: (id) => (id === 'clerk' ? agent : id === 'planner' ? { ...planner, ...change } : undefined) });
const child = (): Scene => {
  const s = scene();
  const message = s.message(begun);
  s.tell({ ...message, token: { ...message.token, act: { sub: 'planner' }, parent: { run: behind.run, action: actionId(99) } } }, agents());
  return s;
};
const ask = (s: Scene, n: number, tool = 'tier1', args = {}, over: Partial<World> = agents()): GovernedDecided => s.tell(s.message(proposed(n, tool, args)), over).records[0] as GovernedDecided;

describe('a run that another agent delegated', () => {
  it('begins with what the other one has touched, its words as nobody\'s, and the person who asked', () => {
    expect(child().state.runs.get(runId)).toMatchObject({ dataTouched: ['customer'], context: ['pay the rent', 'pay BOB'], instruction: { attestedBy: 'paul' }, past: { depth: 1 }, delegation: { calls: 3 } });
  });

  it.each<[string, Partial<World>, string]>([
    ['suspended', agents({ status: 'suspended' }), 'agent_not_active'], ['gone', { agent: (id) => (id === 'clerk' ? agent : undefined) }, 'unknown_agent'], ['of another tenant', agents({ tenant: 'globex' }), 'unknown_agent'],
    ['not permitted the tool', agents({ permissions: ['tier2'] }), 'not_permitted'], ['halted', { ...agents(), halt: (_t, who, _tool, run) => (who === 'planner' && run === behind.run ? 'h1' : null) }, 'halted'],
    ['revoked', { ...agents(), revoked: (_run, { agent: who }) => (who === 'planner' ? 'agent' : undefined) }, 'credential_revoked'],
  ])('may do nothing while the agent it acts for is %s', (_, over, code) => expect(ask(child(), 1, 'tier1', {}, over).decision).toMatchObject({ decision: 'deny', code }));

  it('is judged by the lower ceiling and the higher level, and neither owner can approve', () => {
    const seen: unknown[] = [];
    const s = child();
    const level: World['level'] = (id) => (id === 'planner' ? { recorded: 'high', effective: 'high' } : { recorded: 'normal', effective: 'normal' });
    const { decision } = ask(s, 1, 'tier3', {}, { ...agents(), level, judge: (question) => { seen.push([question.agent.ceiling, question.level]); return { facts: {}, failed: [], money: null, verdict: { decision: 'step_up', tier: 3, code: null, rules: [], approval: { route: ['cfo'], quorum: 1, expiresInMs: 1_000 } } }; } });
    expect(seen).toEqual([[1, 'high']]);
    expect(decision.approval?.requesters).toEqual(['olga', 'petra', 'paul']);
  });

  it('spends no more calls and money than were set aside, and takes them home', () => {
    const s = child();
    expect(ask(s, 1, 'tier1', { amount: 80 }).decision.decision).toBe('allow');
    expect(ask(s, 2, 'tier1', { amount: 30 }).decision).toMatchObject({ decision: 'deny', code: 'budget_exceeded' });
    ask(s, 3);
    ask(s, 4);
    expect(ask(s, 5).decision).toMatchObject({ decision: 'deny', code: 'budget_exceeded' });
    const [ended] = s.tell(s.message({ kind: 'ended', message: { reason: 'completed', messages: 7, result: { note: 'unasked' } } }), agents()).records;
    expect(ended).toMatchObject({ delegation: { run: behind.run, action: actionId(99), spent: { calls: 3, money: { minor: 80, currency: 'EUR' } }, fault: 'nothing was asked to be returned' } });
  });

  it('does not start without its grant, nor another run with one', () => {
    const s = scene();
    expect(s.tell(s.message(begun), agents()).records[0]).toMatchObject({ kind: 'message.refused', code: 'delegation_invalid' });
  });
});

describe('a run that delegates', () => {
  const delegate = { ...agents(), tool: (name: string) => ({ snapshot: { ...scene().tool('tier1')!.snapshot, tool: name, audience: 'countersign-registry' } }) };
  const begin = (): Scene => {
    const s = scene();
    s.tell(s.message({ kind: 'started', message: { instruction: { text: 'pay the rent', attestation: null }, traceId: null }, attestedBy: 'paul' }));
    return s;
  };
  const give = (s: Scene, n: number, change: Partial<Delegation> = {}, over: Partial<World> = delegate) => s.tell(s.message(proposed(n, 'countersign.delegate', { ...terms, agent: 'planner', ...change } as never)), over);
  const home = (n: number) => ({ kind: 'returned', message: { action: actionId(n), child: behind.run, agent: 'planner', reason: 'completed', spent: { calls: 1, money: { minor: 40, currency: 'EUR' }, tokens: 0 }, data: ['ledger'], unclassified: false, result: '{}', fault: null } }) as const;

  it('sets aside what it gives, tells in the grant what the child inherits, and has the rest back once', () => {
    const s = begin();
    const draft = give(s, 1);
    expect(draft.grants[0]!.claims.delegation).toMatchObject({ ancestors: [{ run: runId, agent: 'clerk' }], attestedBy: 'paul', data: [] });
    expect(s.state.runs.get(runId)).toMatchObject({ calls: 4, spend: { minor: 100 } });
    expect(s.hear(home(1), delegate).replies[0]).toMatchObject({ code: 'ok', returned: { result: '{}' } });
    expect(s.state.runs.get(runId)).toMatchObject({ calls: 2, spend: { minor: 40 }, dataTouched: ['ledger'] });
    expect(s.hear(home(1), delegate).records[0]).toMatchObject({ kind: 'message.refused', code: 'action_closed' });
  });

  it('cannot say itself what came of it', () => {
    const s = begin();
    give(s, 1);
    expect(s.tell(s.message(outcomeOf(1, 'succeeded', 1)), delegate).records[0]).toMatchObject({ kind: 'message.refused', code: 'conflict' });
  });

  it.each<[string, Partial<Delegation>, Partial<World>, string]>([
    ['to itself', { agent: 'clerk' }, {}, 'delegation_limit'], ['to nobody', { agent: 'ghost' }, {}, 'unknown_agent'], ['more money than it has', { money: { minor: 20_000, currency: 'EUR' } }, {}, 'budget_exceeded'], ['more calls than it has', { calls: 100 }, {}, 'budget_exceeded'],
    ['deeper than is allowed', {}, { limits: { budget: null, grantMs: 1, actionsPerRun: 9, denies: 3, clockSkewMs: 300_000, delegation: { depth: 0 } } }, 'delegation_limit'],
    ['tokens nobody counted', {}, { limits: { budget: { tokens: 10 }, grantMs: 1, actionsPerRun: 9, denies: 3, clockSkewMs: 300_000 } }, 'budget_exceeded'],
    ['for an open result', { resultSchema: { type: 'object' } }, {}, 'arguments_invalid'],
  ])('is refused: %s', (_, change, over, code) => expect(give(begin(), 1, change, { ...delegate, ...over }).records[0]).toMatchObject({ decision: { decision: 'deny', code } }));
});
