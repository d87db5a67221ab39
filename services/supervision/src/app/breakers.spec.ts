import { describe, expect, it } from '@jest/globals';
import { slotOf } from '../core/breaker.ts';
import type { BreakerEffect, Count } from '../core/breaker.ts';
import { createBreakers } from './breakers.ts';
import { recordInMemory } from './streams.fixture.ts';

const t0 = 5_000_000_000;
const world = () => {
  const record = recordInMemory();
  const counts: Count[] = [];
  let now = t0;
  const quarantined: string[] = [];
  const start = (effect: BreakerEffect = 'stop') => createBreakers({
    rates: { since: async (at) => counts.filter(({ slot }) => slot >= slotOf(at)) }, streams: record.streams, book: record.book, tenant: 'acme', digest: (text) => text.replaceAll(/\W/g, '-').padEnd(22, 'x'), now: () => now, effect,
    limits: [{ scope: 'agent', match: '*', windowMs: 60_000, minimum: 4, errors: 0.5, denials: null, spend: null, coolMs: 60_000, trial: 2 }], quarantine: async (agent) => { quarantined.push(agent); },
  });
  const fails = (n: number, ended = n): void => { counts.push({ agent: 'clerk', tool: 't', slot: slotOf(now), ended, failed: n, decided: 0, denied: 0, spend: {} }); };
  const lets = (n: number): void => { counts.push({ agent: 'clerk', tool: 't', slot: slotOf(now), ended: 0, failed: 0, decided: n, denied: 0, spend: {} }); };
  return { ...record, start, fails, lets, wait: (ms: number) => { now += ms; }, quarantined };
};

describe('breakers and their halts', () => {
  it('given failures, then the agent is halted where every halt is; after its time it is lifted, and when the trial holds the breaker closes', async () => {
    const w = world(), breakers = w.start();
    await breakers.sweep();
    expect(await w.standing()).toEqual([]);
    w.fails(4);
    await breakers.sweep();
    expect(w.notices).toMatchObject([{ op: 'halt', mode: 'halt', scope: { kind: 'agent', id: 'clerk' }, by: 'supervision', reason: 'breaker: 4 of 4 failed' }]);
    expect(breakers.notClosed()).toMatchObject([{ kind: 'agent', id: 'clerk', state: { status: 'open', times: 1 } }]);
    w.wait(60_000);
    await breakers.sweep();
    expect([await w.standing(), breakers.notClosed()[0]?.state.status]).toEqual([[], 'half_open']);
    w.wait(6_000);
    w.fails(0, 2);
    await breakers.sweep();
    expect(breakers.notClosed()).toEqual([]);
    expect(w.kept.get('breaker/agent/clerk')!.map(({ type }) => type)).toEqual(['breaker_opened', 'breaker_half_opened', 'breaker_closed']);
  });

  it('a trial that is full is a halt of its own, which goes when the calls in it were well', async () => {
    const w = world(), breakers = w.start();
    w.fails(4);
    await breakers.sweep();
    w.wait(60_000);
    await breakers.sweep();
    w.lets(2);
    await breakers.sweep();
    const [held] = await w.standing();
    expect(w.notices.map(({ op }) => op)).toEqual(['halt', 'lift', 'halt']);
    expect([w.notices[2]!.reason, w.notices[2]!.halt !== w.notices[0]!.halt]).toEqual(['breaker: the trial is full, what came of it is not known yet', true]);
    expect(held).toBeDefined();
    // Who starts in the meantime says nothing new.
    await w.start().sweep();
    w.fails(0, 2);
    await breakers.sweep();
    expect([await w.standing(), breakers.notClosed(), w.notices.at(-1)]).toMatchObject([[], [], { op: 'lift', reason: 'breaker: the trial held' }]);
  });

  it('a supervision that died between the record and the halt, or starts again, makes them agree; two at once open it once', async () => {
    const w = world(), [one, two] = [w.start(), w.start()];
    await Promise.all([one.sweep(), two.sweep()]);
    w.fails(4);
    await Promise.all([one.sweep(), two.sweep()]);
    expect(w.kept.get('breaker/agent/clerk')).toHaveLength(1);
    expect(await w.standing()).toHaveLength(1);
    w.notices.length = 0;
    await w.start().sweep();
    expect(await w.standing()).toHaveLength(1);
  });

  it('a lift that half the house took is said again until all of it has', async () => {
    const w = world(), breakers = w.start();
    w.fails(4);
    await breakers.sweep();
    w.wait(60_000);
    w.fail(true);
    await breakers.sweep();
    expect(await w.standing()).toHaveLength(1);
    w.fail(false);
    await breakers.sweep();
    expect(await w.standing()).toEqual([]);
  });

  it('that are only recorded open and try again on the record, and say so there: nobody is halted, nobody quarantined', async () => {
    const w = world(), breakers = w.start('record');
    for (let n = 0; n < 5; n++) {
      w.fails(4);
      await breakers.sweep();
      expect(breakers.notClosed()).toMatchObject([{ id: 'clerk', state: { status: 'open', times: n + 1 } }]);
      w.wait(3_600_000);
      await breakers.sweep();
      w.wait(6_000);
    }
    expect([w.notices, w.quarantined]).toEqual([[], []]);
    expect(w.kept.get('breaker/agent/clerk')).toHaveLength(10);
    expect(w.kept.get('breaker/agent/clerk')!.every(({ data }) => (data as { effect?: string }).effect === 'record')).toBe(true);
  });

  it('a halt of when they still stopped something holds for its time, and no longer', async () => {
    const w = world();
    w.fails(4);
    await w.start().sweep();
    const recorded = w.start('record');
    await recorded.sweep();
    expect(await w.standing()).toHaveLength(1);
    w.wait(60_000);
    await recorded.sweep();
    expect(await w.standing()).toEqual([]);
  });

  it('an agent whose trial fails time and again is quarantined: people let it back', async () => {
    const w = world(), breakers = w.start();
    w.fails(4);
    await breakers.sweep();
    for (let n = 0; n < 3; n++) {
      expect(w.quarantined).toEqual([]);
      w.wait(3_600_000);
      await breakers.sweep();
      w.wait(6_000);
      w.fails(1);
      await breakers.sweep();
    }
    expect(w.quarantined).toEqual(['clerk']);
  });
});
