import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { detect, levelAt, newDetector } from './detect.ts';
import type { DetectorState } from './detect.ts';
import type { ActionSeen, Observation } from './observation.ts';
import type { Score } from './score.ts';

const minute = 60_000, hour = 3_600_000, monday = Date.UTC(2026, 0, 5, 9);
type Step = Partial<ActionSeen> & { readonly tool: string };
const read = (tool: string): Step => ({ tool, consequential: false, targets: [], trust: 'none' });
const pay = (to: string, over: Partial<ActionSeen> = {}): Step => ({ tool: 'bank.pay', targets: [to], trust: 'instruction', ...over });
const hijack = pay('XX-stranger', { trust: 'third_party', from: 'mail.read', signs: ['act_unasked'] });

/** One run from start to end. @returns the score of each action */
const run = (state: DetectorState, agent: string, name: string, at: number, steps: readonly Step[], { task = 'pay the bills', owner = agent, end = true, version = 1 } = {}): Score[] => {
  const about = { tenant: 'acme', agent, run: name };
  detect(state, { kind: 'started', ...about, now: at, task });
  const scores = steps.map((step, i) => detect(state, {
    kind: 'action', ...about, now: at + i * minute, action: `${name}-${i}`, group: 'clerk', owner, version, consequential: true, reversible: false, impact: 'medium', targets: [], trust: 'none', from: null, signs: [], denied: false, ...step,
  })!);
  if (end) detect(state, { kind: 'ended', ...about, now: at + steps.length * minute });
  return scores;
};
const tasks = ['pay the bills', 'answer the mail', 'plan the week', 'file the receipts'];
const usual = (n: number): readonly Step[] => [read('mail.read'), read(n % 3 === 0 ? 'bank.balance' : 'bank.list'), pay(`DE-${n % 6}`), ...(n % 5 === 0 ? [pay(`DE-${n % 4}`, { trust: 'record', from: 'bank.list' })] : [])];
/** Four agents of four owners at work for ten days. */
const office = (runs = 200): { readonly state: DetectorState; readonly now: number; readonly scores: readonly Score[] } => {
  const state = newDetector();
  const scores: Score[] = [];
  for (let n = 0; n < runs; n++) scores.push(...run(state, `agent-${n % 4}`, `run-${n}`, monday + n * hour + (n * 7919) % 1_200_000, usual(n * 31 % 97), { task: tasks[n % 4]! }));
  return { state, now: monday + (runs + 1) * hour, scores };
};
const last = <T>(list: readonly T[]): T => list.at(-1)!;

describe('an agent among its peers', () => {
  it('does its work for days without an alert', () => {
    const { scores } = office();
    expect(scores.filter((score) => score.alert)).toEqual([]);
    expect(scores.filter((score) => score.level !== 'normal').length / scores.length).toBeLessThan(0.02);
  });

  it('that pays a stranger whom only strangers named is noticed at that action, and the parts of its score add up', () => {
    const { state, now } = office();
    const [first, , odd] = run(state, 'agent-1', 'bad', now, [read('mail.read'), read('bank.list'), hijack]);
    expect(first!.level).toBe('normal');
    expect(odd).toMatchObject({ alert: true, level: 'high' });
    expect(odd!.pValue).toBeLessThan(1e-3);
    expect(odd!.contributions[0]!.nats).toBeGreaterThan(1);
    expect(odd!.contributions.map(({ feature }) => feature)).toEqual(expect.arrayContaining(['provenance', 'asked', 'target']));
    expect(odd!.contributions.reduce((sum, { nats }) => sum + nats, 0)).toBeCloseTo(odd!.evidence, 9);
    expect(levelAt(state.agents.get('acme agent-1')!, now + 2 * hour)).toBe('normal');
  });

  it('that is new is held against its peers from its first run on', () => {
    const { state, now } = office();
    expect(last(run(state, 'novice', 'n-1', now, usual(1))).level).toBe('normal');
    expect(last(run(state, 'novice', 'n-2', now + hour, [read('mail.read'), hijack])).alert).toBe(true);
  });

  it('alone and without history is not accused', () => {
    const scores = run(newDetector(), 'first', 'r', monday, [read('mail.read'), hijack, hijack]);
    expect(scores.filter((score) => score.alert || score.level !== 'normal')).toEqual([]);
  });

  it('in a runaway loop is noticed even on its first day', () => {
    const state = newDetector();
    for (let n = 0; n < 10; n++) run(state, 'first', `r-${n}`, monday + n * hour, usual(n));
    const about = { kind: 'action', tenant: 'acme', agent: 'first', run: 'loop', tool: 'bank.list', group: 'clerk', owner: 'o', version: 1, consequential: false, reversible: true, impact: 'low', targets: [], trust: 'none', from: null, signs: [], denied: false } as const;
    const scores = Array.from({ length: 80 }, (_, i) => detect(state, { ...about, now: monday + 20 * hour + i * 100, action: `a-${i}` })!);
    expect(scores.filter((score) => score.alert)).toHaveLength(1);
    expect(last(scores).contributions.map(({ feature }) => feature)).toContain('volume');
  });
});

describe('what it learns', () => {
  it('never comes from a run that was odd, however often it is repeated, until an analyst says that it was a mistake', () => {
    const { state, now } = office();
    for (let n = 0; n < 10; n++) run(state, 'agent-1', `bad-${n}`, now + n * hour, [read('mail.read'), hijack]);
    const again = last(run(state, 'agent-1', 'bad-again', now + 20 * hour, [read('mail.read'), hijack]));
    expect(again.pValue).toBeLessThan(0.01);
    for (const n of [6, 7, 8, 9]) detect(state, { kind: 'disposed', tenant: 'acme', agent: 'agent-1', run: `bad-${n}`, now: now + 30 * hour, verdict: 'false' });
    const cleared = last(run(state, 'agent-1', 'cleared', now + 40 * hour, [read('mail.read'), hijack]));
    expect(cleared.evidence).toBeLessThan(again.evidence * 0.9);
  });

  it('from an announced change counts at once, and one that was an attack teaches nothing', () => {
    const changed = pay('DE-new-bank', { tool: 'bank.debit', trust: 'document', from: 'mail.read' });
    const evidence = (verdict: 'true' | 'expected'): number => {
      const { state, now } = office();
      const { pending } = state.agents.get('acme agent-2')!;
      run(state, 'agent-2', 'change', now, [read('mail.read'), changed]);
      expect(pending.map((one) => one.run)).toContain('change');
      detect(state, { kind: 'disposed', tenant: 'acme', agent: 'agent-2', run: 'change', now: now + hour, verdict });
      expect(pending.map((one) => one.run)).not.toContain('change');
      return last(run(state, 'agent-2', 'after', now + 2 * hour, [read('mail.read'), changed], { end: false })).evidence;
    };
    expect(evidence('expected')).toBeLessThan(evidence('true') * 0.85);
  });

  it('of peers is not made by a thousand agents of one owner', () => {
    const { state, now } = office();
    const { habits } = state.groups.get('acme clerk')!;
    const before = habits.runs;
    for (let n = 0; n < 1_000; n++) run(state, `sybil-${n}`, `s-${n}`, now + n * minute, [read('mail.read'), pay('SYBIL')], { owner: 'mallory' });
    expect(habits.runs - before).toBeLessThanOrEqual(before / 4 + 1);
    expect(last(run(state, 'agent-1', 'bad', now + 2_000 * minute, [read('mail.read'), hijack])).pValue).toBeLessThan(0.01);
  });

  it('starts anew only where the registered agent is another one', () => {
    const { state, now } = office();
    const { habits } = state.agents.get('acme agent-3')!;
    run(state, 'agent-3', 'same', now, usual(2));
    expect(state.agents.get('acme agent-3')!.habits).toBe(habits);
    run(state, 'agent-3', 'other', now + hour, usual(3), { version: 2 });
    expect(state.agents.get('acme agent-3')!.habits.runs).toBe(1);
  });
});

describe('what no peer ever did', () => {
  it('is named by what was done, the same for all who do it, and ordinary work has none', () => {
    const { state, now } = office();
    const strange = (agent: string, at: number) => last(run(state, agent, `x-${agent}`, at, [read('mail.read'), hijack])).news;
    const [first, second] = [strange('agent-0', now), strange('agent-1', now + 5 * minute)];
    expect(first.length).toBeGreaterThan(0);
    expect(second).toEqual(first);
    expect(run(state, 'agent-2', 'usual', now + 9 * minute, usual(4)).flatMap(({ news }) => news)).toEqual([]);
  });
});

describe('bad input', () => {
  const anything = fc.record({
    kind: fc.constantFrom('started', 'action', 'outcome', 'ended', 'disposed'), agent: fc.constantFrom('a', 'b', 'c'), run: fc.constantFrom('r1', 'r2', 'r3', 'r4'), jump: fc.integer({ min: -hour, max: 3 * hour }),
    tool: fc.constantFrom('bank.pay', 'mail.read', 'mail.send'), target: fc.nat(5), doubt: fc.constantFrom('instruction', 'record', 'third_party', 'nowhere'), flag: fc.boolean(), version: fc.constantFrom(1, 1, 1, 2),
  });
  const toObservations = (list: readonly { kind: string; agent: string; run: string; jump: number; tool: string; target: number; doubt: string; flag: boolean; version: number }[]): Observation[] => {
    let now = monday;
    return list.map(({ kind, agent, run: name, jump, tool, target, doubt, flag, version }, i) => {
      const about = { tenant: 'acme', agent, run: name, now: now += jump };
      if (kind === 'started') return { kind, ...about, task: `task-${target}` };
      if (kind === 'outcome') return { kind, ...about, action: `a-${i}`, tool, failed: flag, tokens: target * 100, cost: null };
      if (kind === 'ended') return { kind, ...about };
      if (kind === 'disposed') return { kind, ...about, verdict: flag ? 'false' : 'expected' };
      return { kind: 'action', ...about, action: `a-${i}`, tool, group: 'g', owner: agent, version, consequential: flag, reversible: true, impact: 'medium', targets: [`t-${target}`], trust: doubt as 'record', from: flag ? 'mail.read' : null, signs: flag ? ['act_unasked'] : [], denied: false };
    });
  };

  it('in any order, with clocks that jump, gives finite scores, and the same ones bit for bit when state is put down and taken up anywhere', () => {
    fc.assert(fc.property(fc.array(anything, { minLength: 20, maxLength: 250 }), fc.double({ min: 0, max: 1, noNaN: true }), (list, where) => {
      const seen = toObservations(list);
      const whole = newDetector();
      const scores = seen.map((one) => detect(whole, one));
      for (const score of scores) if (score !== undefined) {
        expect(Number.isFinite(score.evidence) && score.pValue > 0 && score.pValue <= 1 && score.eValue >= 0).toBe(true);
        expect(score.contributions.every(({ nats }) => nats > 0 && Number.isFinite(nats))).toBe(true);
      }
      const cut = Math.floor(where * seen.length);
      const first = newDetector();
      for (const one of seen.slice(0, cut)) detect(first, one);
      const second = structuredClone(first);
      expect(seen.slice(cut).map((one) => detect(second, one))).toEqual(scores.slice(cut));
      expect(second).toEqual(whole);
    }), { seed: 43, numRuns: 40 });
  });

  it('keeps an agent to a few KB, with a tool that has endless targets and runs that never end', () => {
    const state = newDetector();
    for (let n = 0; n < 400; n++) run(state, 'busy', `r-${n}`, monday + n * 3 * hour, Array.from({ length: 30 }, (_, i) => pay(`target-${n}-${i}`)), { end: n % 2 === 0, task: `task-${n}` });
    const agent = state.agents.get('acme busy')!;
    expect(agent.habits.keys.byteLength + agent.habits.counts.byteLength + agent.habits.marks.byteLength + agent.mix.fast.byteLength + agent.mix.slow.byteLength).toBeLessThanOrEqual(4_096);
    expect(agent.open.length).toBeLessThanOrEqual(8);
    expect(agent.pending.length).toBeLessThanOrEqual(4);
    expect(state.groups.get('acme clerk')!.habits.keys.length).toBeLessThanOrEqual(65_536);
  });

  it('of an agent that does nothing but fail is noticed, and not for ever', () => {
    const { state, now } = office();
    const outcome = (name: string, at: number, failed: boolean) => detect(state, { kind: 'outcome', tenant: 'acme', agent: 'agent-0', run: name, now: at, action: 'a', tool: 'bank.pay', failed, tokens: null, cost: null });
    for (let n = 0; n < 100; n++) outcome('well', now, n % 40 === 0);
    let alerts = 0, late = 0;
    for (let n = 0; n < 60; n++) {
      const name = `f-${n}`;
      alerts += run(state, 'agent-0', name, now + n * hour, usual(n), { end: false }).filter((score) => score.alert).length;
      for (let i = 0; i < 8; i++) outcome(name, now + n * hour + 10 * minute, true);
      const told = run(state, 'agent-0', name, now + n * hour + 20 * minute, usual(n)).filter((score) => score.alert).length;
      alerts += told;
      if (n >= 30) late += told;
    }
    expect(alerts).toBeGreaterThanOrEqual(1);
    expect(late).toBe(0);
  });
});
