import { describe, expect, it } from '@jest/globals';
import type { ApprovalResolved, GovernedDecided, Json, PersonSnapshot } from '@countersign/contracts';
import fc from 'fast-check';
import type { CheckedVote } from '@countersign/kernel';
import { reproduce } from '../backtest/reproduce.ts';
import { compileBundle } from '../rules/compile.ts';
import type { GrantOrder } from '../draft.ts';
import { actionId, proposed, scene, start, started, world } from '../scene.fixture.ts';
import type { World } from '../world.ts';
import type { Asking } from './asked.ts';
import { noPeoplePolicy } from './people-spec.ts';
import type { PeoplePolicy } from './people-spec.ts';

const everybody = ['carl', 'cora', 'gus', 'gina'].map((person): PersonSnapshot => ({ person, tenant: 'acme', version: 1, name: person, roles: person.startsWith('g') ? ['glass'] : ['controller'], status: 'active', keys: [] }));
const asking = (policy: Partial<PeoplePolicy> = {}): Asking => ({
  policy: { ...noPeoplePolicy, ...policy }, senior: { route: ['cfo'], quorum: 1, expiresInMs: 60_000 }, author: null, people: () => everybody, person: (id) => everybody.find((one) => one.person === id), add: (_, from, ms) => from + ms,
});
const vote = (person: string, over: Partial<CheckedVote> = {}): CheckedVote => ({ person, vote: 'approve', roles: ['controller'], why: null, channel: null, ...over });

/** A run in which `tier3` waits for a controller; what services say about it comes after. */
const waiting = (policy: Partial<PeoplePolicy> = {}, args: Record<string, Json> = { amount: 5 }) => {
  const play = scene();
  const people = asking(policy);
  const grants: GrantOrder[] = [];
  const { log } = play;
  play.tell(play.message(started));
  play.tell(play.message(proposed(1, 'tier3', args)), { asking: people });
  const last = () => log.filter((record): record is GovernedDecided => record.kind === 'action.decided').at(-1)!;
  const say = (over: Partial<ApprovalResolved>, votes: readonly CheckedVote[] = [], editor?: Pick<CheckedVote, 'person' | 'roles' | 'why'>, after = 1_000, by = people, around: Partial<World> = {}) => {
    play.at(start + after);
    const message: ApprovalResolved = { approval: 'a', action: actionId(1), answers: last().position, digest: last().decision.approval!.digest, resolution: 'approved', votes: [], ...over };
    grants.push(...play.hear({ kind: 'resolved', message, votes, ...(editor && { editor }) }, { asking: by, ...around }).grants);
  };
  return { last, say, log, grant: () => grants.at(-1)?.claims };
};

describe('what people decided', () => {
  it('is asked of the senior route, once, where nobody answered in time and the bundle says so', () => {
    const { say, last } = waiting({ clock: { calendar: null, remind: [], escalate: [], onExpiry: 'escalate' } });
    say({ resolution: 'expired' }, [], undefined, 59_000);
    expect(last().decision.approval).toMatchObject({ route: ['controller'], onExpiry: 'escalate' });
    say({ resolution: 'expired' }, [], undefined, 60_001);
    expect(last()).toMatchObject({ round: 2, decision: { decision: 'step_up', approval: { route: ['cfo'], escalated: true, onExpiry: 'deny' } } });
    say({ resolution: 'expired' }, [], undefined, 130_000);
    expect(last()).toMatchObject({ decision: { decision: 'deny', code: 'approval_expired' } });
  });

  it('halts the run where the bundle says that nobody answering does', () => {
    const { say, log } = waiting({ clock: { calendar: null, remind: [], escalate: [], onExpiry: 'halt_run' } });
    say({ resolution: 'expired' }, [], undefined, 60_001);
    expect(log.at(-1)).toMatchObject({ kind: 'run.halted', by: 'policy' });
  });

  describe('before it was asked', () => {
    const terms = { tenant: 'acme', agent: 'clerk', tool: 'tier3', targets: ['NL01'], amount: { minor: 9, currency: 'EUR' }, sum: { minor: 20, currency: 'EUR' }, uses: 3, from: start / 1000, until: start / 1000 + 3_600 };
    const facts = { target: ['NL01'], 'target.trust': 'instruction', 'tool.reversible': true, level: 'normal', amount: 5 };
    /** `tier3` with facts about its target; what is judged later is judged by other facts. */
    const agreedTo = (over: Partial<typeof terms>, now: Partial<typeof facts> = {}) => {
      const { say, last, grant } = waiting();
      const derived = Object.fromEntries(Object.entries({ ...facts, ...now }).map(([name, value]) => [name, { value, origin: 'derived' as const }]));
      const judge: World['judge'] = (question) => { const judged = world().judge(question); return { ...judged, facts: derived }; };
      say({}, [vote('carl', { terms: { ...terms, ...over }, agreedAt: start, conditions: { until: terms.until } })], undefined, 1_000, asking(), { judge });
      return { decision: last().decision, exp: grant()?.exp };
    };
    it('lets through what it covers, no longer than it lives', () => {
      expect(agreedTo({})).toMatchObject({ decision: { decision: 'allow', tier: 3, claim: true } });
      expect(agreedTo({ until: start / 1000 + 11 }).decision.decision).toBe('allow');
    });
    it.each<[string, Partial<typeof terms>, Partial<typeof facts>?]>([
      ['another agent', { agent: 'mailer' }], ['another target', { targets: ['NL02'] }], ['more money', { amount: { minor: 4, currency: 'EUR' } }], ['another run', { run: 'r' } as object],
      ['what cannot be taken back', {}, { 'tool.reversible': false }], ['a target out of what a tool returned', {}, { 'target.trust': 'record' }], ['an agent that behaves oddly by now', {}, { level: 'raised' }],
    ])('asks people where policy finds that it does not cover it: %s', (_, over, now = {}) => {
      expect(agreedTo(over, now)).toMatchObject({ decision: { decision: 'step_up', approval: { route: ['controller'] } }, exp: undefined });
    });
  });

  describe('with conditions', () => {
    it('lets it run until then and no longer', () => {
      const { say, grant } = waiting();
      say({}, [vote('carl', { conditions: { until: (start + 11_000) / 1000 } })]);
      expect(grant()).toMatchObject({ exp: (start + 11_000) / 1000 });
    });
    it.each([['above the cap', { cap: { minor: 4, currency: 'EUR' } }], ['in another currency', { cap: { minor: 9, currency: 'USD' } }], ['after its time', { until: start / 1000 }]])('does not hold %s', (_, conditions) => {
      const { say, log } = waiting();
      say({}, [vote('carl', { conditions })]);
      expect(log.at(-1)).toMatchObject({ kind: 'message.refused', code: 'votes_invalid' });
    });
  });

  describe('edited', () => {
    const editor = (person = 'carl', why: string | null = null) => ({ person, roles: ['controller'], why });
    const edit = (args: object, person = 'carl') => ({ resolution: 'edited' as const, edit: { person, arguments: args as never, jws: 'j' } });

    it('is judged anew on what they made of it, and asked again of others', () => {
      const { say, last, log } = waiting();
      say(edit({ amount: 3 }), [], editor());
      expect(last()).toMatchObject({
        round: 2, message: { arguments: { amount: 5 } }, edited: { arguments: { amount: 3 }, by: ['carl'] }, modified: { arguments: { amount: 3 }, changes: [{ path: '/amount', rules: ['edited:carl'], after: 3 }] },
        reserved: { money: { minor: 3 } }, decision: { decision: 'step_up', approval: { requesters: ['olga', 'paul', 'carl'] } },
      });
      say({}, [vote('carl')]);
      expect(log.at(-1)).toMatchObject({ kind: 'message.refused', code: 'votes_invalid' });
      say({}, [vote('cora')]);
      expect(last()).toMatchObject({ decision: { decision: 'modify' }, message: { arguments: { amount: 5 } }, edited: { arguments: { amount: 3 } }, modified: { arguments: { amount: 3 } }, reply: { arguments: { amount: 3 } } });
    });

    it('fits the schema of the tool or denies', () => {
      const { say, last } = waiting();
      say(edit({ amount: 3, bad: true }), [], editor());
      expect(last()).toMatchObject({ decision: { decision: 'deny', code: 'arguments_invalid' } });
    });

    it.each([
      ['by nobody', undefined], ['with a signature that does not hold', editor('carl', 'bad_signature')], ['by the owner of the agent', editor('olga')],
      ['by somebody who was not asked', { person: 'ines', roles: ['intern'], why: null }],
    ])('counts for nothing %s', (_, by) => {
      const { say, last, log } = waiting();
      say(edit({ amount: 3 }), [], by);
      expect(log.at(-1)).toMatchObject({ kind: 'message.refused', code: 'votes_invalid' });
      expect(last().round).toBe(1);
    });

    it('makes the answers to the question before void', () => {
      const { say, last, log } = waiting();
      const before = { answers: last().position, digest: last().decision.approval!.digest };
      say(edit({ amount: 3 }), [], editor());
      say(before, [vote('cora')]);
      expect(log.at(-1)).toMatchObject({ kind: 'message.refused', code: 'superseded' });
    });
  });

  describe('by breaking the glass', () => {
    const glass = { breakGlass: { roles: ['glass'], count: 2, lifeMs: 5_000 } };
    const broken = (person: string, over: Partial<CheckedVote> = {}) => vote(person, { vote: 'break_glass', roles: ['glass'], ...over });

    it('takes two people and lives shortly', () => {
      const { say, last, log, grant } = waiting(glass);
      say({}, [broken('gus')]);
      expect(log.at(-1)).toMatchObject({ kind: 'message.refused', code: 'votes_invalid' });
      say({}, [broken('gus'), broken('gina')]);
      expect(last()).toMatchObject({ decision: { decision: 'allow', tier: 3, claim: true } });
      expect(grant()).toMatchObject({ exp: (start + 6_000) / 1000 });
    });

    it.each<[string, Partial<PeoplePolicy>, readonly CheckedVote[]]>([
      ['of one person twice', glass, [broken('gus'), broken('gus')]], ['of whoever asked for it', glass, [broken('gus'), broken('olga')]], ['without the role', glass, [broken('gus'), broken('ines', { roles: ['intern'] })]],
      ['out of a channel', glass, [broken('gus'), broken('gina', { channel: { channel: 's', account: 'u', cap: null } })]], ['with a signature that does not hold', glass, [broken('gus'), broken('gina', { why: 'bad_signature' })]],
      ['against a deny', glass, [broken('gus'), broken('gina'), vote('carl', { vote: 'deny' })]], ['where the bundle has none', {}, [broken('gus'), broken('gina')]],
      ['with a role given since', glass, [broken('gus'), broken('gina', { rolesSince: { glass: start + 1 } })]],
    ])('counts for nothing %s', (_, policy, votes) => {
      const { say, last, log } = waiting(policy);
      say({}, votes);
      expect(log.at(-1)).toMatchObject({ kind: 'message.refused', code: 'votes_invalid' });
      expect(last().round).toBe(1);
    });
  });

  it('counts where people stand in for those who were named, and never below what was asked', () => {
    const second = { name: 'owner', from: [{ person: 'gus' }], count: 1, standIn: ['controller'] };
    const routes = [{ id: 'r', matches: () => true, when: null, factors: [second], clock: null }];
    const voters = fc.uniqueArray(fc.constantFrom(vote('carl'), vote('cora'), vote('cora', { standsFor: 'gus' }), vote('gus', { roles: [] }), vote('olga'), vote('ines', { roles: ['intern'], standsFor: 'gus' })), { maxLength: 4 });
    fc.assert(fc.property(voters, (votes) => {
      const { say, last } = waiting({ routes });
      say({}, votes);
      const first = new Map(votes.toReversed().map((one) => [one.person, one]));
      const gus = first.has('gus'), carl = first.has('carl'), cora = first.get('cora');
      const allowed = (gus && (carl || cora !== undefined)) || (carl && cora?.standsFor === 'gus');
      // Where somebody speaks for gus who speaks himself, one of both is heard.
      if (!(gus && votes.some(({ standsFor }) => standsFor === 'gus'))) expect(last().decision.decision === 'allow').toBe(allowed);
    }), { seed: 11, numRuns: 150 });
  });

  it('is asked anew where others would have to be asked by now', () => {
    const { say, last } = waiting();
    const stricter = asking({ routes: [{ id: 'r', matches: () => true, when: null, factors: [{ name: 'second', from: [{ role: 'glass' }], count: 1, standIn: [] }], clock: null }] });
    say({}, [vote('carl')], undefined, 1_000, stricter);
    expect(last()).toMatchObject({ round: 2, decision: { decision: 'step_up', approval: { factors: [{ name: 'route' }, { name: 'second' }] } } });
  });

  it('makes a new question of it each time: no digest comes twice', () => {
    const { say, last } = waiting();
    const first = last().decision.approval!;
    say({ resolution: 'edited', edit: { person: 'carl', arguments: { amount: 5 }, jws: 'j' } }, [], { person: 'carl', roles: ['controller'], why: null });
    expect(last().decision.approval).toMatchObject({ subject: first.subject });
    expect(last().decision.approval!.digest).not.toBe(first.digest);
    expect(last().decision.approval!.nonce).not.toBe(first.nonce);
  });

  it.each<[string, Partial<ApprovalResolved>, readonly CheckedVote[]]>([
    ['approved with a vote that holds', {}, [vote('carl')]], ['with the glass broken', {}, [vote('gus', { vote: 'break_glass', roles: ['glass'] }), vote('gina', { vote: 'break_glass', roles: ['glass'] })]],
    ['denied', { resolution: 'denied' }, [vote('carl', { vote: 'deny' })]], ['expired', { resolution: 'expired' }, []], ['edited', { resolution: 'edited', edit: { person: 'carl', arguments: { amount: 3 }, jws: 'j' } }, []],
  ])('counts for nothing where it was said of another payment, whatever the key of approvals puts it on: %s', (_, over, votes) => {
    // given votes whose signatures hold, over the digest of what was asked about somebody else's payment
    const { say, last, log, grant } = waiting({ breakGlass: { roles: ['glass'], count: 2, lifeMs: 5_000 } });
    const another = waiting({}, { amount: 5_000 }).last().decision.approval!.digest;
    expect(another).not.toBe(last().decision.approval!.digest);
    // when they are put on this question, by its own position
    say({ ...over, digest: another }, votes, over.edit && { person: 'carl', roles: ['controller'], why: null });
    // then it stays a question
    expect(log.at(-1)).toMatchObject({ kind: 'message.refused', code: 'superseded' });
    expect([last().round, last().decision.decision, grant()]).toEqual([1, 'step_up', undefined]);
    say({ answers: last().position - 1 }, [vote('carl')]);
    expect(log.at(-1)).toMatchObject({ kind: 'message.refused', code: 'superseded' });
    say({}, [vote('carl')]);
    expect(last()).toMatchObject({ round: 2, decision: { decision: 'allow' } });
  });

  it('can be made again from the record where it was edited', () => {
    const bundle = compileBundle({ version: 'p1', permit: ['*'], rules: [] });
    const { say, last } = waiting();
    say({ resolution: 'edited', edit: { person: 'carl', arguments: { amount: 3 }, jws: 'j' } }, [], { person: 'carl', roles: ['controller'], why: null });
    expect(() => reproduce(last(), bundle)).not.toThrow();
  });
});
