import { describe, expect, it } from '@jest/globals';
import type { CheckedVote } from '@countersign/kernel';
import { actionId, agent, proposed, resolvedFor, runId, scene, start, started, vote } from './scene.fixture.ts';

const opened = () => {
  const s = scene();
  s.tell(s.message(started));
  return s;
};
const runOf = (s: ReturnType<typeof scene>) => s.state.runs.get(runId)!;

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
