import { deserialize, serialize } from 'node:v8';
import { describe, expect, it } from '@jest/globals';
import type { GovernedRecord } from '@countersign/contracts';
import fc from 'fast-check';
import { evolve } from './evolve.ts';
import { actionId, folding, outcomeOf, proposed, resolvedFor, runId, scene, start, started, supply, toolNames, vote } from './scene.fixture.ts';
import type { Scene } from './scene.fixture.ts';
import { graceMs, initialState, startWithinMs, sweepEveryMs } from './state.ts';
import type { PartitionState } from './state.ts';

const foldAll = (records: readonly GovernedRecord[], from: PartitionState = initialState()): PartitionState => {
  for (const record of records) evolve(from, record, folding);
  return from;
};
const overTheWire = (records: readonly GovernedRecord[]): GovernedRecord[] => JSON.parse(JSON.stringify(records)) as GovernedRecord[];

const n = fc.integer({ min: 1, max: 6 });
const step = fc.oneof(
  fc.record({ do: fc.constant('propose' as const), n, tool: fc.constantFrom(...toolNames), amount: fc.integer({ min: 0, max: 4_000 }) }),
  fc.record({ do: fc.constant('outcome' as const), n, ran: fc.boolean(), cost: fc.option(fc.integer({ min: 0, max: 5_000 })) }),
  fc.record({ do: fc.constant('cancel' as const), n }),
  fc.record({ do: fc.constant('resolve' as const), n, how: fc.constantFrom('approved' as const, 'denied' as const, 'expired' as const), role: fc.constantFrom('controller', 'cfo', 'none') }),
  fc.record({ do: fc.constant('supply' as const), n }),
  fc.record({ do: fc.constantFrom('halt' as const, 'resume' as const, 'gap' as const, 'resend' as const, 'end' as const, 'late' as const), n }),
);
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

const play = (s: Scene, steps: readonly Step[]): void => {
  let last = s.message(started);
  let now = start;
  s.tell(last);
  for (const step of steps) {
    s.at(now += 20_000);
    const send = (body: Parameters<Scene['message']>[0]) => s.tell(last = s.message(body));
    switch (step.do) {
      case 'propose': send(proposed(step.n, step.tool, { amount: step.amount })); break;
      case 'outcome': send(outcomeOf(step.n, step.ran ? 'succeeded' : 'not_executed', step.cost)); break;
      case 'cancel': send({ kind: 'cancel', message: { action: actionId(step.n), reason: 'r' } }); break;
      case 'resolve': s.hear(resolvedFor(s, step.n, step.how, [vote('carl', [step.role])])); break;
      case 'supply': s.hear(supply(step.n)); break;
      case 'halt': s.hear({ kind: 'halted', message: { halt: `h${step.n}`, by: 'x', reason: 'y', mode: 'halt' } }); break;
      case 'resume': s.hear({ kind: 'resumed', message: { halt: step.n === 1 ? [...s.state.runs.values()].flatMap((run) => [...run.halts])[0] ?? 'none' : `h${step.n}`, by: 'x', reason: 'y' } }); break;
      case 'gap': s.tell(s.message(proposed(step.n, 'tier1'), { seq: 999 })); break;
      case 'resend': s.tell(last); break;
      case 'end': if (step.n === 1) send({ kind: 'ended', message: { reason: 'completed', messages: 1 } }); break;
      case 'late': now += 3_000_000; break;
    }
  }
};

const runs = { numRuns: 300, seed: 20261121 };

describe('the fold', () => {
  it('keeps what tools returned only as long as something is decided by it', () => {
    const s = scene();
    s.tell(s.message(started));
    for (const which of [1, 2]) s.tell(s.message(proposed(which, 'tier1')));
    s.tell(s.message(outcomeOf(1, 'succeeded')));
    const run = () => [...s.state.runs.values()][0]!;
    const kept = JSON.stringify(run().context);
    expect([...run().actions.values()].some(({ reply }) => reply !== null)).toBe(true);
    s.tell(s.message({ kind: 'ended', message: { reason: 'completed', messages: 4 } }));
    s.tell(s.message(outcomeOf(2, 'succeeded')));
    expect([kept === JSON.stringify(folding.emptyContext), JSON.stringify(run().context)]).toEqual([false, JSON.stringify(folding.emptyContext)]);
  });

  it('forgets a run soon after its end, and later one of which an action may still be told to have run', () => {
    const s = scene();
    const known = (time: number): boolean => { s.at(time); s.hear({ kind: 'halted', message: { halt: `h${time}`, by: 'x', reason: 'y', mode: 'halt' } }); return s.state.runs.has(runId); };
    const first = s.message(started);
    s.tell(first);
    s.tell(s.message(proposed(1, 'tier1')));
    s.tell(s.message({ kind: 'ended', message: { reason: 'completed', messages: 3 } }));
    const soon = start + startWithinMs + graceMs + sweepEveryMs + 1;
    expect(known(soon)).toBe(true);
    // Its last outcome is the end of it.
    s.tell(s.message(outcomeOf(1, 'succeeded')));
    expect([known(soon + graceMs), known(soon + graceMs + sweepEveryMs + 1)]).toEqual([true, false]);
    // A copy of everything it ever said begins nothing.
    expect(s.tell({ ...first, at: soon + graceMs, ceTime: soon + graceMs }).replies).toMatchObject([{ code: 'run_expired' }]);
    // What supervision takes back is on the record all the same.
    s.hear({ kind: 'reversed', message: { action: actionId(1), by: 'carl', reason: 'wrong account', outcome: 'succeeded' } as never });
    expect(s.log.at(-1)).toMatchObject({ kind: 'action.reversed', run: runId, action: actionId(1) });
  });

  it('of the records as written equals the state the decisions rested on', () => {
    fc.assert(fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const s = scene();
      play(s, steps);
      expect(foldAll(overTheWire(s.log))).toEqual(s.state);
    }), runs);
  });

  it('of a checkpoint and its tail equals the fold of everything', () => {
    fc.assert(fc.property(fc.array(step, { maxLength: 40 }), fc.nat(), (steps, cut) => {
      const s = scene();
      play(s, steps);
      const at = cut % (s.log.length + 1);
      const checkpoint = deserialize(serialize(foldAll(overTheWire(s.log.slice(0, at))))) as PartitionState;
      expect(foldAll(overTheWire(s.log.slice(at)), checkpoint)).toEqual(s.state);
    }), runs);
  });

  it('gives each action one terminal decision, dense positions and a spend that is never negative', () => {
    fc.assert(fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const s = scene();
      play(s, steps);
      const terminal = new Map<string, number>();
      for (const r of s.log) {
        if (r.kind === 'action.decided' && r.decision.decision !== 'step_up' && r.decision.decision !== 'defer') terminal.set(r.action, (terminal.get(r.action) ?? 0) + 1);
      }
      expect([...terminal.values()].every((count) => count === 1)).toBe(true);
      expect(s.log.map((r) => r.position)).toEqual(s.log.map((_, i) => i));
      for (const run of s.state.runs.values()) {
        expect(run.calls).toBeGreaterThanOrEqual(0);
        expect(run.spend?.minor ?? 0).toBeGreaterThanOrEqual(0);
        expect(run.past.open).toBe([...run.actions.values()].filter(({ status }) => status === 'open' || status === 'granted').length);
        expect([...run.past.tools.values()].reduce((sum, use) => sum + use.granted, 0)).toBe([...run.counts.values()].reduce((sum, n) => sum + n, 0));
      }
    }), runs);
  });

  it('refuses a gap and an unknown kind', () => {
    const s = scene();
    play(s, []);
    expect(() => evolve(initialState(), { ...s.log[0]!, position: 1 }, folding)).toThrow('position');
    expect(() => evolve(s.state, { ...s.log[0]!, position: 1, seq: null, kind: 'future' } as never, folding)).toThrow('unknown kind');
  });
});
