import { describe, expect, it } from '@jest/globals';
import type { CheckedVote } from './commands.ts';
import { actionId, agent, outcomeOf, proposal, proposed, resolvedFor, runId, scene, start, started, supply, vote, world } from './scene.fixture.ts';

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

describe('approval', () => {
  const asked = () => {
    const s = opened();
    const draft = s.tell(s.message(proposed(1, 'tier3', { amount: 5 })));
    expect(draft.replies[0]).toMatchObject({ decision: 'step_up', tier: 3, claim: true });
    expect(draft.grants).toHaveLength(0);
    return s;
  };

  it('asks people, without those who asked for the action, then grants with a claim', () => {
    const s = asked();
    expect(runOf(s).actions.get(actionId(1))?.approval).toMatchObject({ requesters: ['olga', 'paul'], expiresAt: start + 60_000 });
    const draft = s.hear(resolvedFor(s, 1, 'approved', [vote('carl', ['controller'])]));
    expect(draft.records[0]).toMatchObject({ kind: 'action.decided', round: 2, seq: null });
    expect(draft.replies[0]).toMatchObject({ decision: 'allow', claim: true, round: 2 });
    expect(draft.grants[0]?.claims).toMatchObject({ tier: 3, claim: true, action: actionId(1) });
  });

  it.each([
    ['a vote whose signature does not hold', [vote('carl', ['controller'], 'bad_signature')]],
    ['the agent owner', [vote('olga', ['controller'])]],
    ['who gave the instruction', [vote('paul', ['controller'])]],
    ['someone without the role', [vote('eve', ['intern'])]],
    ['nobody', []],
  ])('does not count %s', (_name, votes) => {
    const s = asked();
    const draft = s.hear(resolvedFor(s, 1, 'approved', votes));
    expect(draft.records[0]).toMatchObject({ kind: 'message.refused', code: 'votes_invalid' });
    expect(draft.grants).toHaveLength(0);
    expect(runOf(s).actions.get(actionId(1))?.status).toBe('open');
  });

  describe('out of a channel', () => {
    const slack = (minor: number | null, currency = 'EUR'): CheckedVote['channel'] => ({ channel: 'slack-main', account: 'U1', cap: minor === null ? null : { minor, currency } });
    const answered = (votes: readonly CheckedVote[], quorum = 1) => {
      const s = asked();
      const action = runOf(s).actions.get(actionId(1))!;
      action.approval = { ...action.approval!, quorum };
      return s.hear(resolvedFor(s, 1, 'approved', votes)).records[0];
    };

    it('counts up to the cap that the person set', () => expect(answered([vote('carl', ['controller'], null, slack(5))])).toMatchObject({ decision: { decision: 'allow' } }));
    it.each([['above the cap', slack(4)], ['in another currency', slack(5, 'USD')], ['of money without a cap', slack(null)]])('does not count %s', (_, channel) => {
      expect(answered([vote('carl', ['controller'], null, channel)])).toMatchObject({ kind: 'message.refused', code: 'votes_invalid', detail: expect.stringContaining('over_channel_cap') });
    });
    it('never counts for the senior tier', () => {
      const s = opened();
      s.tell(s.message(proposed(1, 'tier4')));
      expect(s.hear(resolvedFor(s, 1, 'approved', [vote('carl', ['cfo'], null, slack(500))])).records[0]).toMatchObject({ code: 'votes_invalid' });
    });
    it('fills one factor at most, whatever the order, and the rest is own keys', () => {
      const [carl, cleo, own] = [vote('carl', ['controller'], null, slack(5)), vote('cleo', ['controller'], null, { ...slack(5)!, channel: 'jira' }), vote('dora', ['controller'])];
      expect(answered([carl, cleo], 2)).toMatchObject({ code: 'votes_invalid', detail: expect.stringContaining('channel_factor_taken') });
      expect(answered([carl, cleo, own], 2)).toMatchObject({ decision: { decision: 'allow' } });
    });
  });

  it.each(['denied', 'expired'] as const)('denies when people say %s, once', (resolution) => {
    const s = asked();
    const body = resolvedFor(s, 1, resolution, []);
    expect(s.hear(body).replies[0]).toMatchObject({ decision: 'deny', code: `approval_${resolution}` });
    expect(s.hear(body).records[0]).toMatchObject({ kind: 'message.refused', code: 'action_closed' });
    expect(runOf(s)).toMatchObject({ calls: 0, denies: 0 });
  });

  it('refuses an answer to another question and an approval after its time', () => {
    const s = asked();
    const body = resolvedFor(s, 1, 'approved', [vote('carl', ['controller'])]);
    expect(s.hear({ ...body, message: { ...body.message, answers: 99 } } as never).records[0]).toMatchObject({ code: 'superseded' });
    s.at(start + 60_001);
    expect(s.hear(body).replies[0]).toMatchObject({ decision: 'deny', code: 'approval_expired' });
  });

  it('decides again as of now: a halt that came meanwhile wins over the approval', () => {
    const s = asked();
    expect(s.hear(resolvedFor(s, 1, 'approved', [vote('carl', ['controller'])]), { halt: () => 'h' }).replies[0]).toMatchObject({ decision: 'deny', code: 'halted' });
  });

  it('halts the run for tier 4 and lets it go on when the senior route approves', () => {
    const s = opened();
    expect(s.tell(s.message(proposed(1, 'tier4'))).records.map((r) => r.kind)).toEqual(['action.decided', 'run.halted']);
    expect(s.tell(s.message(proposed(2, 'tier1'))).replies[0]).toMatchObject({ code: 'run_halted' });
    const draft = s.hear(resolvedFor(s, 1, 'approved', [vote('carl', ['cfo'])]));
    expect(draft.records.map((r) => r.kind)).toEqual(['action.decided', 'run.resumed']);
    expect(s.tell(s.message(proposed(3, 'tier1'))).replies[0]).toMatchObject({ decision: 'allow' });
  });

  it('its own tier 4 halt, come back as a notice that every enforcement point sees, does not stop the action that people allowed', () => {
    const s = opened();
    const [, halted] = s.tell(s.message(proposed(1, 'tier4'))).records;
    const halt = (halted as { halt: string }).halt;
    const notices = (ids: readonly string[]) => ({ halt: (_tenant: string, _agent: string, _tool: string, _run: string, except: string) => ids.find((id) => id !== except) ?? null });
    const approved = () => resolvedFor(s, 1, 'approved', [vote('carl', ['cfo'])]);
    expect(s.hear(approved(), notices([halt])).replies[0]).toMatchObject({ decision: 'allow' });
    const other = opened();
    other.tell(other.message(proposed(1, 'tier4')));
    expect(other.hear(resolvedFor(other, 1, 'approved', [vote('carl', ['cfo'])]), notices([halt, 'h'])).replies[0]).toMatchObject({ decision: 'deny', code: 'halted' });
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

describe('an approval given while its agent was suspended', () => {
  it('counts for nothing, then or after the agent has been resumed: people are asked again', () => {
    const s = scene();
    s.tell(s.message(started));
    s.tell(s.message(proposed(1, 'tier3', { amount: 5 })));
    const suspended = { agent: () => ({ ...agent, status: 'suspended' as const }) };
    const given = resolvedFor(s, 1, 'approved', [vote('carl', ['controller'])]);
    expect(s.hear(given, suspended).replies[0]).toMatchObject({ decision: 'deny', code: 'agent_not_active' });
    // The agent is back; the same answer again, and the same wish again.
    expect(s.hear(given).records[0]).toMatchObject({ kind: 'message.refused', code: 'action_closed' });
    expect(s.tell(s.message(proposed(2, 'tier3', { amount: 5 }))).replies[0]).toMatchObject({ decision: 'step_up', grant: null });
  });
});
