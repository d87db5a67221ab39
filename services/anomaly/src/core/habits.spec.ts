import { describe, expect, it } from '@jest/globals';
import { actOf, keys, start } from './act.ts';
import { agentProbation, newSurprise, peerProbation } from './behaviour.ts';
import { detect, newDetector } from './detect.ts';
import type { DetectorState } from './detect.ts';
import { hashText } from './hash.ts';
import { driftOf, frozenAt, learnMix } from './mix-drift.ts';
import { newPace, turnMinute } from './pace.ts';
import type { ActionSeen } from './observation.ts';
import type { Score } from './score.ts';
import { newsOf } from './spread.ts';
import { countOf, standing } from './table.ts';
import { amountTail, learnAmount, newAmounts } from './tails.ts';

const minute = 60_000, hour = 60 * minute, day = 24 * hour, monday = Date.UTC(2026, 0, 5);
const action = (agent: string, run: string, now: number, over: Partial<ActionSeen>): ActionSeen => ({
  kind: 'action', tenant: 'acme', agent, run, action: `${run}-${now}`, now, tool: 'desk.reply', group: 'clerk', owner: agent, version: 1, consequential: true, reversible: false, impact: 'medium', targets: [], trust: 'instruction', from: null, signs: [], denied: false, ...over,
});
/** A whole run of a few actions, a minute each. Every run has a task of its own unless one is named. */
const run = (state: DetectorState, agent: string, name: string, now: number, steps: readonly Partial<ActionSeen>[], task = name): readonly Score[] => {
  const about = { tenant: 'acme', agent, run: name };
  detect(state, { kind: 'started', ...about, now, task });
  const scores = steps.map((step, i) => detect(state, action(agent, name, now + i * minute, step))!);
  detect(state, { kind: 'ended', ...about, now: now + hour });
  return scores;
};
/** Six agents of six owners who write to their customers for a fortnight. */
const house = () => {
  const state = newDetector();
  for (let n = 0; n < 168; n++) run(state, `agent-${n % 6}`, `run-${n}`, monday + n * 2 * hour, [{ targets: [`customer-${n % 9}`] }]);
  return { state, now: monday + 14 * day };
};
const newness = (scores: readonly Score[]): number => scores.at(-1)!.contributions.find(({ feature }) => feature === 'target')?.nats ?? 0;
const group = (state: DetectorState) => state.groups.get('acme clerk')!.habits;
const habits = (state: DetectorState, agent: string) => state.agents.get(`acme ${agent}`)!.habits;

describe('a target that nobody used before', () => {
  const tryOn = (before: readonly (readonly [string, number])[]): number => {
    const { state, now } = house();
    before.forEach(([agent, at], n) => { run(state, agent, `before-${n}`, now + at, [{ targets: ['newcomer'] }]); });
    return newness(run(state, 'agent-2', 'now', now + 5 * day, [{ targets: ['newcomer'] }]));
  };

  it('is half as surprising once somebody else has used it, and no news after three runs on two days of two owners', () => {
    const never = tryOn([]), once = tryOn([['agent-0', 0]]);
    expect(never).toBeGreaterThan(1);
    expect(once / never).toBeGreaterThan(0.4);
    expect(once / never).toBeLessThan(0.6);
    // Not many runs of one owner, nor of two on one day, nor two runs.
    for (const young of [[['agent-0', 0], ['agent-0', day], ['agent-0', 2 * day]], [['agent-0', 0], ['agent-1', hour], ['agent-0', 2 * hour]], [['agent-0', 0], ['agent-1', day]]] as const) expect(tryOn(young)).toBeGreaterThan(once * 0.7);
    expect(tryOn([['agent-0', 0], ['agent-1', day], ['agent-0', 2 * day]])).toBe(0);
  });

  it('is known to the agent that used it on two days by itself', () => {
    expect(tryOn([['agent-2', 0], ['agent-2', hour], ['agent-2', 2 * hour]])).toBeGreaterThan(0);
    expect(tryOn([['agent-2', 0], ['agent-2', hour], ['agent-2', day]])).toBe(0);
  });
});

describe('what peers do', () => {
  it('stays on probation while it is the habit of one owner only, for however many days', () => {
    const { state, now } = house();
    const used = () => countOf(group(state), keys.tool(hashText('desk.refund')), peerProbation);
    for (let n = 0; n < 10; n++) {
      run(state, 'agent-0', `refund-${n}`, now + n * day, [{ tool: 'desk.refund' }]);
      run(state, 'agent-1', `reply-${n}`, now + n * day, [{ targets: ['customer-1'] }]);
    }
    expect(used()).toBe(1);
    run(state, 'agent-1', 'refund-other', now + 9 * day + 2 * hour, [{ tool: 'desk.refund' }]);
    expect(used()).toBe(11);
  });
});

describe('what a day may teach', () => {
  it('is bounded for an agent: what is young beyond it is not learned, what is known goes on, and the next day begins anew', () => {
    const { state, now } = house();
    for (let n = 0; n < 10; n++) {
      run(state, 'agent-0', `flood-${n}`, now + n * minute, Array.from({ length: 8 }, (_, i) => ({ targets: Array.from({ length: 16 }, (__, k) => `flood-${n}-${i}-${k}`) })));
      // Analysts may have found nothing in it: a day teaches no more than that all the same.
      detect(state, { kind: 'disposed', tenant: 'acme', agent: 'agent-0', run: `flood-${n}`, now: now + hour, verdict: 'false' });
    }
    const table = habits(state, 'agent-0');
    expect(table.moved).toBe(500);
    const known = countOf(table, keys.tool(hashText('desk.reply')), agentProbation);
    run(state, 'agent-0', 'usual', now + 2 * hour, [{}]);
    expect([table.moved, countOf(table, keys.tool(hashText('desk.reply')), agentProbation)]).toEqual([500, known + 1]);
    run(state, 'agent-0', 'tomorrow', now + day, [{ targets: ['somebody'] }]);
    expect(table.moved).toBeGreaterThan(0);
    expect(table.moved).toBeLessThan(10);
  });

  it('leaves out minutes that people were told of', () => {
    const rate = (isTold: boolean): number => {
      const pace = newPace();
      for (let n = 0; n < 100; n++) { turnMinute(pace, n); pace.count = 2; }
      turnMinute(pace, 100);
      pace.count = 400;
      if (isTold) pace.told = 100;
      turnMinute(pace, 101);
      return pace.shape / pace.minutes;
    };
    expect(rate(true)).toBeCloseTo(2, 5);
    expect(rate(false)).toBeGreaterThan(2.1);
  });

  it('is little where a run was longer or dearer than ever: amounts are clipped', () => {
    const tokens = newAmounts();
    for (let i = 0; i < 50; i++) learnAmount(tokens, 1_000 + (i % 7) * 100);
    for (let i = 0; i < 5; i++) learnAmount(tokens, 100_000_000);
    expect(amountTail(tokens, 13_000)).toBeLessThan(1e-3);
    expect(amountTail(tokens, 1_300)).toBeGreaterThan(0.5);
  });
});

describe('what analysts expected', () => {
  const said = (verdict: 'false' | 'expected') => {
    const { state, now } = house();
    const agent = state.agents.get('acme agent-0')!;
    for (let n = 0; n < frozenAt; n++) learnMix(agent.mix, hashText(`tool-${n % 3}`));
    for (let n = 0; n < 300; n++) learnMix(agent.mix, hashText('desk.refund'));
    agent.strayed = driftOf(agent.mix);
    expect(agent.strayed).toBeGreaterThan(0);
    const about = { tenant: 'acme', agent: 'agent-0', run: 'new' };
    detect(state, { kind: 'started', ...about, now, task: 'new' });
    detect(state, action('agent-0', 'new', now, { tool: 'desk.refund', targets: ['bank'] }));
    detect(state, { kind: 'disposed', ...about, now: now + hour, verdict });
    run(state, 'agent-0', 'again', now + 2 * hour, [{ tool: 'desk.refund', targets: ['bank'] }]);
    const key = keys.tool(hashText('desk.refund')), target = keys.target(hashText('desk.refund'), hashText('bank'));
    return { refunds: countOf(agent.habits, key, agentProbation), target: standing(agent.habits, target, agentProbation), drift: driftOf(agent.mix), strayed: agent.strayed, peers: countOf(group(state), key, peerProbation) };
  };

  it('is the agent\'s habit at once, and what it does now is where drift begins; for its peers it is on probation', () => {
    expect(said('expected')).toEqual({ refunds: 2, target: 2, drift: 0, strayed: 0, peers: 1 });
  });

  it('is more than a mistake of ours: that is learned on probation, and drift stays drift', () => {
    expect(said('false')).toMatchObject({ refunds: 1, target: 1, drift: expect.any(Number), peers: 1 });
    expect(said('false').drift).toBeGreaterThan(0.05);
  });
});

describe('an agent that is registered as another one', () => {
  it('takes no run of its former self with it, whatever analysts say of that later', () => {
    const { state, now } = house();
    const about = { tenant: 'acme', agent: 'agent-0', run: 'former' };
    detect(state, action('agent-0', 'former', now, { tool: 'desk.refund' }));
    const agent = state.agents.get('acme agent-0')!;
    agent.open.at(-1)!.alerted = true;
    detect(state, { kind: 'ended', ...about, now: now + minute });
    expect(agent.pending.map((one) => one.run)).toEqual(['former']);
    detect(state, action('agent-0', 'next', now + hour, { version: 2 }));
    expect(agent.pending).toEqual([]);
    detect(state, { kind: 'disposed', ...about, now: now + 2 * hour, verdict: 'expected' });
    expect(countOf(agent.habits, keys.tool(hashText('desk.refund')), agentProbation)).toBe(0);
  });
});

describe('what is worth telling other partitions', () => {
  const news = (over: Partial<ActionSeen>, peersOfTarget = 0, step: { readonly expected: number; readonly peers: number } = { expected: 1, peers: 0 }) => {
    const surprise = newSurprise();
    surprise.expected.fill(1);
    surprise.peers[2] = peersOfTarget;
    surprise.expected[1] = step.expected;
    surprise.peers[1] = step.peers;
    return newsOf(actOf(action('a', 'r', 0, { targets: ['stranger'], trust: 'document', ...over }), start), surprise);
  };

  it('is a doubtful target that no peer has, of a tool that acts; not a new customer whom a record names', () => {
    expect(news({})).toEqual([keys.target(hashText('desk.reply'), hashText('stranger'))]);
    for (const quiet of [news({ trust: 'alias' }), news({ trust: 'record' }), news({}, 0.1), news({ consequential: false }), news({ targets: [] })]) expect(quiet).toEqual([]);
  });

  it('is a step that hardly ever happens and that no peer ever took', () => {
    expect(news({ trust: 'instruction' }, 0, { expected: 0.01, peers: 0 })).toEqual([keys.pair(start, hashText('desk.reply'))]);
    expect([news({ trust: 'instruction' }, 0, { expected: 0.03, peers: 0 }), news({ trust: 'instruction' }, 0, { expected: 0.01, peers: 0.001 })]).toEqual([[], []]);
    expect(news({ targets: Array.from({ length: 9 }, (_, n) => `t-${n}`) })).toHaveLength(4);
  });
});
