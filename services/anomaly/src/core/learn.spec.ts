import { describe, expect, it } from '@jest/globals';
import { detect, newDetector } from './detect.ts';
import type { DetectorState } from './detect.ts';
import { defaultBudget } from './evidence.ts';
import type { ActionSeen } from './observation.ts';
import type { Score } from './score.ts';

const minute = 60_000, hour = 60 * minute, monday = Date.UTC(2026, 0, 5);
type Step = Partial<ActionSeen> & { readonly tool: string };

const run = (state: DetectorState, agent: string, name: string, at: number, steps: readonly Step[], version = 1, budget = defaultBudget): Score[] => {
  const about = { tenant: 'acme', agent, run: name };
  detect(state, { kind: 'started', ...about, now: at, task: 'answer customers' }, budget);
  const scores = steps.map((step, i) => detect(state, {
    kind: 'action', ...about, now: at + i * minute, action: `${name}-${i}`, group: 'clerk', owner: agent, version, consequential: true, reversible: false, impact: 'medium', targets: [], trust: 'none', from: null, signs: [], denied: false, ...step,
  }, budget)!);
  detect(state, { kind: 'ended', ...about, now: at + steps.length * minute });
  return scores;
};
const reply = (to: string, over: Partial<ActionSeen> = {}): readonly Step[] => [{ tool: 'desk.read', consequential: false }, { tool: 'desk.reply', targets: [to], trust: 'instruction', ...over }];
const smuggled: Partial<ActionSeen> = { trust: 'third_party', from: 'mail.read', signs: ['act_unasked', 'strange_text'] };

/** Six agents answer customers around the clock for weeks; in one run of `rare` the customer is named in a document. */
const office = (runs: number, every = 10 * minute, rare = 30): { readonly state: DetectorState; readonly now: number; readonly last: readonly Score[] } => {
  const state = newDetector();
  const last = Array.from({ length: runs }, (_, n) => run(state, `agent-${n % 6}`, `run-${n}`, monday + n * every, reply(`customer-${n * 31 % 40}`, n * 17 % rare === 0 ? { trust: 'document' } : {})).at(-1)!);
  return { state, now: monday + runs * every, last: last.slice(runs / 2) };
};

describe('what is rare and normal', () => {
  it('does not stay odd for ever: it is as odd as it is rare, and nobody is called for it', () => {
    const { last } = office(1_800);
    expect(last.filter(({ alert }) => alert)).toEqual([]);
    expect(last.filter(({ pValue }) => pValue <= 0.01).length / last.length).toBeLessThan(0.02);
  });

  it('does not hide what is odd beside it', () => {
    const { state, now } = office(1_800);
    expect(run(state, 'agent-2', 'bad', now, reply('mallory@evil.example', smuggled)).at(-1)!.alert).toBe(true);
  });
});

describe('a run that speaks of hijack and was not alerted about', () => {
  it('teaches how often such things happen, not whom they went to', () => {
    const { state, now } = office(1_800, 10 * minute, 20);
    const agent = state.agents.get('acme agent-1')!;
    const { runs } = agent.habits;
    const doubtful = reply('mallory@evil.example', { trust: 'document' });
    const newness = (score: Score) => score.contributions.find(({ feature }) => feature === 'target')?.nats ?? 0;
    const odd = run(state, 'agent-1', 'odd', now, doubtful).at(-1)!;
    expect(odd.pValue).toBeLessThan(0.01);
    expect(odd.alert).toBe(false);
    expect(agent.habits.runs).toBe(runs + 1);
    expect(agent.pending.at(-1)).toMatchObject({ run: 'odd', lessons: { own: [], targets: [expect.any(Number), expect.any(Number)] } });
    const again = run(state, 'agent-1', 'again', now + hour, doubtful).at(-1)!;
    expect(newness(again)).toBeGreaterThan(newness(odd) * 0.9);
    // Analysts say that it was nothing: now the target is known, on probation, and the run does not count twice.
    for (const name of ['odd', 'again']) detect(state, { kind: 'disposed', tenant: 'acme', agent: 'agent-1', run: name, now: now + 2 * hour, verdict: 'false' });
    expect(agent.habits.runs).toBe(runs + 2);
    expect(newness(run(state, 'agent-1', 'cleared', now + 3 * hour, doubtful).at(-1)!)).toBeCloseTo(newness(again) / 2, 1);
  });
});

describe('a registered change', () => {
  const changed: readonly Step[] = [...reply('customer-1'), { tool: 'desk.refund', targets: ['account-1'], trust: 'instruction' }];
  // An eager house: everything as odd as one in ten is an alert.
  const eager = { falseShare: 100, perDay: 50 };
  const after = (version: number, steps: readonly Step[]) => {
    const { state, now } = office(1_800, 10 * minute, 1_000);
    return Array.from({ length: 6 }, (_, n) => run(state, `agent-${n}`, `new-${n}`, now + n * minute, steps, version, eager).at(-1)!);
  };

  it('explains a new step: no storm of alerts about the agents that were registered with it', () => {
    expect(after(2, changed).filter(({ alert }) => alert)).toEqual([]);
    expect(after(1, changed).filter(({ alert }) => alert).length).toBeGreaterThan(0);
  });

  it('excuses neither hijack nor a loop', () => {
    expect(after(2, reply('mallory@evil.example', smuggled)).filter(({ alert }) => alert).length).toBeGreaterThan(0);
    const { state, now } = office(1_800);
    run(state, 'agent-0', 'renewed', now, reply('customer-2'), 2);
    const about = { kind: 'action', tenant: 'acme', agent: 'agent-0', run: 'loop', tool: 'desk.read', group: 'clerk', owner: 'agent-0', version: 2, consequential: false, reversible: true, impact: 'low', targets: [], trust: 'none', from: null, signs: [], denied: false } as const;
    const loop = Array.from({ length: 120 }, (_, i) => detect(state, { ...about, now: now + hour + i * 100, action: `a-${i}` })!);
    expect(loop.filter(({ alert }) => alert)).toHaveLength(1);
  });
});

describe('a run that was alerted about', () => {
  const agent = 'agent-1', about = { tenant: 'acme', agent, run: 'bad' };
  const learned = (state: DetectorState) => { const { habits, lengths, tokens, cost } = state.agents.get(`acme ${agent}`)!; return [habits.runs, lengths.n, tokens.n, cost.n]; };
  const failures = (state: DetectorState) => state.agents.get(`acme ${agent}`)!.failures.n;
  const alerted = () => {
    const { state, now } = office(1_800);
    const before = learned(state);
    detect(state, { kind: 'outcome', ...about, run: 'unknown', now, action: 'a', tool: 'desk.read', failed: false, tokens: 1, cost: 1 });
    detect(state, { kind: 'started', ...about, now, task: 'answer customers' });
    const act = (step: Step, n: number) => detect(state, { kind: 'action', ...about, now: now + n, action: `bad-${n}`, group: 'clerk', owner: agent, version: 1, consequential: true, reversible: false, impact: 'medium', targets: [], trust: 'none', from: null, signs: [], denied: false, ...step })!;
    expect(reply('mallory@evil.example', smuggled).map(act).at(-1)!.alert).toBe(true);
    detect(state, { kind: 'outcome', ...about, now: now + 5, action: 'bad-1', tool: 'desk.reply', failed: false, tokens: 90_000, cost: 700 });
    const end = () => detect(state, { kind: 'ended', ...about, now: now + minute });
    const say = (verdict: 'true' | 'false') => detect(state, { kind: 'disposed', ...about, now: now + hour, verdict });
    return { state, before, end, say };
  };

  it('teaches nothing, neither what nor how much, until it is disposed of', () => {
    const { state, before, end, say } = alerted();
    expect(failures(state)).toBe(1); // of another run, before
    end();
    expect(learned(state)).toEqual(before);
    say('false');
    expect(learned(state)).toEqual(before.map((n) => n + 1));
  });

  it('teaches nothing ever where an analyst called it an attack, also while it went on', () => {
    for (const isOpen of [false, true]) {
      const { state, before, end, say } = alerted();
      if (!isOpen) end();
      say('true');
      if (isOpen) end();
      say('false');
      expect(learned(state)).toEqual(before);
      expect(state.agents.get(`acme ${agent}`)!.pending.map(({ run: name }) => name)).not.toContain('bad');
    }
  });
});

describe('a run that analysts judge while it goes on', () => {
  const about = { tenant: 'acme', agent: 'agent-1', run: 'bad' };
  const begun = () => {
    const { state, now } = office(1_800);
    let n = 0;
    const act = (step: Step, at = now + ++n) => detect(state, { kind: 'action', ...about, now: at, action: `bad-${n}`, group: 'clerk', owner: 'agent-1', version: 1, consequential: true, reversible: false, impact: 'medium', targets: [], trust: 'none', from: null, signs: [], denied: false, ...step })!;
    const say = (verdict: 'true' | 'false' | 'expected') => detect(state, { kind: 'disposed', ...about, now: now + minute, verdict });
    const end = () => detect(state, { kind: 'ended', ...about, now: now + hour });
    const agent = state.agents.get('acme agent-1')!;
    detect(state, { kind: 'started', ...about, now, task: 'answer customers' });
    const runs = agent.habits.runs, { worked, count } = agent.rhythm;
    return { state, agent, act, say, end, learned: () => agent.habits.runs - runs, rhythm: () => agent.rhythm.count - count + agent.rhythm.worked - worked, first: reply('mallory@evil.example', smuggled).map((step) => act(step)).at(-1)! };
  };

  it('is learned as far as it went once they say that it was nothing, and goes on as if it began', () => {
    for (const verdict of ['false', 'expected'] as const) {
      const { agent, act, say, end, learned, rhythm, first } = begun();
      expect([first.alert, learned()]).toEqual([true, 0]);
      say(verdict);
      expect([learned(), agent.pending, agent.open.map(({ alerted, pValue }) => [alerted, pValue])]).toEqual([1, [], [[false, 1]]]);
      const began = rhythm();
      act(reply('customer-3')[1]!);
      end();
      // What was cleared is not learned twice, and the rest is no beginning of work.
      expect([learned(), rhythm() - began, agent.pending]).toEqual([2, 0, []]);
    }
  });

  it('is not excused for what it does after', () => {
    const { agent, act, say, end, learned } = begun();
    say('false');
    expect(act(reply('eve@evil.example', { ...smuggled, tool: 'bank.pay' })[1]!).alert).toBe(true);
    end();
    expect([learned(), agent.pending.map(({ run: name }) => name)]).toEqual([1, ['bad']]);
    say('true');
    expect([learned(), agent.pending]).toEqual([1, []]);
  });

  it('never teaches anything once they call it an attack, whatever is said of it after', () => {
    const { agent, say, end, learned } = begun();
    say('true');
    say('false');
    end();
    expect([learned(), agent.pending]).toEqual([0, []]);
  });
});

describe('an ordinary run that an analyst calls an attack while it goes on (it was one of a spread)', () => {
  it('is not learned when it ends', () => {
    const { state, now } = office(1_800);
    const about = { tenant: 'acme', agent: 'agent-1', run: 'part' };
    const { runs } = state.agents.get('acme agent-1')!.habits;
    detect(state, { kind: 'action', ...about, now, action: 'p', group: 'clerk', owner: 'agent-1', version: 1, consequential: false, reversible: true, impact: 'low', targets: [], trust: 'none', from: null, signs: [], denied: false, tool: 'desk.read' });
    detect(state, { kind: 'disposed', ...about, now, verdict: 'true' });
    detect(state, { kind: 'ended', ...about, now: now + minute });
    expect(state.agents.get('acme agent-1')!.habits.runs).toBe(runs);
  });
});

describe('starts of runs in which nothing is done', () => {
  it('silence nobody: only runs that act are tests', () => {
    const { state, now } = office(1_800);
    const { tested } = state.tenants.get('acme')!.control;
    for (let n = 0; n < 4_000; n++) detect(state, { kind: 'started', tenant: 'acme', agent: 'mallory', run: `empty-${n}`, now, task: 'x' });
    expect(state.tenants.get('acme')!.control.tested).toBe(tested);
    expect(run(state, 'agent-2', 'bad', now, reply('mallory@evil.example', smuggled)).at(-1)!.alert).toBe(true);
  });
});

describe('many slightly odd runs', () => {
  it('of one agent in a minute raise it, and do not make it high by their number', () => {
    const { state, now } = office(1_800, 2 * minute);
    const scores = Array.from({ length: 8 }, (_, n) => run(state, 'agent-3', `burst-${n}`, now + n * 2_000, reply('customer-3').slice(1)).at(-1)!);
    expect(scores.map(({ level }) => level)).not.toContain('high');
  });
});
