import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Bus, Outgoing } from '@countersign/bus';
import type { ApprovalResolved, Finding, GovernedDecided } from '@countersign/contracts';
import { openPool } from '@countersign/event-store/postgres';
import { argumentsDigest, createKeySet, generateKey, signPersonStatement } from '@countersign/identity';
import type { SigningKey } from '@countersign/identity';
import { openOwnDatabase, until } from '@countersign/spec';
import type { OwnDatabase } from '@countersign/spec';
import type { Pool } from 'pg';
import { approvalId, composeApprovals } from './compose.ts';
import type { ApprovalService, ApprovalsPorts } from './compose.ts';

let database: OwnDatabase;
let pool: Pool;

const keys: Record<string, SigningKey> = { olaf: generateKey('olaf-1'), fay: generateKey('fay-1'), tom: generateKey('tom-1'), tina: generateKey('tina-1'), olga: generateKey('olga-1') };
let now = 1_000_000;
const published: Outgoing[] = [];
const bus = { publish: async (messages: readonly Outgoing[]) => { published.push(...messages); } } as unknown as Bus;
const running: { stop(): Promise<void> }[] = [];
const open = async () => {
  const service = await compose();
  running.push(service);
  return service;
};
const compose = (over: Partial<ApprovalsPorts> = {}) => composeApprovals({ ...over,
  bus, pool, key: generateKey('approvals-1'), tenant: 'acme', now: () => now, onError: (error) => { throw error; },
  people: { audience: 'approvals', useOnce: async () => true, now: () => now, person: (id) => (keys[id] ? { roles: id === 'olaf' ? ['reviewer'] : ['treasurer', 'reviewer'], status: 'active', keys: createKeySet([keys[id].publicJwk]) } : undefined) },
});
const asked = (run: string, position: number, over: object = {}): GovernedDecided => ({
  position, tenant: 'acme', run, agent: 'payer', inbox: null, now, seq: null, traceparent: null, kind: 'action.decided', action: 'a1', tool: 'payments.transfer', round: 1,
  message: { action: 'a1', tool: 'payments.transfer', arguments: { to: 'DE1' }, deadline: null, reason: 'please\u0000', confidence: null }, resolved: null, facts: {},
  decision: { decision: 'step_up', tier: 3, code: null, rules: [], policyVersion: 'v1', claim: true, approval: { route: ['treasurer'], quorum: 2, expiresAt: now + 60_000, digest: 'digest', requesters: ['olga'] } },
  snapshots: { agent: 1, tool: 1, halts: 0, level: 'normal' }, reserved: { calls: 1, money: null }, attested: true, reply: {}, ...over,
}) as unknown as GovernedDecided;
const vote = (...args: Parameters<typeof jwsOf>) => ({ jws: jwsOf(...args) });
const jwsOf = (person: string, approval: string, how: 'approve' | 'deny' = 'approve', over: { digest?: string; by?: string } = {}) =>
  signPersonStatement('vote', { sub: person, approval, digest: over.digest ?? 'digest', vote: how, reason: 'checked', iat: Math.floor(now / 1000) }, keys[over.by ?? person]!);
const resolved = (run: string) => published.filter((message) => message.topic === 'runs.inbox.v1' && message.key === run).map((message) => JSON.parse(message.value!.toString()) as ApprovalResolved);

describe('approvals on PostgreSQL', () => {
  beforeAll(async () => {
    database = await openOwnDatabase('approvals');
    pool = openPool({ connectionString: database.url });
  });
  afterAll(async () => {
    await Promise.all(running.map((service) => service.stop()));
    await pool.end();
    await database.close();
  });

  it('open once, are resolved by a quorum of signed votes and say so to the inbox once', async () => {
    const service = await open();
    const approval = approvalId('r1', 'a1', 7);
    await service.take([asked('r1', 7), asked('r1', 7)]);
    await service.vote(approval, vote('tom', approval));
    expect((await service.view.get('acme', approval))!.status).toBe('open');
    await service.vote(approval, vote('tom', approval));
    expect(await service.vote(approval, vote('tina', approval))).toMatchObject({ status: 'closed', resolution: 'approved' });
    await until('it is answered', () => resolved('r1').length > 0);
    expect(resolved('r1')).toEqual([expect.objectContaining({ approval, action: 'a1', answers: 7, resolution: 'approved', votes: [expect.objectContaining({ person: 'tom' }), expect.objectContaining({ person: 'tina' })] })]);
    expect(published.filter((message) => message.topic === 'approvals.events.v1').length).toBe(4);
    await service.stop();
  });

  it.each([
    ['a signature of somebody else', (approval: string) => vote('tom', approval, 'approve', { by: 'tina' }), 'vote_invalid'],
    ['a vote for another approval', () => vote('tom', 'apr_other'), 'vote_invalid'],
    ['a vote on other content', (approval: string) => vote('tom', approval, 'approve', { digest: 'other' }), 'vote_invalid'],
    ['the owner of the agent', (approval: string) => vote('olga', approval), 'self_approval'],
    ['bytes that are no vote', () => ({ jws: 'x.y.z' }), 'unauthenticated'],
  ])('refuse %s', async (_, make, code) => {
    const service = await open();
    const approval = approvalId('r2', 'a1', 8);
    await service.take([asked('r2', 8)]);
    await expect(service.vote(approval, make(approval))).rejects.toMatchObject({ code });
    await service.stop();
  });

  it('expire by themselves, also over a restart with the read model lost', async () => {
    const first = await open();
    const approval = approvalId('r3', 'a1', 9);
    await first.take([asked('r3', 9)]);
    await first.stop();
    await pool.query('delete from approval');
    now += 60_000;
    const second = await open();
    await until('it is answered', () => resolved('r3').length > 0);
    expect(resolved('r3')[0]).toMatchObject({ approval, resolution: 'expired' });
    await expect(second.vote(approval, vote('tom', approval))).rejects.toMatchObject({ code: 'approval_closed' });
    await second.stop();
  });

  it('are asked on where policy did not find the votes to hold', async () => {
    const service = await open();
    const approval = approvalId('r6', 'a1', 14);
    await service.take([asked('r6', 14)]);
    await service.vote(approval, vote('tom', approval));
    await service.vote(approval, vote('tina', approval));
    const refused = { position: 15, tenant: 'acme', run: 'r6', agent: 'payer', now, kind: 'message.refused', ceType: 'countersign.runs.resolved.v1', code: 'votes_invalid', detail: 'tom left', reply: { action: 'a1' } } as unknown as GovernedDecided;
    await service.take([refused, refused]);
    expect(await service.view.get('acme', approval)).toMatchObject({ status: 'open', votes: [] });
    expect(await service.vote(approval, vote('tina', approval))).toMatchObject({ status: 'open', votes: [{ vote: { person: 'tina' } }] });
    await service.stop();
  });

  it('show with each question how the agent fared lately and what was found, as of then', async () => {
    const service = await open();
    const outcome = (action: string) => ({ position: 12, tenant: 'acme', run: 'r5', agent: 'payer', inbox: null, now, kind: 'action.outcome', action, tool: 'payments.transfer', message: { status: 'failed' } }) as unknown as GovernedDecided;
    await service.take([outcome('b1')]);
    await service.take([outcome('b1'), outcome('b2')]);
    await service.found([{ finding: 'f1', agent: 'payer', kind: 'behaviour', severity: 'high', explanation: 'a new payee\u0000', at: now } as Finding]);
    await service.take([asked('r5', 13)]);
    await service.take([outcome('b3')]);
    const { question } = (await service.view.get('acme', approvalId('r5', 'a1', 13)))!;
    expect(question.evidence.agentRecord).toEqual({ outcomes: ['b2', 'b1'].map((action) => expect.objectContaining({ action, status: 'failed' })), findings: [expect.objectContaining({ finding: 'f1', severity: 'high' })] });
    expect(question.evidenceDigest).toBe(argumentsDigest(question.evidence as never));
    const signed = (evidence: string) => signPersonStatement('vote', { sub: 'tom', approval: question.approval, digest: 'digest', evidence, vote: 'approve', reason: 'ok', iat: Math.floor(now / 1000) }, keys['tom']!);
    await expect(service.vote(question.approval, { jws: signed('other') })).rejects.toMatchObject({ code: 'vote_invalid' });
    expect(await service.vote(question.approval, { jws: signed(question.evidenceDigest) })).toMatchObject({ status: 'open', votes: [{ vote: { person: 'tom' } }] });
    await service.stop();
  });

  it('remind each once, many at a time, also where a crash left the model behind', async () => {
    const service = await open();
    const runs = ['t1', 't2', 't3'];
    const approval = { route: ['treasurer'], quorum: 2, expiresAt: now + 60_000, digest: 'digest', requesters: ['olga'], reminders: [now + 1_000, now + 2_000] };
    await service.take(runs.map((run) => asked(run, 16, { decision: { decision: 'step_up', tier: 3, code: null, rules: [], policyVersion: 'v1', claim: true, approval } })));
    const behind = approvalId('t2', 'a1', 16);
    const { rows: [row] } = await pool.query<{ state: string; version: number }>('select state, version from approval where approval = $1', [behind]);
    await service.vote(behind, vote('tom', behind));
    await pool.query('update approval set state = $2, version = $3 where approval = $1', [behind, row!.state, row!.version]);
    const reminded = async () => (await pool.query<{ stream: string; n: string }>(`select stream, count(*) as n from event where type = 'reminded' group by stream order by stream`)).rows.map(({ n }) => Number(n));
    now += 1_000;
    await until('each is reminded', async () => (await reminded()).length >= 3);
    expect(await reminded()).toEqual([1, 1, 1]);
    expect(await service.view.get('acme', behind)).toMatchObject({ reminded: 1, votes: [{ vote: { person: 'tom' } }] });
    await service.stop();
    now += 1_000;
    const again = await open();
    await until('each is reminded again', async () => (await reminded()).every((n) => n >= 2));
    expect(await reminded()).toEqual([2, 2, 2]);
    await again.stop();
  });

  it('are cancelled without a word to the inbox when the action ended otherwise', async () => {
    const service = await open();
    await service.take([asked('r4', 10)]);
    await service.take([{ position: 11, tenant: 'acme', run: 'r4', agent: 'payer', inbox: null, now, seq: null, traceparent: null, kind: 'run.ended', reason: 'completed', denied: ['a1'] }]);
    expect(await service.view.get('acme', approvalId('r4', 'a1', 10))).toMatchObject({ status: 'closed', resolution: 'cancelled' });
    await service.stop();
    expect(resolved('r4')).toEqual([]);
  });

  describe('what people do about more than one vote', () => {
    const seconds = (): number => Math.floor(now / 1000);
    const ask = (over: object) => ({ route: ['treasurer'], quorum: 1, expiresAt: now + 60_000, digest: 'digest', requesters: ['olga'], askedAt: now, ...over });
    const open1 = async (service: ApprovalService, run: string, over: object, more: object = {}) => {
      await service.take([asked(run, 30, { ...more, decision: { decision: 'step_up', tier: 3, code: null, rules: [], policyVersion: 'v1', claim: true, approval: ask(over) } })]);
      return approvalId(run, 'a1', 30);
    };
    const glassVote = (person: string, approval: string) => ({ jws: signPersonStatement('vote', { sub: person, approval, digest: 'digest', vote: 'break_glass', reason: 'nobody answers and it burns', iat: seconds() }, keys[person]!) });

    it('whoever is named to stand in votes for who is away, until that ends', async () => {
      const service = await open();
      const approval = await open1(service, 's1', { factors: [{ name: 'owner', roles: [], people: ['olaf'], count: 1, standIn: ['treasurer'] }] });
      await expect(service.vote(approval, vote('tom', approval))).rejects.toMatchObject({ code: 'not_eligible' });
      const away = signPersonStatement('stand-in', { sub: 'olaf', tenant: 'acme', to: 'tom', reason: 'on leave', from: seconds(), until: seconds() + 3600, iat: seconds() }, keys['olaf']!);
      await service.nameStandIn(away);
      expect(await service.standIns()).toEqual([expect.objectContaining({ person: 'olaf', to: 'tom' })]);
      await expect(service.vote(approval, vote('tina', approval))).rejects.toMatchObject({ code: 'not_eligible' });
      expect(await service.vote(approval, vote('tom', approval))).toMatchObject({ resolution: 'approved', votes: [{ vote: { person: 'tom', standIn: away }, speaker: { standsFor: 'olaf' } }] });
      await service.withdrawStandIn('olaf');
      expect(await service.standIns()).toEqual([]);
      // It stands with every vote that was cast by it: whoever brings it again names nobody.
      await expect(service.nameStandIn(away)).rejects.toMatchObject({ code: 'vote_invalid' });
      expect(await service.standIns()).toEqual([]);
      await service.stop();
    });

    it('breaks the glass once, and not again before somebody has reviewed it; one that was refused or waits for its second person holds nobody up', async () => {
      const service = await open();
      const glass = { quorum: 2, breakGlass: { roles: ['treasurer'], count: 2, lifeMs: 300_000 } };
      const reviewedBy = async (approval: string) => service.reviewGlass(approval, signPersonStatement('glass-review', { sub: 'olaf', tenant: 'acme', approval, verdict: 'right', reason: 'it burnt', iat: seconds() }, keys['olaf']!));
      const [none, own, role, waits] = [await open1(service, 'h1', {}), await open1(service, 'h2', glass), await open1(service, 'h3', { ...glass, breakGlass: { roles: ['senior'], count: 2, lifeMs: 1 } }), await open1(service, 'h4', glass)];
      await expect(service.vote(none, glassVote('tom', none))).rejects.toMatchObject({ code: 'no_glass' });
      await expect(service.vote(own, glassVote('olga', own))).rejects.toMatchObject({ code: 'self_approval' });
      await expect(service.vote(role, glassVote('tom', role))).rejects.toMatchObject({ code: 'not_eligible' });
      await service.vote(waits, glassVote('tom', waits));
      const [one, two] = [await open1(service, 'h5', glass), await open1(service, 'h6', glass)];
      for (const approval of [one, two]) await service.vote(approval, glassVote('tom', approval));
      const both = await Promise.allSettled([one, two].map((approval) => service.vote(approval, glassVote('tina', approval))));
      const broken = both[0]!.status === 'fulfilled' ? one : two, other = broken === one ? two : one;
      expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
      expect(await service.view.get('acme', broken)).toMatchObject({ resolution: 'approved', glass: { people: ['tom', 'tina'], reviewed: null } });
      await expect(service.vote(other, glassVote('tina', other))).rejects.toMatchObject({ code: 'glass_unreviewed', message: expect.stringContaining(`countersign review-glass ${broken}`) });
      await reviewedBy(broken);
      expect(await service.vote(other, glassVote('tina', other))).toMatchObject({ resolution: 'approved' });
      await reviewedBy(other);
      await service.stop();
    });

    it('denies what is more than waits for people at once, and says so to the inbox', async () => {
      const service = await compose({ mostOpen: { agent: 2, owner: 1_000 } });
      running.push(service);
      for (const run of ['o1', 'o2', 'o3']) await open1(service, run, {}, { agent: 'flood' });
      expect(await service.view.get('acme', approvalId('o3', 'a1', 30))).toMatchObject({ status: 'closed', resolution: 'overflow' });
      expect(await service.view.get('acme', approvalId('o2', 'a1', 30))).toMatchObject({ status: 'open' });
      await until('it is answered', () => resolved('o3').length > 0);
      expect(resolved('o3')[0]).toMatchObject({ resolution: 'overflow', votes: [] });
      await service.stop();
    });

    it('an edit goes to the inbox with its signature', async () => {
      const service = await open();
      const approval = await open1(service, 'e1', {});
      const args = { to: 'DE2' };
      const edit = (signedArgs: object) => signPersonStatement('edit', { sub: 'tom', approval, digest: 'digest', arguments: argumentsDigest(signedArgs as never), reason: 'wrong account', iat: seconds() }, keys['tom']!);
      await expect(service.edit(approval, edit({ to: 'DE3' }), args)).rejects.toMatchObject({ code: 'vote_invalid' });
      expect(await service.edit(approval, edit(args), args)).toMatchObject({ resolution: 'edited' });
      await until('it is answered', () => resolved('e1').length > 0);
      expect(resolved('e1')[0]).toMatchObject({ resolution: 'edited', edit: { person: 'tom', arguments: args } });
      await service.stop();
    });

    it('whoever approves faster than anybody reads has to look first', async () => {
      const service = await open();
      for (let i = 0; i < 20; i++) {
        const approval = await open1(service, `f${i}`, {});
        await service.vote(approval, { jws: signPersonStatement('vote', { sub: 'fay', approval, digest: 'digest', vote: 'approve', reason: 'ok', iat: seconds() }, keys['fay']!) });
      }
      const approval = await open1(service, 'f20', {});
      const { question } = (await service.view.get('acme', approval))!;
      const approve = (over: object = {}) => service.vote(approval, { jws: signPersonStatement('vote', { sub: 'fay', approval, digest: 'digest', vote: 'approve', reason: 'ok', iat: seconds(), ...over }, keys['fay']!) });
      await expect(approve()).rejects.toMatchObject({ code: 'slow_down', message: expect.stringContaining('open it first') });
      await service.opened(approval, 'fay');
      await expect(approve()).rejects.toMatchObject({ code: 'slow_down' });
      now += 11_000;
      expect(await approve({ evidence: question.evidenceDigest, reason: 'the supplier confirmed it on the telephone' })).toMatchObject({ resolution: 'approved' });
      expect((await service.reviewers()).find(({ person }) => person === 'fay')).toMatchObject({ votes: 21, streak: 21, wornOut: expect.stringContaining('in a row') });
      await service.stop();
    });
  });

  describe('blind reviews', () => {
    const alone = (run: string, over: object = {}): GovernedDecided => asked(run, 20, {
      review: { rate: 0.1, instruction: 'pay DE1', digest: 'shown', requesters: ['olga'] }, decision: { decision: 'allow', tier: 2, code: null, rules: [], policyVersion: 'v1', claim: false, approval: null }, ...over,
    });
    const verdict = (person: string, run: string, how: 'right' | 'wrong' = 'wrong', digest = 'shown') =>
      signPersonStatement('review', { sub: person, tenant: 'acme', run, action: 'a1', digest, verdict: how, reason: 'not asked for', iat: Math.floor(now / 1000) }, keys[person]!);

    it('show what was done and nothing of what was decided, and take one verdict', async () => {
      const service = await open();
      await service.take([alone('v1'), alone('v1'), alone('v2', { review: undefined })]);
      const [one, ...others] = await service.reviews(10);
      expect(others).toEqual([]);
      expect(Object.keys(one!).sort()).toEqual(['action', 'arguments', 'at', 'digest', 'instruction', 'requesters', 'run', 'tenant', 'tool']);
      await service.review(verdict('tom', 'v1'));
      await service.review(verdict('tom', 'v1'));
      expect(await service.reviews(10)).toEqual([]);
      await expect(service.review(verdict('tina', 'v1', 'right'))).rejects.toMatchObject({ code: 'already_voted' });
      await until('the review is on the record', () => published.some((message) => message.topic === 'approvals.events.v1' && message.key === 'review-v1-a1'));
      const events = published.filter((message) => message.key === 'review-v1-a1').map((message) => JSON.parse(message.value!.toString()) as object);
      expect(events).toEqual([expect.objectContaining({ type: 'reviewed', by: 'tom', version: 1, data: expect.objectContaining({ run: 'v1', action: 'a1', verdict: 'wrong' }) })]);
      await service.stop();
    });

    it.each([
      ['by the owner of the agent', () => verdict('olga', 'v3'), 'self_approval'],
      ['on other content', () => verdict('tom', 'v3', 'right', 'other'), 'vote_invalid'],
      ['on what was not drawn', () => verdict('tom', 'v9'), 'not_found'],
      ['signed as a vote', () => jwsOf('tom', 'apr_1'), 'vote_invalid'],
    ])('refuse a verdict %s', async (_, make, code) => {
      const service = await open();
      await service.take([alone('v3')]);
      await expect(service.review(make())).rejects.toMatchObject({ code });
      await service.stop();
    });
  });
});
