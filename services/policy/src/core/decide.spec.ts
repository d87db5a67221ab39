import { describe, expect, it } from '@jest/globals';
import { actionId, agent, outcomeOf, proposal, proposed, runId, scene, start, started, supply, world } from './scene.fixture.ts';

const opened = () => {
  const s = scene();
  s.tell(s.message(started));
  return s;
};
const runOf = (s: ReturnType<typeof scene>) => s.state.runs.get(runId)!;

describe('identity of an action', () => {
  it('grants a tier 1 action once and answers its repetition with the same reply and no new grant', () => {
    const s = opened();
    const first = s.tell(s.message(proposed(1, 'tier1', { a: 1 })));
    expect(first.replies[0]).toMatchObject({ kind: 'decided', decision: 'allow', code: 'ok', tier: 1, claim: false });
    expect(first.grants).toHaveLength(1);
    const again = s.tell(s.message(proposed(1, 'tier1', { a: 1 })));
    expect(again.replies[0]).toBe(first.replies[0]);
    expect(again.grants).toHaveLength(0);
    expect(s.log.filter((r) => r.kind === 'action.decided')).toHaveLength(1);
  });

  it('refuses another body under the same id, and the run goes on', () => {
    const s = opened();
    s.tell(s.message(proposed(1, 'tier1', { a: 1 })));
    expect(s.tell(s.message(proposed(1, 'tier1', { a: 2 }))).replies[0]).toMatchObject({ kind: 'refused', code: 'action_conflict' });
    expect(s.tell(s.message(proposed(2, 'tier1'))).replies[0]).toMatchObject({ code: 'ok' });
  });
});

describe('seq and chain', () => {
  it('answers an identical message again without a record', () => {
    const s = opened();
    const message = s.message(proposed(1, 'tier1'));
    const first = s.tell(message);
    const again = s.tell(message);
    expect(again.records).toHaveLength(0);
    expect(again.replies[0]).toBe(first.replies[0]);
  });

  it.each([
    ['another message under a used seq', { seq: 0, hash: 'other' }, 'seq_reused'],
    ['a seq ahead', { seq: 5 }, 'seq_gap'],
    ['a broken chain', { prev: 'x' }, 'chain_broken'],
    ['another session key', { token: { cnf: { jkt: 'other' } } as never }, 'wrong_session'],
    ['the wrong partition', { rightPartition: false }, 'wrong_partition'],
  ])('refuses %s and consumes nothing', (_name, over, code) => {
    const s = opened();
    expect(s.tell(s.message(proposed(1, 'tier1'), over)).replies[0]).toMatchObject({ kind: 'refused', code });
    expect(runOf(s).nextSeq).toBe(1);
  });

  it.each([
    ['a clock an hour off', { ceTime: start + 3_600_000 }, 'clock_skew'],
    ['no time at all', { ceTime: Number.NaN }, 'clock_skew'],
    ['a body that does not validate', { body: { kind: 'fault', code: 'invalid_schema', detail: 'x' } as const }, 'invalid_schema'],
  ])('refuses %s but takes its seq', (_name, over, code) => {
    const s = opened();
    expect(s.tell(s.message(proposed(1, 'tier1'), over)).replies[0]).toMatchObject({ kind: 'refused', code });
    expect(runOf(s).nextSeq).toBe(2);
    expect(s.tell(s.message(proposed(1, 'tier1'))).replies[0]).toMatchObject({ code: 'ok' });
  });

  it('says which seq it expects after a gap', () => {
    const s = opened();
    expect(s.tell(s.message(proposed(1, 'tier1'), { seq: 7 })).replies[0]).toMatchObject({ expectedSeq: 1 });
  });

  it('refuses anything but started for a run it does not know', () => {
    const s = scene();
    expect(s.tell(s.message(proposed(1, 'tier1'))).replies[0]).toMatchObject({ code: 'run_unknown' });
    expect(s.state.runs.size).toBe(0);
  });
});

describe('denies', () => {
  it.each([
    ['a suspended agent', { agent: () => ({ ...agent, status: 'suspended' as const }) }, 'agent_not_active'],
    ['an agent that is gone', { agent: () => undefined }, 'unknown_agent'],
    ['a halt', { halt: () => 'h1' }, 'halted'],
    ['an unknown tool', { tool: () => undefined }, 'unknown_tool'],
  ])('denies under %s', (_name, over, code) => {
    const s = opened();
    expect(s.tell(s.message(proposed(1, 'tier1')), over).replies[0]).toMatchObject({ decision: 'deny', code, grant: null });
  });

  it('denies arguments that do not fit the tool and a passed deadline', () => {
    const s = opened();
    expect(s.tell(s.message(proposed(1, 'tier1', { bad: true }))).replies[0]).toMatchObject({ decision: 'deny', code: 'arguments_invalid' });
    expect(s.tell(s.message({ kind: 'proposed', message: proposal(2, 'tier1', {}, new Date(start - 1).toISOString()) })).replies[0]).toMatchObject({ decision: 'deny', code: 'late' });
    expect(runOf(s).denies).toBe(0);
  });

  it('halts the run with the third deny for a rule, which stays a deny', () => {
    const s = opened();
    s.tell(s.message(proposed(1, 'forbidden')));
    s.tell(s.message(proposed(2, 'forbidden')));
    const third = s.tell(s.message(proposed(3, 'forbidden')));
    expect(third.records.map((r) => r.kind)).toEqual(['action.decided', 'run.halted']);
    expect(s.tell(s.message(proposed(4, 'tier1'))).replies[0]).toMatchObject({ decision: 'deny', code: 'run_halted' });
  });

  it('halts again under another id once people let it go on: a lift is for good', () => {
    const s = opened();
    const halts: string[] = [];
    for (let i = 1; i <= 4; i++) {
      for (const record of s.tell(s.message(proposed(i, 'forbidden'))).records) {
        if (record.kind !== 'run.halted') continue;
        halts.push(record.halt);
        s.hear({ kind: 'resumed', message: { halt: record.halt, by: 'x', reason: 'y' } });
      }
    }
    expect(halts).toHaveLength(2);
    expect(new Set(halts).size).toBe(2);
    for (const halt of halts) expect(halt).toContain(s.log.find((record) => record.run !== null)!.run);
  });
});

describe('budget', () => {
  it('reserves at the proposal and never settles below it', () => {
    const s = opened();
    s.tell(s.message(proposed(1, 'tier1', { amount: 6_000 })));
    s.tell(s.message(outcomeOf(1, 'succeeded', 1)));
    expect(runOf(s).spend).toEqual({ minor: 6_000, currency: 'EUR' });
    expect(s.tell(s.message(proposed(2, 'tier1', { amount: 4_001 }))).replies[0]).toMatchObject({ decision: 'deny', code: 'budget_exceeded' });
    expect(s.tell(s.message(proposed(3, 'tier1', { amount: 4_000 }))).replies[0]).toMatchObject({ decision: 'allow' });
  });

  it('counts what a runtime says it spent beyond the reservation, and gives back what was never granted', () => {
    const s = opened();
    s.tell(s.message(proposed(1, 'tier1', { amount: 1_000 })));
    s.tell(s.message(outcomeOf(1, 'succeeded', 2_500)));
    s.tell(s.message(proposed(2, 'tier3', { amount: 5_000 })));
    expect(runOf(s).spend?.minor).toBe(7_500);
    s.tell(s.message(outcomeOf(2, 'not_executed')));
    expect(runOf(s)).toMatchObject({ spend: { minor: 2_500 }, calls: 1 });
  });
});

describe('the end of things', () => {
  it('denies what is open when the run ends and refuses what comes after', () => {
    const s = opened();
    s.tell(s.message(proposed(1, 'tier3')));
    s.tell(s.message(proposed(2, 'wait')));
    const draft = s.tell(s.message({ kind: 'ended', message: { reason: 'completed', messages: 4 } }));
    expect(draft.records.map((r) => r.kind)).toEqual(['action.decided', 'action.decided', 'run.ended']);
    expect(draft.records[2]).toMatchObject({ denied: [actionId(1), actionId(2)] });
    expect(s.tell(s.message(proposed(3, 'tier1'))).replies[0]).toMatchObject({ code: 'run_closed' });
  });

  it('halts a run that reports an action as executed which was not granted', () => {
    const s = opened();
    s.tell(s.message(proposed(1, 'tier3')));
    expect(s.tell(s.message(outcomeOf(1))).records.map((r) => r.kind)).toEqual(['action.outcome', 'run.halted']);
    expect(runOf(s).context).toContain(`${actionId(1)}:result 1`);
  });

  it('allows a deferred action when the fact arrives and denies it when time runs out', () => {
    const s = opened();
    s.tell(s.message(proposed(1, 'wait')));
    s.tell(s.message(proposed(2, 'wait')));
    expect(s.hear(supply(1, 3)).replies[0]).toMatchObject({ decision: 'allow', round: 2 });
    expect(s.hear({ kind: 'due', message: { timer: 'defer', action: actionId(2) } }).records[0]).toMatchObject({ kind: 'message.refused', code: 'not_yet_valid' });
    s.at(start + 30_000);
    expect(s.hear({ kind: 'due', message: { timer: 'defer', action: actionId(2) } }).replies[0]).toMatchObject({ decision: 'deny', code: 'fact_timeout' });
  });

  it('forgets a run after its life and a grace', () => {
    const s = opened();
    s.at(start + 3_600_000 + 11 * 60_000);
    s.hear({ kind: 'halted', message: { halt: 'h', by: 'x', reason: 'y', mode: 'halt' } });
    s.hear({ kind: 'halted', message: { halt: 'h', by: 'x', reason: 'y', mode: 'halt' } });
    expect(s.state.runs.size).toBe(0);
  });
});

describe('the runtime\'s word', () => {
  it('is on the record with whether somebody vouched for the runtime when it was given', () => {
    const s = opened();
    for (const n of [1, 2, 3]) s.tell(s.message(proposed(n, 'read')));
    const reported = (n: number, of?: typeof agent) => s.tell(s.message(outcomeOf(n)), of === undefined ? {} : { agent: () => of }).records[0];
    expect(reported(1)).not.toHaveProperty('trusted');
    expect(reported(2, { ...agent, runtimeTrusted: true })).toMatchObject({ kind: 'action.outcome', trusted: true });
    expect(reported(3, { ...agent, runtimeTrusted: false })).not.toHaveProperty('trusted');
  });

  it('is not waited for where nobody vouches: what it may have read counts as read from the grant on', () => {
    const touchedAfterGrant = (trusted: boolean) => {
      const s = opened();
      const judge: ReturnType<typeof world>['judge'] = (question) => ({ ...world().judge(question), facts: { 'agent.trusted': { value: trusted, origin: 'derived' }, 'tool.data': { value: ['secret'], origin: 'derived' } } });
      s.tell(s.message(proposed(1, 'read')), { judge });
      s.tell(s.message(outcomeOf(1, 'not_executed')));
      return runOf(s).dataTouched;
    };
    expect([touchedAfterGrant(true), touchedAfterGrant(false)]).toEqual([[], ['secret']]);
  });
});
