import { describe, expect, it } from '@jest/globals';
import type { GovernedDecided, GovernedRecord } from '@countersign/contracts';
import { seniorHaltId } from '@countersign/kernel';
import fc from 'fast-check';
import type { ServiceBody } from './commands.ts';
import { actionId, dependent, due, outcomeOf, proposed, resolvedFor, runId, scene, start, started, supply, toolNames, vote } from './scene.fixture.ts';
import type { Scene } from './scene.fixture.ts';
import type { World } from './world.ts';

const opened = () => {
  const s = scene();
  s.tell(s.message(started));
  return s;
};
const propose = (s: Scene, n: number, tool = 'wait', over: Partial<World> = {}) => s.tell(s.message(proposed(n, tool)), over);
const after = (s: Scene, n: number, tool: string, on: readonly number[], over: Partial<World> = {}) => s.tell(s.message(dependent(n, tool, on)), over);
const of = (s: Scene, n: number) => s.state.runs.get(runId)!.actions.get(actionId(n));
const decisions = (records: readonly GovernedRecord[]) => records.flatMap((record) => (record.kind === 'action.decided' ? [[Number(record.action.slice(-2)), record.decision.decision, record.decision.code ?? 'ok']] : []));

describe('an action that waits for a fact', () => {
  it('says which, from whom, until when, and keeps its place while others go on', () => {
    const s = opened();
    propose(s, 1, 'tier1');
    const { replies: [reply], records: [record] } = propose(s, 2);
    expect(reply).toMatchObject({ decision: 'defer', code: 'deferred', grant: null });
    expect((record as GovernedDecided).decision.deferral).toEqual({ until: start + 30_000, place: 2, awaits: [{ fact: 'score', from: ['scorer'] }], dependsOn: [] });
    expect(propose(s, 3, 'tier1').replies[0]).toMatchObject({ decision: 'allow' });
    expect(s.hear(supply(2, 7)).records[0]).toMatchObject({ round: 2, decision: { decision: 'allow' }, facts: { score: { value: 7, origin: 'attested', from: 'supplied:sue' } } });
  });

  it.each<[string, ServiceBody, string]>([
    ['a fact it does not wait for', supply(1, 1, {}, 'amount'), 'fact_not_awaited'],
    ['a signature that does not hold', supply(1, 1, { why: 'bad_signature' }), 'fact_invalid'],
    ['somebody who does not owe it', supply(1, 1, { roles: ['intern'] }), 'not_eligible'],
    ['an action that does not wait', supply(2), 'action_closed'],
    ['an action that is not there', supply(9), 'action_unknown'],
  ])('does not count %s', (_, body, code) => {
    const s = opened();
    propose(s, 1);
    propose(s, 2, 'tier1');
    expect(s.hear(body).records).toMatchObject([{ kind: 'message.refused', code }]);
    expect(of(s, 1)).toMatchObject({ status: 'open', waitsFor: 'defer' });
  });

  it('is denied when its time is over, not before', () => {
    const s = opened();
    propose(s, 1);
    s.at(start + 29_999);
    expect(s.hear(due(1)).records[0]).toMatchObject({ code: 'not_yet_valid' });
    s.at(start + 30_000);
    expect(s.hear(due(1)).replies[0]).toMatchObject({ decision: 'deny', code: 'fact_timeout' });
    expect(s.hear(supply(1)).records[0]).toMatchObject({ code: 'action_closed' });
  });

  it('is closed by cancel, halt and end', () => {
    const s = opened();
    for (const n of [1, 2, 3]) propose(s, n);
    expect(s.tell(s.message({ kind: 'cancel', message: { action: actionId(1), reason: 'r' } })).replies[0]).toMatchObject({ code: 'cancelled' });
    expect(decisions(s.hear({ kind: 'halted', message: { halt: 'h', by: 'x', reason: 'y', mode: 'halt' } }).records)).toEqual([[2, 'deny', 'run_halted'], [3, 'deny', 'run_halted']]);
    const other = opened();
    propose(other, 1);
    expect(decisions(other.tell(other.message({ kind: 'ended', message: { reason: 'completed', messages: 2 } })).records)).toEqual([[1, 'deny', 'run_closed']]);
  });
});

describe('an action that rests on another', () => {
  it('waits until that has succeeded, then is decided with what it brought; what does not rest on it goes on', () => {
    const s = opened();
    propose(s, 1);
    expect(after(s, 2, 'tier1', [1]).replies[0]).toMatchObject({ decision: 'defer', code: 'deferred', grant: null });
    expect(propose(s, 3, 'tier2').replies[0]).toMatchObject({ decision: 'allow' });
    expect(decisions(s.hear(supply(1)).records)).toEqual([[1, 'allow', 'ok']]);
    const draft = s.tell(s.message(outcomeOf(1)));
    expect(decisions(draft.records)).toEqual([[2, 'allow', 'ok']]);
    expect(draft.records.map(({ kind, seq }) => [kind, seq])).toEqual([['action.outcome', expect.any(Number)], ['action.decided', null]]);
    expect(draft.grants.map(({ claims }) => claims.action)).toEqual([actionId(2)]);
  });

  it('is found by what its arguments name, too', () => {
    const s = opened();
    propose(s, 1);
    expect(s.tell(s.message(proposed(2, 'tier1', { text: [`the result of ${actionId(1)}`] as never }))).replies[0]).toMatchObject({ decision: 'defer' });
    expect(of(s, 2)?.deferral?.dependsOn).toEqual([actionId(1)]);
  });

  it('waits for people\'s answer, a grant and a chain of others in turn; several become free in the order of their proposals', () => {
    const s = opened();
    propose(s, 1, 'tier3');
    after(s, 4, 'tier1', [1]);
    after(s, 3, 'tier2', [1]);
    after(s, 5, 'tier1', [4]);
    expect([4, 3, 5].map((n) => of(s, n)?.depth)).toEqual([1, 1, 2]);
    s.hear(resolvedFor(s, 1, 'approved', [vote('carl', ['controller'])]));
    expect(decisions(s.tell(s.message(outcomeOf(1))).records)).toEqual([[4, 'allow', 'ok'], [3, 'allow', 'ok']]);
    expect(decisions(s.tell(s.message(outcomeOf(4))).records)).toEqual([[5, 'allow', 'ok']]);
  });

  it('falls with it, and so does what rests on that', () => {
    const s = opened();
    propose(s, 1, 'tier3');
    after(s, 2, 'tier1', [1]);
    after(s, 3, 'tier1', [2]);
    expect(decisions(s.hear(resolvedFor(s, 1, 'denied', [])).records)).toEqual([[1, 'deny', 'approval_denied'], [2, 'deny', 'dependency_failed'], [3, 'deny', 'dependency_failed']]);
    expect(after(s, 4, 'tier1', [1]).replies[0]).toMatchObject({ decision: 'deny', code: 'dependency_failed' });
    expect(after(s, 5, 'tier1', [9]).replies[0]).toMatchObject({ decision: 'deny', code: 'dependency_unknown' });
    expect(after(s, 6, 'tier1', [6]).replies[0]).toMatchObject({ decision: 'deny', code: 'dependency_unknown' });
    expect(s.state.runs.get(runId)!.denies).toBe(0);
  });

  it('is not looked over: a rule that forbids denies at once, one that halts asks at once', () => {
    const s = opened();
    propose(s, 1);
    expect(after(s, 2, 'forbidden', [1]).replies[0]).toMatchObject({ decision: 'deny' });
    expect(after(s, 3, 'tier4', [1]).replies[0]).toMatchObject({ decision: 'step_up', tier: 4 });
    expect(of(s, 1)).toMatchObject({ status: 'denied', code: 'run_halted' });
  });

  it('waits no deeper and in no greater number than the bundle says', () => {
    const s = opened();
    const limits = (deferral: object) => ({ limits: { budget: null, grantMs: 1, actionsPerRun: 100, denies: 3, clockSkewMs: 300_000, deferral } });
    propose(s, 1);
    after(s, 2, 'tier1', [1]);
    expect(after(s, 3, 'tier1', [2], limits({ depth: 2 })).replies[0]).toMatchObject({ decision: 'deny', code: 'defer_limit' });
    expect(propose(s, 4, 'wait', limits({ waiting: 2 })).replies[0]).toMatchObject({ decision: 'deny', code: 'defer_limit' });
    expect(propose(s, 5, 'tier1', limits({ waiting: 2 })).replies[0]).toMatchObject({ decision: 'allow' });
    expect(after(s, 6, 'tier1', [2], limits({ depth: 3, waiting: 3 })).replies[0]).toMatchObject({ decision: 'defer' });
  });
});

const n = fc.integer({ min: 1, max: 7 });
const move = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('propose' as const), n, tool: fc.constantFrom(...toolNames), on: fc.array(n, { maxLength: 2 }), text: fc.constantFrom('', 'ann@x.example', actionId(2)) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('outcome' as const), n, ran: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('resolve' as const), n, how: fc.constantFrom('approved' as const, 'denied' as const, 'expired' as const) }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constantFrom('supply' as const, 'due' as const, 'cancel' as const, 'wait' as const), n }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('halt' as const, 'resume' as const, 'end' as const), n }) },
);

describe('whatever happens in whatever order', () => {
  it('every action comes to exactly one terminal decision, and none runs before what it rests on', () => {
    fc.assert(fc.property(fc.array(move, { maxLength: 40 }), (moves) => {
      const s = opened();
      let now = start;
      for (const one of moves) {
        s.at(now += 1_000);
        switch (one.do) {
          case 'propose': s.tell(s.message(dependent(one.n, one.tool, [...new Set(one.on)].filter((other) => other < one.n), { text: one.text }))); break;
          case 'outcome': s.tell(s.message(outcomeOf(one.n, one.ran ? 'succeeded' : 'not_executed'))); break;
          case 'resolve': s.hear(resolvedFor(s, one.n, one.how, [vote('carl', ['controller', 'cfo'])])); break;
          case 'supply': s.hear(supply(one.n)); break;
          case 'due': s.hear(due(one.n)); break;
          case 'cancel': s.tell(s.message({ kind: 'cancel', message: { action: actionId(one.n), reason: 'r' } })); break;
          case 'wait': now += 40_000; break;
          case 'halt': s.hear({ kind: 'halted', message: { halt: 'h', by: 'x', reason: 'y', mode: 'halt' } }); break;
          case 'resume': s.hear({ kind: 'resumed', message: { halt: one.n > 3 ? 'h' : seniorHaltId(runId, actionId(one.n)), by: 'x', reason: 'y' } }); break;
          case 'end': if (one.n === 1) s.tell(s.message({ kind: 'ended', message: { reason: 'completed', messages: 1 } })); break;
        }
      }
      s.tell(s.message({ kind: 'ended', message: { reason: 'completed', messages: 1 } }));
      inspect(s.log);
    }), { seed: 20261121, numRuns: 600 });
  });
});

const inspect = (log: readonly GovernedRecord[]): void => {
  const ends = new Map<string, number>();
  const seen = new Set<string>();
  const succeeded = new Set<string>();
  for (const record of log) {
    if (record.kind === 'action.outcome' && record.message.status === 'succeeded') succeeded.add(record.action);
    if (record.kind === 'action.cancelled' && (ends.get(record.action) ?? 0) === 0) ends.set(record.action, 1);
    if (record.kind !== 'action.decided') continue;
    seen.add(record.action);
    const { decision } = record.decision;
    if (decision === 'step_up' || decision === 'defer') continue;
    ends.set(record.action, (ends.get(record.action) ?? 0) + 1);
    if (decision === 'deny') continue;
    for (const on of record.message.dependsOn ?? []) expect([record.action, on, succeeded.has(on)]).toEqual([record.action, on, true]);
    if (record.modified !== undefined) expect(JSON.stringify(record.modified.arguments)).not.toContain('@');
  }
  // What was still open when a runtime reported that it ran has no decision: it is on the record as such, and the run was halted.
  const ranUngranted = log.flatMap((record) => (record.kind === 'action.outcome' && !ends.has(record.action) ? [record.action] : []));
  for (const action of seen) if (!ranUngranted.includes(action)) expect([action, ends.get(action)]).toEqual([action, 1]);
};

describe('an action under a pause', () => {
  const pausedBy = (pause: string | null): Partial<World> => ({ paused: () => pause });

  it('waits, whatever it would have come to, and is decided again with everything as of the end of the pause', () => {
    const s = opened();
    expect(propose(s, 1, 'tier1', pausedBy('p1')).replies).toMatchObject([{ decision: 'defer', code: 'paused', grant: null }]);
    expect(propose(s, 2, 'tier3', pausedBy('p1')).replies).toMatchObject([{ decision: 'defer', code: 'paused' }]);
    // Asked again too early it goes on waiting.
    expect(s.hear(due(1), pausedBy('p1')).records[0]).toMatchObject({ kind: 'message.refused', code: 'not_yet_valid' });
    expect(decisions(s.hear(due(1), pausedBy(null)).records)).toEqual([[1, 'allow', 'ok']]);
    expect(s.hear(due(2)).records[0]).toMatchObject({ round: 2, decision: { decision: 'step_up', tier: 3 } });
    expect(s.hear(due(2)).records[0]).toMatchObject({ kind: 'message.refused' });
  });

  it('that rules forbid is denied at once', () => {
    const s = opened();
    expect(propose(s, 1, 'forbidden', pausedBy('p1')).replies[0]).toMatchObject({ decision: 'deny', code: 'forbidden' });
  });

  it('waits no longer than its caller, and for people again after it', () => {
    const s = opened();
    propose(s, 1, 'tier3');
    const asked = of(s, 1)!;
    expect(decisions(s.hear(resolvedFor(s, 1, 'approved', [vote('carl', ['controller'])]), pausedBy('p1')).records)).toEqual([[1, 'defer', 'paused']]);
    expect(asked.waitsFor).toBe('defer');
    expect(decisions(s.hear(due(1), pausedBy(null)).records)).toEqual([[1, 'step_up', 'ok']]);
  });

  it('is held by a pause of whom it acts for as well, and is denied once a halt comes', () => {
    const s = opened();
    propose(s, 1, 'tier1', { paused: (_, agent) => (agent === s.state.runs.get(runId)!.agent ? 'p1' : null) });
    expect(of(s, 1)!.deferral?.paused).toBe('p1');
    const halted = s.hear({ kind: 'halted', message: { halt: 'h1', by: 'sue', reason: 'r', mode: 'halt' } });
    expect(decisions(halted.records)).toEqual([[1, 'deny', 'run_halted']]);
  });
});
