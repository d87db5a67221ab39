import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { envelope } from '@countersign/bus';
import type { ApprovalResolved, GovernedDecided, GovernedRecord, JsonObject } from '@countersign/contracts';
import { argumentsDigest, generateKey, isOfDigest, preApprovalId, signPersonStatement, signServiceMessage } from '@countersign/identity';
import type { Run } from '@countersign/sdk';
import { serviceKey } from '@countersign/service-host';
import { call, deskTool, human, startWhole, until } from '@countersign/spec/whole';
import type { Agent, Human, Whole } from '@countersign/spec/whole';
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { shapeOf } from '../../services/approvals/src/shape.fixture.ts';
import { approvalFor } from './approval-for.ts';
import type { ShownApproval } from './approval-for.ts';

const terminal = (records: readonly GovernedRecord[], action: string) => records.filter((record): record is GovernedDecided => record.kind === 'action.decided' && record.action === action && ['allow', 'modify', 'deny'].includes(record.decision.decision));

/** People decide what waits: who may, how many, until when, and what a stolen approvals service cannot do. */
describe('people decide what waits', () => {
  let whole: Whole;
  let clerk: Agent;
  let run: Run;
  let balances: Server;
  beforeAll(async () => {
    balances = createServer((_, answer) => { answer.end('{"state":{"to":"NL01","minor":120}}'); });
    await new Promise<void>((done) => { balances.listen(0, '127.0.0.1', done); });
    const reader = { url: `http://127.0.0.1:${(balances.address() as AddressInfo).port}/balance` };
    whole = await startWhole({ CS_APPROVALS_READERS: '127.0.0.1', CS_APPROVALS_READER_MS: '30000', CS_GRANT_MS: '300000' }, undefined, { 'desk.credit': deskTool('Credits a customer; can be taken back', { to: { type: 'string', minLength: 1, maxLength: 34 }, minor: { type: 'integer', minimum: 1, maximum: 100_000_000 } }, { reader, compensator: 'desk.write', facts: { target: '[args.to]', amount: 'args.minor', currency: "'EUR'" } }) });
    clerk = await whole.agent('clerk');
  }, 240_000);
  afterAll(async () => { balances?.close(); await whole?.close(); });
  beforeEach(async () => { run = await clerk.open({ text: 'pay what is due', attestation: null }); });

  const asked = async (minor: number, tool = 'desk.transfer', to = 'NL01') => {
    const action = run.propose(tool, { to, minor });
    expect(await action.decision).toMatchObject({ decision: 'step_up' });
    return { action, approval: await approvalFor(whole, action.action) };
  };

  /** Asks for the claim until supervision has heard of the decision. */
  const claimed = (grant: string | null) => until('supervision has the decision', async () => { const answer = await call('POST', `${whole.urls.supervision}/claims`, { grant }); return answer.status !== 503 && answer; });

  it('one deny ends it: nothing is granted, and a late approve is told so', async () => {
    const { action, approval } = await asked(500);
    expect(await whole.people.tess.vote(approval, 'deny')).toMatchObject({ status: 200, body: { status: 'closed', resolution: 'denied' } });
    expect(await action.settled(60_000)).toMatchObject({ decision: 'deny', code: 'approval_denied', grant: null });
    expect(await whole.people.theo.vote(approval, 'approve')).toMatchObject({ status: 409, body: { code: 'approval_closed' } });
    await until('the decision is on the record', () => terminal(whole.seen.governed(run.id), action.action).length > 0);
    expect(terminal(whole.seen.governed(run.id), action.action)).toHaveLength(1);
  });

  it('nobody answers in time: that denies', async () => {
    const action = run.propose('desk.rush', { to: 'NL01', minor: 500 });
    expect(await action.decision).toMatchObject({ decision: 'step_up' });
    expect(await action.settled(60_000)).toMatchObject({ decision: 'deny', code: 'approval_expired', grant: null });
  });

  it('a large payment needs two people, and one of them twice is still one', async () => {
    const { action, approval } = await asked(200_000);
    expect(approval.quorum).toBe(2);
    for (const counted of ['now', 'before']) expect(await whole.people.tess.vote(approval, 'approve')).toMatchObject({ status: 200, body: { status: 'open', votes: [{ person: 'tess' }], you: { may: false, voted: 'approve', counted } } });
    expect(await whole.people.theo.vote(approval, 'approve')).toMatchObject({ status: 200, body: { status: 'closed', resolution: 'approved' } });
    expect(await action.settled(60_000)).toMatchObject({ decision: 'allow', claim: true });
  });

  it('separation of duties: neither the owner of the agent nor who gave the instruction decides', async () => {
    run = await clerk.open(whole.people.theo.instruct('clerk', 'pay somebody something'));
    const { action, approval } = await asked(700);
    expect([...approval.requesters].sort()).toEqual(['owner', 'theo']);
    expect(await whole.people.owner.vote(approval, 'approve')).toMatchObject({ status: 403, body: { code: 'self_approval' } });
    expect(await whole.people.theo.vote(approval, 'approve')).toMatchObject({ status: 403, body: { code: 'self_approval' } });
    expect(await whole.people.nobody.vote(approval, 'approve')).toMatchObject({ status: 403, body: { code: 'not_eligible' } });
    expect((await whole.people.tess.vote(approval, 'approve')).status).toBe(200);
    expect(await action.settled(60_000)).toMatchObject({ decision: 'allow' });
  });

  it('where nobody is left who could decide, operators see it and why, and nothing passes for it', async () => {
    run = await clerk.open(whole.people.sena.instruct('clerk', 'pay NL09'));
    const { action, approval } = await asked(45_000);
    const { body } = await whole.people.operator.call('approvals', 'GET', '/attention');
    expect((body['deadEnds'] as { approval: string }[]).find((one) => one.approval === approval.approval)).toMatchObject({ missing: [{ name: 'senior', roles: ['senior'], places: 1 }], requesters: expect.arrayContaining(['sena']), breakGlass: ['senior', 'operator'] });
    expect((await whole.people.tess.vote(approval, 'approve')).body).toMatchObject({ status: 'open', ask: { short: ['senior'] }, instruction: { text: 'pay NL09', by: 'sena' }, cost: { minor: 45_000, currency: 'EUR' }, target: ['NL01'] });
    await run.end();
    expect(await action.settled(60_000)).toMatchObject({ decision: 'deny' });
  });

  it('a vote with another key, for another approval or for another content is not counted', async () => {
    const { action, approval } = await asked(800);
    const impostor = human(whole.urls, 'tess', generateKey('tess-1'));
    expect(await impostor.vote(approval, 'approve')).toMatchObject({ status: 400, body: { code: 'vote_invalid' } });
    const { approval: other } = await asked(801);
    expect(await whole.people.tess.call('approvals', 'POST', `/approvals/${approval.approval}/votes`, { jws: whole.people.tess.sign(other, 'approve') })).toMatchObject({ status: 400, body: { code: 'vote_invalid' } });
    expect(await whole.people.tess.vote({ ...approval, digest: other.digest }, 'approve')).toMatchObject({ status: 400, body: { code: 'vote_invalid' } });
    expect(await approvalFor(whole, action.action)).toMatchObject({ status: 'open', votes: [] });
  });

  it('one treasurer and one senior: two of either are not enough, and each fills one place', async () => {
    const { action, approval } = await asked(45_000);
    expect(await whole.people.tess.call('approvals', 'GET', `/approvals/${approval.approval}`)).toMatchObject({ status: 200, body: { progress: { have: 0, need: 2, factors: [{ name: 'route', roles: ['treasurer'] }, { name: 'senior', roles: ['senior'] }] } } });
    expect(await whole.people.tess.vote(approval, 'approve')).toMatchObject({ body: { status: 'open' } });
    expect(await whole.people.theo.vote(approval, 'approve')).toMatchObject({ body: { status: 'open', progress: { have: 1, need: 2 } } });
    expect(await whole.people.sena.vote(approval, 'approve')).toMatchObject({ body: { status: 'closed', resolution: 'approved' } });
    expect(await action.settled(60_000)).toMatchObject({ decision: 'allow', claim: true });
  });

  it('what is shown is what is signed: binding and evidence have the digests that votes name', async () => {
    const { approval } = await asked(1_100);
    const { body } = await whole.people.tess.call('approvals', 'GET', `/approvals/${approval.approval}`);
    expect(argumentsDigest(body['binding'] as JsonObject)).toBe(approval.digest);
    expect(argumentsDigest(body['evidence'] as JsonObject)).toBe(body['evidenceDigest']);
    expect(body['binding']).toMatchObject({ run: run.id, arguments: { to: 'NL01', minor: 1_100 }, policy: 'desk-1', ask: { requesters: ['owner'], bound: { owners: ['owner'] } } });
    expect(body['evidence']).toMatchObject({ cost: { minor: 1_100, currency: 'EUR' }, facts: { 'tool.reversible': { value: false, origin: 'derived' } }, agentRecord: { outcomes: expect.any(Array) } });
  });

  it('a seeded bad request has the shape of a real one, and its digests hold', async () => {
    const { tess, operator } = whole.people;
    const { action, approval } = await asked(730);
    const { status, body: seed } = await operator.call('approvals', 'POST', '/seeds', { agent: 'clerk', tool: 'desk.transfer', arguments: { to: 'NL66' }, reason: null });
    expect(status).toBe(200);
    const look = async (one: string) => (await tess.call('approvals', 'GET', `/approvals/${one}`)).body;
    const [bad, real] = await Promise.all([look(String(seed['approval'])), look(approval.approval)]);
    // What the agent did lately may have grown between the two, as between any two.
    const same = { reason: null, agentRecord: null };
    expect(shapeOf({ ...bad, evidence: { ...bad['evidence'] as object, ...same } })).toEqual(shapeOf({ ...real, reason: null, evidence: { ...real['evidence'] as object, ...same } }));
    expect(bad).toMatchObject({ run: run.id, target: ['NL66'], cost: { minor: 730 }, tier: real['tier'], requesters: real['requesters'], you: { may: true } });
    const { body: tool } = await operator.call('registry', 'GET', '/tools/desk.transfer');
    expect(isOfDigest(bad as never, String(tool['definition']))).toBe(true);
    // Supervision, which knows the real one alone, shows whoever may be asked neither of them; who watches agents sees what waits.
    const seenBy = async (who: Human) => ((await who.call('supervision', 'GET', `/runs/${run.id}`)).body['timeline'] as { action: string }[] | undefined)?.map((one) => one.action) ?? [];
    await until('supervision has heard of it', async () => (await seenBy(operator)).includes(action.action));
    expect(await seenBy(tess)).toEqual([]);
    const told = async (who: Human) => ((await who.call('supervision', 'GET', `/timeline?run=${run.id}`)).body['events'] as { kind: string }[]).map(({ kind }) => kind);
    expect([await told(tess), await told(operator)]).toEqual([['run.started'], ['run.started', 'action.decided']]);
    expect((await tess.call('supervision', 'GET', '/runs?agent=clerk')).body['runs']).toEqual(expect.arrayContaining([expect.objectContaining({ run: run.id, actions: 0, waiting: 0 })]));
    expect(await tess.vote(bad as never, 'deny')).toMatchObject({ status: 200, body: { resolution: 'denied', seeded: true } });
    await tess.vote(approval, 'deny');
    expect(await action.settled(10_000)).toMatchObject({ decision: 'deny' });
  });

  it('edited by somebody who was asked, it is judged anew, asked of others and runs as edited', async () => {
    const { action, approval } = await asked(60_000);
    const { tess, theo } = whole.people;
    const args = { to: 'NL01', minor: 600 };
    const sign = (by: Human, what: object) => signPersonStatement('edit', { sub: by.person, approval: approval.approval, digest: approval.digest, arguments: argumentsDigest(what as JsonObject), reason: 'a nought too many', iat: Math.floor(Date.now() / 1000) }, by.key);
    expect(await tess.call('approvals', 'POST', `/approvals/${approval.approval}/edits`, { jws: sign(tess, { ...args, minor: 6 }), arguments: args })).toMatchObject({ status: 400, body: { code: 'vote_invalid' } });
    expect(await tess.call('approvals', 'POST', `/approvals/${approval.approval}/edits`, { jws: sign(tess, args), arguments: args })).toMatchObject({ status: 200, body: { resolution: 'edited', edit: { person: 'tess' } } });
    const again = await until('people are asked again', async () => {
      const next = await approvalFor(whole, action.action);
      return next.approval === approval.approval ? undefined : next;
    });
    expect(again.requesters).toContain('tess');
    expect(await tess.vote(again, 'approve')).toMatchObject({ status: 403, body: { code: 'self_approval' } });
    expect((await theo.vote(again, 'approve')).status).toBe(200);
    expect(await action.settled(60_000)).toMatchObject({ decision: 'modify', arguments: args });
    const last = await until('the decision is on the record', () => terminal(whole.seen.governed(run.id), action.action)[0]);
    expect([last.message.arguments, last.edited, last.modified?.arguments]).toEqual([{ to: 'NL01', minor: 60_000 }, { arguments: args, by: ['tess'] }, args]);
  });

  it('two people break the glass where the quorum is missing; nobody does so again before it was reviewed', async () => {
    const { action, approval } = await asked(46_000);
    const { sena, operator, tess } = whole.people;
    expect(await tess.vote(approval, 'break_glass')).toMatchObject({ status: 403, body: { code: 'not_eligible' } });
    expect(await sena.vote(approval, 'break_glass')).toMatchObject({ status: 200, body: { status: 'open' } });
    expect(await operator.vote(approval, 'break_glass')).toMatchObject({ status: 200, body: { resolution: 'approved', glass: { people: ['sena', 'operator'], reviewed: null, skipped: [{ name: 'route', roles: ['treasurer'], missing: 1 }, { name: 'senior', missing: 1 }], reviewDue: expect.any(Number) } } });
    expect(await action.settled(60_000)).toMatchObject({ decision: 'allow', claim: true });
    expect((await operator.call('approvals', 'GET', '/attention')).body['glasses']).toMatchObject([{ approval: approval.approval, people: ['sena', 'operator'] }]);
    const { approval: next } = await asked(47_000);
    expect(await sena.vote(next, 'break_glass')).toMatchObject({ status: 409, body: { code: 'glass_unreviewed' } });
  });

  it('APTS-HO-016: a hundred votes go in one call, and one that is refused holds up no other', async () => {
    const many = await Promise.all(Array.from({ length: 5 }, (_, i) => asked(1_200 + i)));
    const { tess, nobody } = whole.people;
    const votes = many.map(({ approval }, i) => ({ approval: approval.approval, jws: (i === 2 ? nobody : tess).sign(approval, i === 3 ? 'deny' : 'approve') }));
    const { body } = await tess.call('approvals', 'POST', '/votes', { votes });
    expect((body['results'] as { code: string; resolution: string | null }[]).map(({ code, resolution }) => `${code} ${resolution}`)).toEqual(['ok approved', 'ok approved', 'not_eligible null', 'ok denied', 'ok approved']);
    expect(await many[4]!.action.settled(60_000)).toMatchObject({ decision: 'allow' });
  });

  /** What somebody who stole the key of the approvals service could put into the inbox. */
  const passOn = async (approval: ShownApproval, action: string, votes: ApprovalResolved['votes'], signer = 'approvals'): Promise<void> => {
    const decision = await until('the decision is on the record', () => whole.seen.governed(run.id).find((record): record is GovernedDecided => record.kind === 'action.decided' && record.action === action));
    const body: ApprovalResolved = { approval: approval.approval, action, answers: decision.position, digest: approval.digest, resolution: 'approved', votes };
    const record = { topic: 'runs.inbox.v1', key: run.id, value: Buffer.from(JSON.stringify(body)), headers: envelope({ id: randomUUID(), type: 'countersign.runs.resolved.v1', source: signer, time: Date.now(), tenant: 'acme' }) };
    await whole.bus.publish([signServiceMessage(record, serviceKey(whole.place.secretsDir, signer))]);
  };
  const refusals = () => whole.seen.governed(run.id).filter((record) => record.kind === 'message.refused' && record.ceType.includes('resolved'));

  it.each<[string, (approval: ShownApproval, people: Whole['people']) => ApprovalResolved['votes']]>([
    ['without any vote', () => []],
    ['with a vote signed by another key under her name', (approval) => [{ person: 'tess', vote: 'approve', jws: human({} as never, 'tess', generateKey('tess-1')).sign(approval, 'approve') }]],
    ['with her vote for another approval', (approval, { tess }) => [{ person: 'tess', vote: 'approve', jws: tess.sign({ ...approval, approval: 'apr_other' }, 'approve') }]],
    ['with her deny called an approve', (approval, { tess }) => [{ person: 'tess', vote: 'approve', jws: tess.sign(approval, 'deny') }]],
    ['with the vote of the agent\'s owner', (approval, { owner }) => [{ person: 'owner', vote: 'approve', jws: owner.sign(approval, 'approve') }]],
    ['with the vote of somebody without the role', (approval, { nobody }) => [{ person: nobody.person, vote: 'approve', jws: nobody.sign(approval, 'approve') }]],
  ])('policy counts again: an approval passed on %s is refused, and the action still waits', async (_, votesOf) => {
    const { action, approval } = await asked(900);
    const before = refusals().length;
    await passOn(approval, action.action, votesOf(approval, whole.people));
    expect(await until('policy has refused it', () => refusals()[before])).toMatchObject({ code: 'votes_invalid' });
    expect(terminal(whole.seen.governed(run.id), action.action)).toEqual([]);
    expect((await whole.people.tess.vote(approval, 'approve')).status).toBe(200);
    expect(await action.settled(60_000)).toMatchObject({ decision: 'allow' });
  });

  it('one real vote twice is not a quorum of two, whoever passes it on', async () => {
    const { action, approval } = await asked(300_000);
    const vote = { person: 'tess', vote: 'approve' as const, jws: whole.people.tess.sign(approval, 'approve') };
    await passOn(approval, action.action, [vote, vote]);
    expect(await until('policy has refused it', () => refusals()[0])).toMatchObject({ code: 'votes_invalid' });
    expect(terminal(whole.seen.governed(run.id), action.action)).toEqual([]);
  });

  describe('agreed to beforehand', () => {
    let teller: Agent;
    beforeAll(async () => { teller = await whole.agent('teller', { ceiling: 1 }); });
    beforeEach(async () => { run = await teller.open({ text: 'credit NL01 and NL02 what they are owed', attestation: null }); });
    const terms = (over: object = {}) => {
      const from = Math.floor(Date.now() / 1000);
      return { tenant: 'acme', agent: 'teller', tool: 'desk.credit', targets: ['NL01'], amount: { minor: 500, currency: 'EUR' }, sum: { minor: 800, currency: 'EUR' }, uses: 5, from, until: from + 3_600, ...over };
    };
    const sign = (by: Human, of: ReturnType<typeof terms>) => signPersonStatement('pre-approval', { sub: by.person, terms: of, reason: 'the monthly credits', iat: Math.floor(Date.now() / 1000) }, by.key);
    const agree = async (by: Human, of: ReturnType<typeof terms>) => by.call('approvals', 'POST', '/pre-approvals', { jws: sign(by, of) });

    it('APTS-HO-016: what would wait for people runs at once, as far as was agreed and no further; each use is counted once and stands on the record', async () => {
      const of = terms();
      const { preApproval } = (await agree(whole.people.tess, of)).body as { preApproval: string };
      const covered = run.propose('desk.credit', { to: 'NL01', minor: 500 });
      const settled = await covered.settled(60_000);
      expect(settled).toMatchObject({ decision: 'allow', tier: 3, claim: true });
      expect(await claimed(settled.grant)).toMatchObject({ status: 200 });
      const decided = await until('it is on the record', () => terminal(whole.seen.governed(run.id), covered.action)[0]);
      expect(decided.resolved?.votes).toMatchObject([{ person: 'tess', vote: 'approve', preApproval }]);
      // Together more than was agreed to; another target; then taken back.
      for (const [to, minor] of [['NL01', 301], ['NL02', 100]] as const) {
        const { approval } = await asked(minor, 'desk.credit', to);
        expect(approval).toMatchObject({ status: 'open' });
      }
      expect(await whole.people.tess.call('approvals', 'POST', `/pre-approvals/${preApproval}/revoke`)).toMatchObject({ status: 200, body: { status: 'revoked', used: [{ action: covered.action, money: { minor: 500 } }] } });
      const { approval } = await asked(100, 'desk.credit');
      expect(approval).toMatchObject({ status: 'open' });
      // What stands there now, as the tool's reader says, is part of what people sign.
      const { body } = await whole.people.tess.call('approvals', 'GET', `/approvals/${approval.approval}`);
      expect(body['evidence']).toMatchObject({ current: { why: null, changes: [{ name: 'minor', before: 120, after: 100 }] } });
      expect(argumentsDigest(body['evidence'] as JsonObject)).toBe(body['evidenceDigest']);
    });

    it('a stolen approvals service cannot stretch it: what it does not cover is put to people, whoever passes it on', async () => {
      const of = terms();
      const { action, approval } = await asked(400, 'desk.credit', 'NL02');
      await passOn(approval, action.action, [{ person: 'tess', vote: 'approve', jws: sign(whole.people.tess, of), preApproval: preApprovalId(of) }]);
      const again = await until('people are asked again', async () => { const next = await approvalFor(whole, action.action); return next.approval === approval.approval ? undefined : next; });
      expect(terminal(whole.seen.governed(run.id), action.action)).toEqual([]);
      expect((await whole.people.tess.vote(again, 'approve')).status).toBe(200);
      expect(await action.settled(60_000)).toMatchObject({ decision: 'allow' });
    });

    it('what could never cover anything is not taken, and says why', async () => {
      const tess = whole.people.tess;
      for (const [over, why] of [[{ tool: 'desk.transfer' }, 'cannot be taken back'], [{ tool: 'desk.nothing' }, 'no tool'], [{ agent: 'nobody' }, 'no agent'], [{ amount: { minor: 5, currency: 'USD' }, sum: { minor: 5, currency: 'USD' } }, 'moves EUR']] as const)
        expect(await agree(tess, terms(over))).toMatchObject({ status: 422, body: { code: 'pre_approval_futile', detail: expect.stringContaining(why) } });
    });

    it('the owner of the agent agrees to nothing for it', async () => {
      await agree(whole.people.owner, terms());
      expect((await asked(400, 'desk.credit')).approval).toMatchObject({ status: 'open' });
    });
  });

  it('another service cannot say what approvals says', async () => {
    const { action, approval } = await asked(950);
    const vote = (by: Human) => ({ person: by.person, vote: 'approve' as const, jws: by.sign(approval, 'approve') });
    const counted = () => whole.seen.governed().flatMap((record) => (record.kind === 'messages.unproven' ? record.counts : [])).filter(({ code, principal }) => code === 'wrong_signer' && principal === 'supervision-1').length;
    const before = counted();
    await passOn(approval, action.action, [vote(whole.people.tess)], 'supervision');
    await until('it was counted as nobody\'s', () => counted() > before);
    expect(terminal(whole.seen.governed(run.id), action.action)).toEqual([]);
  });

  it('whoever approved counts again at the claim: one who has left by then does not', async () => {
    const { action, approval } = await asked(970);
    const { theo, operator } = whole.people;
    expect((await theo.vote(approval, 'approve')).status).toBe(200);
    const { grant } = await action.settled(60_000);
    expect(await operator.call('registry', 'POST', '/people/theo/leave', { reason: 'last day' })).toMatchObject({ status: 200 });
    await until('supervision knows that he has left', async () => (await theo.call('supervision', 'GET', '/halts')).status === 401);
    expect(await claimed(grant)).toMatchObject({ status: 403, body: { code: 'approval_lapsed' } });
  });

  it('every vote and resolution is in the log', async () => {
    expect(await whole.drainWhole()).toMatchObject({ ok: true });
  });
});
