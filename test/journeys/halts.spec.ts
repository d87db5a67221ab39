import { readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { topic } from '@countersign/contracts';
import type { BreakerList, HaltList, HaltScope, LeaseList, PlaybookRunView, RunDetail, ServiceEvent } from '@countersign/contracts';
import { createSessionProof, signPersonStatement } from '@countersign/identity';
import { bearer, call, enrol, expectStatus, openRawSession, patiently, startWhole, until } from '@countersign/spec/whole';
import type { Agent, RawSession, Whole } from '@countersign/spec/whole';

const payment = { to: 'NL77PRNT0000000001', minor: 950 };

/** An operator stops things mid-run, at every scope, and lifts it again. */
describe('a halt mid-run', () => {
  let whole: Whole;
  let clerk: Agent;
  let other: Agent;
  let fragile: Agent;
  beforeAll(async () => {
    const limits = join(tmpdir(), `countersign-breakers-${process.pid}.yaml`);
    writeFileSync(limits, 'breakers:\n  - { scope: agent, match: fragile, minimum: 4, errors: 0.5, cool: 1h, trial: 1 }\n');
    whole = await startWhole({ CS_LEASE_MS: '10000', CS_BREAKERS_FILE: limits });
    clerk = await whole.agent('clerk');
    other = await whole.agent('other');
    await clerk.open({ text: 'warm up', attestation: null });
    await other.open({ text: 'warm up', attestation: null });
  }, 240_000);
  afterAll(async () => { await whole?.close(); });

  const open = (agent: Agent): Promise<RawSession> => openRawSession(whole, agent, whole.people.tess.instruct(agent.id, 'pay NL77PRNT0000000001 the 9.50 EUR'));
  const read = (session: RawSession) => session.propose('desk.read', { note: 'n' });
  const claim = (grant: string, fence?: number) => patiently(() => call('POST', `${whole.urls.supervision}/claims`, { grant, ...(fence !== undefined && { fence }) }));
  const stop = async (scope: HaltScope): Promise<string> => {
    const answer = await whole.people.operator.call('supervision', 'POST', '/halts', { scope, reason: 'looks wrong' });
    expect(answer.status).toBe(201);
    return String(answer.body['halt']);
  };
  const lift = async (halt: string): Promise<void> => { expect((await whole.people.operator.call('supervision', 'POST', `/halts/${halt}/lift`, { reason: 'explained' })).status).toBe(200); };

  it('takes a halt of what nobody knows, and says so', async () => {
    // What came last is known last.
    await until('supervision knows the agents', async () => {
      const { body } = await whole.people.operator.call('supervision', 'POST', '/halts', { scope: { kind: 'agent', id: 'other' }, reason: 'drill' });
      await lift(String(body['halt']));
      return body['unknown'] === undefined;
    });
    for (const [scope, unknown] of [[{ kind: 'agent', id: 'clerck' }, { kind: 'agent', near: ['clerk'] }], [{ kind: 'tool', id: 'desk.raed' }, { kind: 'tool', near: ['desk.read'] }], [{ kind: 'run', id: 'nobody' }, { kind: 'run', near: [] }], [{ kind: 'agent', id: 'clerk' }, undefined]] as const) {
      const { status, body } = await whole.people.operator.call('supervision', 'POST', '/halts', { scope, reason: 'looks wrong' });
      expect([status, body['unknown']]).toEqual([201, unknown]);
      await lift(String(body['halt']));
    }
  });

  it.each<[HaltScope['kind'], (run: string) => string | null, string]>([
    ['agent', () => 'clerk', 'halted'], ['tool', () => 'desk.read', 'halted'], ['run', (run) => run, 'run_halted'], ['tenant', () => 'acme', 'halted'], ['everything', () => null, 'halted'],
  ])('at the scope %s: what is proposed is denied, what was granted does not start, and the lift lets it go on', async (kind, idOf, code) => {
    const session = await open(clerk);
    const bystander = await open(other);
    // given grants that are still good
    const granted = await read(session);
    expect(granted).toMatchObject({ decision: 'allow', claim: false });
    const paid = await session.propose('desk.transfer', payment);
    expect(paid).toMatchObject({ decision: 'allow', claim: true });

    const halt = await stop({ kind, id: idOf(session.run) });

    const denied = await until('policy denies for the halt', async () => { const reply = await read(session); return reply.decision === 'deny' && reply; });
    expect(['halted', 'run_halted']).toContain(denied.code);
    if (kind !== 'run') expect(denied.code).toBe(code);
    // The tool may hear of it after policy: it looks for halts before it looks at what was used.
    const tool = await until('the tool refuses', async () => { const answer = await whole.tools.invoke('desk.read', { note: 'n' }, session.headers(granted.grant!)); return answer.body['code'] === 'halted' && answer; });
    expect(tool.status).toBe(409);
    if (kind !== 'tool') expect(await claim(paid.grant!)).toMatchObject({ status: 409, body: { code: 'halted' } });
    // whom it does not cover goes on
    const elsewhere = await bystander.propose(kind === 'tool' ? 'desk.write' : 'desk.read', kind === 'tool' ? { note: 'n', text: 't' } : { note: 'n' });
    expect(elsewhere.decision).toBe(kind === 'everything' || kind === 'tenant' ? 'deny' : 'allow');

    await lift(halt);
    await until('policy allows again', async () => (await read(session)).decision === 'allow');
    // A claim lives for seconds: who comes to the tool before the lift does gets a new one.
    const claimed = async () => String((await until('supervision confirms again', async () => { const answer = await claim(paid.grant!); return answer.status === 200 && answer; })).body['claim']);
    await until('the tool goes on', async () => (await whole.tools.invoke('desk.transfer', payment, session.headers(paid.grant!, await claimed()))).status === 200);
  });

  it('who is no operator cannot stop anything, nor lift', async () => {
    expect(await whole.people.nobody.call('supervision', 'POST', '/halts', { scope: { kind: 'everything' }, reason: 'fun' })).toMatchObject({ status: 403, body: { code: 'forbidden' } });
    const halt = await stop({ kind: 'agent', id: 'nobody-of-ours' });
    expect(await whole.people.nobody.call('supervision', 'POST', `/halts/${halt}/lift`, { reason: 'fun' })).toMatchObject({ status: 403, body: { code: 'forbidden' } });
  });

  it('a login statement stops one thing, once: it neither stops another, nor lifts, nor reads', async () => {
    const { operator } = whole.people;
    const signed = { authorization: bearer(operator, 'supervision') };
    const ask = (method: string, path: string, body?: object) => patiently(() => call(method, `${whole.urls.supervision}${path}`, body, signed));
    const stopping = { scope: { kind: 'agent', id: 'once-only' }, reason: 'looks wrong' };
    const halted = await ask('POST', '/halts', stopping);
    expect(halted.status).toBe(201);
    for (const again of [await ask('POST', '/halts', stopping), await ask('POST', `/halts/${String(halted.body['halt'])}/lift`, { reason: 'r' }), await ask('GET', '/halts')]) expect(again).toMatchObject({ status: 401, body: { code: 'unauthenticated' } });
    for (const [service, path] of [['approvals', '/approvals'], ['audit', '/completeness'], ['anomaly', '/levels'], ['policy', '/policy/bundles'], ['registry', '/agents']] as const) {
      const twice = await until(`${service} answers`, async () => {
        const reading = { authorization: bearer(operator, service) }, ask = async () => (await call('GET', `${whole.urls[service]}${path}`, undefined, reading)).status;
        const both = [await ask(), await ask()];
        return !both.includes(503) && both;
      });
      expect([service, ...twice]).toEqual([service, 200, 401]);
    }
    await lift(String(halted.body['halt']));
  });

  it('the third deny by a rule halts the run, and it stays stopped', async () => {
    const session = await open(clerk);
    for (let i = 0; i < 3; i++) expect(await session.propose('desk.forbidden', { note: `${i}` })).toMatchObject({ decision: 'deny', code: 'rule_denied' });
    await until('the run is halted', () => whole.seen.governed(session.run).some((record) => record.kind === 'run.halted'));
    expect(await read(session)).toMatchObject({ decision: 'deny', code: 'run_halted' });
  });

  it('an operator cancels one action: its grant is never confirmed', async () => {
    const session = await open(clerk);
    const paid = await session.propose('desk.transfer', payment);
    await until('supervision has the action', async () => (await whole.people.operator.call('supervision', 'POST', `/runs/${session.run}/actions/${paid.action!}/cancel`, { reason: 'wrong payee' })).status === 200);
    expect(await claim(paid.grant!)).toMatchObject({ status: 409, body: { code: 'cancelled' } });
    await until('the cancel is on the record', () => whole.seen.governed(session.run).some((record) => record.kind === 'action.cancelled' && record.by === 'operator'));
  });

  const operator = (method: string, path: string, body?: unknown) => whole.people.operator.call('supervision', method, path, body);
  const breaker = async () => ((await operator('GET', '/breakers')).body as unknown as BreakerList).breakers.find(({ id }) => id === 'fragile');

  it('APTS-HO-012: a breaker: an agent whose calls fail is halted where every halt is', async () => {
    fragile = await whole.agent('fragile');
    const run = await fragile.open({ text: 'write notes', attestation: null });
    const granted = run.propose('desk.write', { note: '0', text: 'a' });
    await granted.decision;
    const { headers } = await granted.permit();
    for (let n = 1; n <= 4; n++) {
      const write = run.propose('desk.write', { note: `${n}`, text: 'a' });
      await write.decision;
      await write.outcome({ status: 'failed', error: 'the desk is closed' });
    }
    expect(await until('the breaker is open', async () => { const found = await breaker(); return found?.status === 'open' && found; })).toMatchObject({ kind: 'agent', times: 1, why: '4 of 4 failed' });
    await until('policy denies', async () => (await run.propose('desk.read', { note: 'n' }).decision).code === 'halted');
    await until('the tool refuses what was granted before', async () => (await whole.tools.invoke('desk.write', { note: '0', text: 'a' }, headers)).body['code'] === 'halted');
    expect(await operator('POST', `/halts/${(await breaker())!.halt}/lift`, { reason: 'now' })).toMatchObject({ status: 409 });
    expect((await read(await open(clerk))).decision).toBe('allow');
  });

  it('a halt is taken back in stages: reads, then what can be taken back, then all, each confirmed by everybody first', async () => {
    const session = await open(clerk);
    const halt = await stop({ kind: 'agent', id: 'clerk' });
    const recover = (stage: string) => operator('POST', `/halts/${halt}/recover`, { stage, reason: 'the cause is found' });
    const goesOn = (stage: string) => until(`the stage ${stage} begins`, async () => { const { status, body } = await recover(stage); return status === 200 && body; });
    expect(await recover('all')).toMatchObject({ status: 409, body: { detail: expect.stringMatching(/first stage|not everybody/) } });
    expect(await goesOn('reads')).toMatchObject({ root: halt, stage: 'reads', lifted: halt });
    await until('reads go on', async () => (await read(session)).decision === 'allow');
    expect(await session.propose('desk.write', { note: '1', text: 't' })).toMatchObject({ decision: 'deny', code: 'halted' });
    expect(((await operator('GET', '/halts')).body as unknown as HaltList).halts).toEqual(expect.arrayContaining([expect.objectContaining({ halt: `stage:reads:1:${halt}`, except: { tools: expect.arrayContaining(['desk.read']) } })]));
    await goesOn('reversible');
    await until('what can be taken back goes on', async () => (await session.propose('desk.write', { note: '1', text: 't' })).decision === 'allow');
    expect(await session.propose('desk.transfer', payment)).toMatchObject({ decision: 'deny', code: 'halted' });
    expect(await goesOn('all')).toMatchObject({ halt: null });
    await until('everything goes on', async () => (await session.propose('desk.transfer', payment)).decision === 'allow');
  });

  const lease = (session: RawSession, holder: string, more: object = {}) => call('POST', `${whole.urls.supervision}/runs/${session.run}/lease`, { holder, token: session.token, proof: createSessionProof(`lease:${session.run}:${holder}`, 'supervision', Date.now(), session.sessionKey), ...more });
  /** As if their holders had last been heard of a minute earlier, all at one moment. */
  const silence = (...sessions: readonly RawSession[]) => whole.place.change('supervision', 'update run_lease set heard_at = heard_at - 60000, until = until - 60000 where run = any($1)', [sessions.map(({ run }) => run)]);
  const quarantined = async (run: string) => ((await operator('GET', '/halts')).body as unknown as HaltList).halts.find(({ halt, scope }) => halt.startsWith('quarantine:') && scope.id === run);

  it('a runtime that holds its run is missed when it is silent, and fenced off when another took over; when most are silent at once nobody is taken out', async () => {
    // The runtime renews by itself, and its claims carry its fence.
    const run = await clerk.open(whole.people.tess.instruct('clerk', 'pay NL77PRNT0000000001 the 9.50 EUR'));
    const held = await run.hold('worker-1');
    const paid = run.propose('desk.transfer', payment);
    expect((await paid.execute(whole.tools.execute('desk.transfer')))).toBeDefined();
    await held.release();
    // Another takes over what was let go: the first one's claims count no more.
    const session = await open(clerk);
    const asked = await session.propose('desk.transfer', payment);
    expect(await lease(session, 'one')).toMatchObject({ status: 200, body: { fence: 1 } });
    expect(await lease(session, 'one', { proof: createSessionProof('lease:another:one', 'supervision', Date.now(), session.sessionKey) })).toMatchObject({ status: 401 });
    expect(await lease(session, 'one', { fence: 1, release: true })).toMatchObject({ status: 200 });
    expect(await lease(session, 'two')).toMatchObject({ status: 200, body: { fence: 2 } });
    expect(await lease(session, 'two', { fence: 2, release: true })).toMatchObject({ status: 200 });
    expect(await lease(session, 'one', { fence: 1 })).toMatchObject({ status: 409, body: { code: 'fenced' } });
    expect(await claim(asked.grant!, 1)).toMatchObject({ status: 409, body: { code: 'fenced' } });
    await until('the claim of who holds it counts', async () => { const answer = await claim(asked.grant!, 2); return answer.status === 200 && answer.body['claim'] !== undefined; });
    // Silent, alone: taken out, and let back by a person.
    const alone = await open(clerk);
    expect((await lease(alone, 'lonely')).status).toBe(200);
    await silence(alone);
    // (Supervision watches once it has been there for longer than a lease lives.)
    expect(await until('the silent run is quarantined', () => quarantined(alone.run), 60_000)).toMatchObject({ by: 'supervision', reason: expect.stringContaining('lonely is silent') });
    await until('policy denies it', async () => /halted/.test((await read(alone)).code));
    expect((await operator('POST', `/halts/${(await quarantined(alone.run))!.halt}/lift`, { reason: 'it was the network' })).status).toBe(200);
    expect((await lease(alone, 'lonely', { fence: 1, release: true })).status).toBe(200);
    // A fleet, silent at once.
    const fleet = await Promise.all([1, 2, 3].map(() => open(other)));
    for (const { run } of fleet) await until('supervision knows the run', async () => (await operator('GET', `/runs/${run}`)).body['status'] === 'running');
    for (const { status } of await Promise.all(fleet.map((one) => lease(one, 'fleet')))) expect(status).toBe(200);
    await silence(...fleet);
    expect((await operator('GET', '/leases')).body as unknown as LeaseList).toMatchObject({ silent: 3, hiccup: true });
    await until('it is taken for a hiccup, on the record', async () => {
      let said = false;
      await whole.bus.scan({ topic: topic.supervisionEvents, onBatch: (messages) => { said ||= messages.some(({ value }) => (JSON.parse(String(value)) as ServiceEvent).type === 'fleet_silent'); } });
      return said;
    });
    for (const one of fleet) expect(await quarantined(one.run)).toBeUndefined();
    for (const one of fleet) expect((await lease(one, 'fleet', { fence: 1, release: true })).status).toBe(200);
  });

  it('who set a quarantine does not lift it', async () => {
    const { body } = await operator('POST', '/quarantines', { scope: { kind: 'agent', id: 'nobody-of-ours' }, reason: 'odd' });
    expect(await operator('POST', `/halts/${String(body['halt'])}/lift`, { reason: 'oops' })).toMatchObject({ status: 403, body: { detail: expect.stringContaining('another person') } });
    expect(await whole.people.nobody.call('supervision', 'POST', '/quarantines', { scope: { kind: 'agent', id: 'clerk' }, reason: 'fun' })).toMatchObject({ status: 403 });
  });

  it('APTS-HO-008: a playbook: rehearsed, begun, what there was to see written down, killed in the middle and gone on with, confirmed by people, until the agent is back', async () => {
    const text = readFileSync(join(import.meta.dirname, '../../services/supervision/playbooks/agent-gone-odd.yaml'), 'utf8').replaceAll('[supervisor, senior]', '[senior, treasurer]');
    const waiting = await other.open({ text: 'pay', attestation: null });
    const asked = waiting.propose('desk.transfer', { to: 'NL01', minor: 900 });
    expect(await asked.decision).toMatchObject({ decision: 'step_up' });
    const askedIs = async (status: string) => ((await operator('GET', `/runs/${waiting.id}`)).body as Partial<RunDetail>).timeline?.some((one) => one.action === asked.action && one.status === status) === true;
    await until('supervision knows what waits', () => askedIs('open'));
    const request = { text, scope: { kind: 'agent', id: 'other' }, reason: 'odd' };
    expect(await operator('POST', '/playbooks/check', { text: text.replace('do: halt', 'do: shout') })).toMatchObject({ status: 200, body: { problems: [{ line: 8, why: expect.stringContaining('do is one of') }] } });
    const rehearsed = (await operator('POST', '/playbooks', { ...request, rehearse: true })).body as unknown as PlaybookRunView;
    expect(rehearsed.steps[2]).toMatchObject({ do: 'revoke', status: 'rehearsed', says: expect.stringContaining(waiting.id) });
    expect(((await operator('GET', '/halts')).body as unknown as HaltList).halts.some(({ scope }) => scope.id === 'other')).toBe(false);
    const { id } = (await operator('POST', '/playbooks', request)).body as unknown as PlaybookRunView;
    const shown = async () => (await operator('GET', `/playbooks/${id}`)).body as unknown as PlaybookRunView;
    const waitsFor = (step: string) => until(`${step} waits`, async () => { const found = (await shown()).steps?.find((one) => one.step === step); return found?.status === 'waiting' && found; });
    const sign = async (by: typeof whole.people.tess, step: string, digest?: string) => by.call('supervision', 'POST', `/playbooks/${id}/confirm`, { jws: signPersonStatement('playbook-step', { sub: by.person, tenant: 'acme', playbook: id, step, digest: digest ?? (await waitsFor(step)).digest!, reason: 'seen', iat: Math.floor(Date.now() / 1000) }, by.key) });
    await waitsFor('take-away');
    await until('the agent is halted', async () => (await waiting.propose('desk.read', { note: 'n' }).decision).code === 'halted');
    await whole.stop('supervision');
    await whole.start('supervision');
    expect(await sign(whole.people.sena, 'take-away', 'A'.repeat(43))).toMatchObject({ status: 409 });
    expect(await sign(whole.people.operator, 'take-away')).toMatchObject({ status: 403 });
    expect(await sign(whole.people.sena, 'take-away')).toMatchObject({ status: 200 });
    await waitsFor('reads');
    expect((await shown()).steps[1]!.says).toMatch(/runs go on, \d+ actions wait/);
    expect((await shown()).steps[3]!.says).toMatch(/actions changed something/);
    await until('what waited is cancelled', () => askedIs('cancelled'));
    const next = await open(other);
    expect(await sign(whole.people.sena, 'reads')).toMatchObject({ status: 200 });
    await until('reads go on', async () => (await read(next)).decision === 'allow');
    expect(await next.propose('desk.write', { note: '1', text: 't' })).toMatchObject({ decision: 'deny', code: 'halted' });
    await waitsFor('reversible');
    await sign(whole.people.tess, 'reversible');
    await waitsFor('all');
    await sign(whole.people.tess, 'all');
    expect((await shown()).status).toBe('waiting');
    expect(await sign(whole.people.sena, 'all')).toMatchObject({ status: 200 });
    await until('it is done', async () => (await shown()).status === 'done');
    await until('the agent is back', async () => (await next.propose('desk.write', { note: '1', text: 't' })).decision === 'allow');
  });

  it('APTS-HO-009: more than one person holds the switch: what one has stopped another takes over, and who has left stops nothing', async () => {
    const { operator: olga } = whole.people, scope = { kind: 'tool', id: 'desk.rush' };
    const hanna = await enrol(whole.urls, olga, 'hanna', ['supervisor']);
    await until('supervision knows her', async () => (await hanna.call('supervision', 'GET', '/halts')).status === 200 || undefined);
    const { status, body } = await hanna.call('supervision', 'POST', '/halts', { scope, reason: 'my shift ends with it' });
    expect(status).toBe(201);
    expectStatus(await olga.call('registry', 'POST', '/people/hanna/leave', { reason: 'end of her shift here' }), 200);
    await until('she stops nothing any more', async () => (await hanna.call('supervision', 'POST', '/halts', { scope: { kind: 'everything', id: null }, reason: 'late' })).status === 401 || undefined);
    const standing = ((await operator('GET', '/halts')).body as unknown as HaltList).halts.find(({ halt }) => halt === body['halt']);
    expect(standing).toMatchObject({ by: 'hanna', reason: 'my shift ends with it' });
    await lift(String(body['halt']));
  });

  it('who gives up on a playbook is told what stays stopped, and by which commands it goes on', async () => {
    const text = readFileSync(join(import.meta.dirname, '../../services/supervision/playbooks/agent-gone-odd.yaml'), 'utf8');
    const { id } = (await operator('POST', '/playbooks', { text, scope: { kind: 'agent', id: 'given-up' }, reason: 'odd' })).body as unknown as PlaybookRunView;
    const show = async () => (await operator('GET', `/playbooks/${id}`)).body as unknown as PlaybookRunView;
    await until('it waits for people', async () => (await show()).status === 'waiting' || undefined);
    expect((await show()).held).toBeUndefined();
    const abandoned = (await operator('POST', `/playbooks/${id}/abandon`, { reason: 'false alarm' })).body as unknown as PlaybookRunView;
    expect(abandoned).toMatchObject({ status: 'abandoned', held: { halt: `playbook:${id}`, root: `playbook:${id}`, next: 'reads' } });
    expect(await until('everybody has confirmed the halt', async () => { const { status } = await operator('POST', `/halts/playbook:${id}/recover`, { stage: 'reads', reason: 'false alarm' }); return status === 200 || undefined; })).toBe(true);
    const { held } = await show();
    expect(held).toMatchObject({ next: 'reversible', root: `playbook:${id}` });
    expect((await operator('POST', `/halts/${held!.halt}/lift`, { reason: 'false alarm' })).status).toBe(200);
    expect((await show()).held).toBeUndefined();
  });

  it('all of it is in the log', async () => {
    expect(await whole.drainWhole()).toMatchObject({ ok: true });
  });
});
