import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { EnforcementPoints, HaltList, HaltView, NoticeList, ReversalList, RunDetail, RunEvent } from '@countersign/contracts';
import type { Outgoing } from '@countersign/bus';
import { audience, call, deskTool, patiently, startWhole, until } from '@countersign/spec/whole';
import type { Agent, Whole } from '@countersign/spec/whole';
import { approvalFor } from './approval-for.ts';
import { liveRuns } from './live-runs.ts';

/** A supervisor watches runs, stops and resumes them, and takes back what was done. */
describe('supervision', () => {
  let whole: Whole;
  let clerk: Agent;
  beforeAll(async () => {
    whole = await startWhole({ CS_OUTCOME_WITHIN_MS: '600000' }, undefined, {
      'desk.schedule': deskTool('Plans a payment', { to: { type: 'string', maxLength: 34 } }, { compensator: 'desk.withdraw', facts: { target: '[args.to]' } }),
      'desk.withdraw': deskTool('Withdraws it', { to: { type: 'string', maxLength: 34 } }, { compensator: 'desk.schedule', facts: { target: '[args.to]' } }),
    });
    clerk = await whole.agent('clerk');
    // Supervision's own agent, with nothing but compensators.
    const reverser = await whole.agent('reverser', { permissions: ['desk.withdraw', 'desk.write'] });
    const file = join(whole.place.secretsDir, 'reversals.json');
    writeFileSync(file, JSON.stringify({ agent: 'reverser', key: reverser.key.privateJwk, tools: { [audience]: whole.tools.url } }), { mode: 0o600 });
    await (await clerk.open({ text: 'warm up', attestation: null })).end();
  }, 240_000);
  afterAll(async () => { await whole?.close(); });

  const detail = async (run: string, query = ''): Promise<RunDetail> => (await whole.people.operator.call('supervision', 'GET', `/runs/${run}${query}`)).body as unknown as RunDetail;
  const shown = (run: string, action: string, status: string) => until(`the action is ${status}`, async () => (await detail(run)).timeline?.find((one) => one.action === action && one.status === status));

  it('APTS-HO-002, HO-015: shows every action of a run with tier, rule, grant, outcome and cost, live and again from where a reader left off', async () => {
    const run = await clerk.open({ text: 'write note 8', attestation: null });
    const stream = liveRuns(whole, `run=${run.id}`);
    await stream.open;
    const write = run.propose('desk.write', { note: '8', text: 'hello' });
    await write.execute(whole.tools.execute('desk.write'), { report: () => ({ result: 'done', cost: { minor: 25, currency: 'EUR' } }) });
    const denied = await run.propose('desk.forbidden', { note: '8' }).decision;
    expect(denied.decision).toBe('deny');
    expect(await shown(run.id, write.action, 'finished')).toMatchObject({ tool: 'desk.write', tier: 2, decision: 'allow', grant: { claim: false }, outcome: { status: 'succeeded', cost: { minor: 25, currency: 'EUR' }, late: false } });
    await until('the deny is shown', async () => (await detail(run.id, '?tool=desk.forbidden')).timeline.length === 1);
    expect(await detail(run.id, '?tool=desk.forbidden')).toMatchObject({ timeline: [{ tool: 'desk.forbidden', status: 'denied', rules: expect.arrayContaining([expect.objectContaining({ id: 'desk.forbidden', reason: 'No agent does this.' })]) }] });
    expect((await detail(run.id)).cost).toEqual([{ minor: 25, currency: 'EUR' }]);
    await run.end();
    const kinds = ['run.started', 'action.decided', 'action.outcome', 'action.decided', 'run.ended'];
    await until('the stream has the end', () => stream.events.some(({ kind }) => kind === 'run.ended'));
    stream.stop();
    expect(stream.events.map(({ kind }) => kind)).toEqual(kinds.slice(kinds.length - stream.events.length));
    // A reader that was away goes on behind its last event and misses nothing; one that filters sees what fits.
    const page = (query: string) => whole.people.nobody.call('supervision', 'GET', `/timeline?run=${run.id}${query}`).then(({ body }) => body as unknown as { events: RunEvent[]; next: string });
    const all = await page('');
    expect(all.events.map(({ kind }) => kind)).toEqual(kinds);
    const again = liveRuns(whole, `run=${run.id}`, all.events[1]!.id);
    await until('the rest comes', () => again.events.length === 3);
    again.stop();
    expect(again.events).toEqual(all.events.slice(2));
    expect((await page('&tier=2&kind=action.decided&tool=desk.write')).events).toHaveLength(1);
    expect(await page(`&after=${all.next}`)).toMatchObject({ events: [] });
    expect(await whole.people.nobody.call('supervision', 'GET', '/timeline?after=yesterday')).toMatchObject({ status: 400 });
  });

  const operator = (method: string, path: string, body?: unknown) => whole.people.operator.call('supervision', method, path, body);
  const verb = async (run: string, name: string, by = whole.people.operator) => by.call('supervision', 'POST', `/runs/${run}/${name}`, { reason: 'looks odd' });
  const haltView = async (halt: string): Promise<HaltView | undefined> => ((await operator('GET', '/halts')).body as unknown as HaltList).halts.find((one) => one.halt === halt);

  it('APTS-HO-008: knows that a stop holds: every enforcement point confirms it, what had begun drains first', async () => {
    const { kty, crv, x, kid } = whole.tools.guardKey.publicJwk;
    expect(await operator('POST', '/enforcement/guards', { guard: 'desk', key: { kty, crv, x, kid }, reason: 'the desk' })).toMatchObject({ status: 200 });
    // Enrolled and never heard of: a stop is not known to hold there.
    expect(await operator('POST', '/enforcement/guards', { guard: 'silent', key: { kty, crv, x, kid }, reason: 'nobody there' })).toMatchObject({ status: 200 });
    await until('the guard is live', async () => ((await operator('GET', '/enforcement')).body as unknown as EnforcementPoints).points.find(({ point, live }) => point === 'guard/desk' && live));
    const run = await clerk.open(whole.people.tess.instruct('clerk', 'pay NL77PRNT0000000001 an amount of 9.50 EUR for the paper'));
    const paid = run.propose('desk.transfer', { to: 'NL77PRNT0000000001', minor: 950 });
    await paid.decision;
    const asked = run.propose('desk.transfer', { to: 'NL02', minor: 900 });
    expect(await asked.decision).toMatchObject({ decision: 'step_up' });
    const approval = await approvalFor(whole, asked.action);
    const { headers } = await paid.permit();
    const { body } = await operator('POST', '/halts', { scope: { kind: 'agent', id: 'clerk' }, reason: 'drill' });
    const halt = String(body['halt']);
    expect(await until('everybody there has confirmed', async () => { const view = await haltView(halt); return view !== undefined && view.missing?.length === 1 && view; })).toMatchObject({ state: 'unknown', missing: ['guard/silent'] });
    expect(await whole.people.nobody.call('supervision', 'POST', '/enforcement/guards/silent/remove', { reason: 'gone' })).toMatchObject({ status: 403 });
    expect(await operator('POST', '/enforcement/guards/silent/remove', { reason: 'gone' })).toMatchObject({ status: 200 });
    const draining = await haltView(halt);
    expect(draining).toMatchObject({ state: 'draining', underWay: 1, missing: [] });
    expect(draining!.of).toBeGreaterThanOrEqual(3);
    expect(draining!.acknowledged).toBe(draining!.of);
    // It was claimed before, and stops at the tool all the same.
    expect(await whole.tools.invoke('desk.transfer', { to: 'NL77PRNT0000000001', minor: 950 }, headers)).toMatchObject({ body: { code: 'halted' } });
    await paid.outcome({ status: 'not_executed', error: 'halted' });
    await until('nothing goes on', async () => (await haltView(halt))?.state === 'stopped');
    expect((await detail(run.id)).stops).toMatchObject([{ halt, state: 'stopped' }]);
    // Approvals of what is halted stand still, and go on after it.
    expect(await whole.people.theo.vote(approval, 'approve')).toMatchObject({ status: 409, body: { code: 'halted' } });
    expect((await operator('POST', `/halts/${halt}/lift`, { reason: 'over' })).status).toBe(200);
    await until('approvals have heard the lift', async () => (await whole.people.theo.vote(approval, 'approve')).status === 200);
    await until('it is decided', async () => (await detail(run.id)).timeline.some(({ action, status }) => action === asked.action && status !== 'open'));
    await run.end();
    const drilled = await until('all have confirmed within a drill', async () => { const { status, body } = await operator('POST', '/drills', { reason: 'every week' }); return status === 200 && body['lastMs'] !== null && body; });
    expect(drilled).toMatchObject({ lastMs: expect.any(Number), points: expect.arrayContaining([{ point: 'guard/desk', ms: expect.any(Number) }]) });
  });

  it('what was claimed and is not heard of again is unknown, never tried again, and found out by people', async () => {
    const run = await clerk.open(whole.people.tess.instruct('clerk', 'pay NL77PRNT0000000001 an amount of 9.50 EUR for the paper'));
    const paid = run.propose('desk.transfer', { to: 'NL77PRNT0000000001', minor: 950 });
    await paid.decision;
    await paid.permit();
    // Nobody waits until it is overdue: it was claimed as much longer ago.
    await whole.place.change('supervision', 'update action set claimed_at = claimed_at - 600000 where action = $1', [paid.action]);
    await shown(run.id, paid.action, 'unknown');
    expect((await operator('GET', '/attention')).body).toMatchObject({ unknown: expect.arrayContaining([expect.objectContaining({ action: paid.action })]) });
    expect(await patiently(() => call('POST', `${whole.urls.supervision}/claims`, { grant: paid.latest!.grant }))).toMatchObject({ status: 409, body: { code: 'claim_refused' } });
    const found = `/runs/${run.id}/actions/${paid.action}/reconcile`;
    expect(await whole.people.nobody.call('supervision', 'POST', found, { outcome: 'failed', reason: 'x' })).toMatchObject({ status: 403 });
    expect(await operator('POST', found, { outcome: 'failed', reason: 'the bank has nothing' })).toMatchObject({ status: 200, body: { status: 'finished', outcome: { status: 'failed' } } });
    expect(await operator('POST', found, { outcome: 'succeeded', reason: 'again' })).toMatchObject({ status: 409 });
    await run.end();
  });

  it('many at once: approved, cancelled, claimed, delivered twice and asked for again, no action runs twice, and none that was cancelled', async () => {
    const resolved: Outgoing[] = [];
    const inbox = await whole.bus.follow({ topics: ['runs.inbox.v1'], from: 'now', onBatch: (messages) => { for (const { topic, key, value, headers, partition } of messages) if (headers['ce_type'] === 'countersign.runs.resolved.v1') resolved.push({ topic, key: key!, value, headers, partition }); } });
    await inbox.ready;
    const histories = await Promise.all(Array.from({ length: 8 }, async (_, n) => {
      const run = await clerk.open({ text: `pay number ${n}`, attestation: null });
      const to = `NL9${n}`, action = run.propose('desk.transfer', { to, minor: 900 });
      expect(await action.decision).toMatchObject({ decision: 'step_up' });
      const approval = await approvalFor(whole, action.action);
      const cancel = async (): Promise<boolean> => { await new Promise((resolve) => { setTimeout(resolve, n * 12); }); return (await operator('POST', `/runs/${run.id}/actions/${action.action}/cancel`, { reason: 'race' })).status === 200; };
      const execute = async (): Promise<void> => {
        await action.settled(60_000);
        const permissions = await Promise.allSettled([action.permit(), action.permit()]);
        for (const one of permissions) if (one.status === 'fulfilled') await Promise.all([1, 2].map(() => whole.tools.invoke('desk.transfer', { to, minor: 900 }, one.value.headers)));
      };
      // Twice each, at once; every second one is cancelled somewhere in between.
      const [cancelled] = await Promise.all([n % 2 === 1 ? cancel() : false, execute(), ...[1, 2].map(() => whole.people.tess.vote(approval, 'approve'))]);
      return { run, action, to, cancelled };
    }));
    // Everything that approvals said, once more: the same bytes, the same signature.
    await whole.bus.publish(resolved.filter(({ key }) => histories.some(({ run }) => run.id === key)));
    await inbox.stop();
    for (const { run, action, to, cancelled } of histories) {
      const ran = whole.tools.executed.filter(({ arguments: args }) => (args as { to?: string }).to === to).length;
      expect({ to, ran }).toEqual({ to, ran: cancelled ? 0 : 1 });
      expect(whole.seen.governed(run.id).filter((record) => record.kind === 'action.decided' && record.action === action.action && record.decision.decision === 'allow').length).toBeLessThanOrEqual(1);
    }
    expect(histories.filter(({ cancelled }) => !cancelled).length).toBeGreaterThanOrEqual(4);
  });

  it('APTS-HO-006: pauses a run: what was granted finishes, what is new waits, and goes on in its place', async () => {
    const run = await clerk.open({ text: 'write notes', attestation: null });
    const before = run.propose('desk.write', { note: '1', text: 'a' });
    await before.decision;
    await shown(run.id, before.action, 'granted');
    expect(await verb(run.id, 'pause', whole.people.nobody)).toMatchObject({ status: 403 });
    expect(await verb(run.id, 'pause')).toMatchObject({ status: 200, body: { verb: 'pause' } });
    const waiting = await until('what is new waits', async () => { const one = run.propose('desk.read', { note: '2' }); return (await one.decision).code === 'paused' && one; });
    expect(waiting.latest).toMatchObject({ decision: 'defer', grant: null });
    await before.execute(whole.tools.execute('desk.write'));
    expect(await verb(run.id, 'resume')).toMatchObject({ status: 200 });
    expect(await waiting.settled(60_000)).toMatchObject({ decision: 'allow', round: 2 });
    await waiting.execute(whole.tools.execute('desk.read'));
    expect(await verb(run.id, 'resume')).toMatchObject({ status: 409, body: { code: 'conflict' } });
    await run.end();
  });

  it('APTS-HO-002: terminates a run for good: what waits in it is closed, and nothing brings it back; many at once after a look', async () => {
    const [one, two] = [await clerk.open({ text: 'pay', attestation: null }), await clerk.open({ text: 'pay', attestation: null })];
    const asked = one.propose('desk.transfer', { to: 'NL01', minor: 900 });
    expect(await asked.decision).toMatchObject({ decision: 'step_up' });
    await until('people are asked', async () => ((await whole.people.tess.call('approvals', 'GET', '/approvals?status=open')).body['approvals'] as { action: string }[]).some(({ action }) => action === asked.action));
    const runs = [one.id, two.id];
    await shown(one.id, asked.action, 'open');
    await until('both runs are known', async () => (await detail(two.id)).run === two.id);
    const look = await operator('POST', '/bulk', { verb: 'terminate', runs, reason: 'odd', dryRun: true });
    expect(look).toMatchObject({ status: 200, body: { dryRun: true, count: 2, items: [{ ok: true }, { ok: true }] } });
    expect(await operator('POST', '/bulk', { verb: 'terminate', runs, reason: 'odd', expect: 3 })).toMatchObject({ status: 409 });
    const unknown = '01a3185c-5000-7000-8000-000000000001';
    expect(await operator('POST', '/bulk', { verb: 'terminate', runs: [...runs, unknown], reason: 'odd' })).toMatchObject({ status: 200, body: { items: [{ run: one.id, ok: true }, { run: two.id, ok: true }, { run: unknown, ok: false, code: 'not_found' }] } });
    await shown(one.id, asked.action, 'cancelled');
    await until('nobody is asked any more', async () => !((await whole.people.tess.call('approvals', 'GET', '/approvals?status=open')).body['approvals'] as { action: string }[]).some(({ action }) => action === asked.action));
    expect(await until('policy has heard it', async () => { const answer = await two.propose('desk.read', { note: '1' }).decision; return answer.decision === 'deny' && answer; })).toMatchObject({ code: 'run_halted' });
    expect(await verb(one.id, 'resume')).toMatchObject({ status: 409 });
    expect(await operator('POST', `/halts/terminated:${one.id}/lift`, { reason: 'oops' })).toMatchObject({ status: 409 });
  });

  it('APTS-HO-010: tier 4: where the senior says no the run stands still until the senior route resumes it, or aborts it, with a reason', async () => {
    const wipe = async () => {
      const run = await clerk.open({ text: 'clean up', attestation: null });
      const action = run.propose('desk.wipe', { what: 'archive' });
      expect(await action.decision).toMatchObject({ decision: 'step_up', tier: 4 });
      await until('the run is halted', async () => (await detail(run.id)).stops?.length === 1);
      return { run, action };
    };
    const { run, action } = await wipe();
    const approval = await approvalFor(whole, action.action);
    expect((await whole.people.sena.vote(approval, 'deny')).status).toBe(200);
    await shown(run.id, action.action, 'denied');
    expect(await run.propose('desk.read', { note: '1' }).decision).toMatchObject({ decision: 'deny', code: 'run_halted' });
    expect(await verb(run.id, 'resume')).toMatchObject({ status: 403, body: { detail: expect.stringContaining('senior') } });
    expect(await verb(run.id, 'resume', whole.people.sena)).toMatchObject({ status: 200 });
    await until('the run goes on', async () => (await run.propose('desk.read', { note: '2' }).decision).decision === 'allow');
    await run.end();
    const other = await wipe();
    expect(await verb(other.run.id, 'terminate', whole.people.tess)).toMatchObject({ status: 403 });
    expect(await verb(other.run.id, 'terminate', whole.people.sena)).toMatchObject({ status: 200, body: { halts: [`terminated:${other.run.id}`], cancelled: [other.action.action] } });
    await shown(other.run.id, other.action.action, 'cancelled');
    expect((await detail(other.run.id)).stops?.map(({ reason }) => reason)).toContain('looks odd');
  });

  const reverse = (run: string, action: string, more: object = {}, by = whole.people.operator) => by.call('supervision', 'POST', `/runs/${run}/actions/${action}/reverse`, { reason: 'not wanted', ...more });
  const reversed = (run: string, action: string, status: string) => until(`the reversal is ${status}`, async () => (await detail(run)).timeline?.find((one) => one.action === action && one.reversal === status));

  it('tier 2: people see what was done and take it back; the reversal is decided like any action and done once', async () => {
    const run = await clerk.open({ text: 'plan a payment', attestation: null });
    const plan = run.propose('desk.schedule', { to: 'NL01' });
    expect(await plan.decision).toMatchObject({ decision: 'allow', tier: 2 });
    const { headers } = await plan.permit();
    await shown(run.id, plan.action, 'granted');
    const { notices } = (await whole.people.owner.call('supervision', 'GET', '/notices')).body as unknown as NoticeList;
    expect(notices.find(({ action }) => action === plan.action)).toMatchObject({ tool: 'desk.schedule', agent: 'clerk', reversal: null, reverse: `/runs/${run.id}/actions/${plan.action}/reverse` });
    expect(await reverse(run.id, plan.action, {}, whole.people.tess)).toMatchObject({ status: 403 });
    // Asked for before anybody knows what came of it: it waits, also while its agent is halted.
    expect(await reverse(run.id, plan.action, {}, whole.people.owner)).toMatchObject({ status: 200, body: { status: 'requested', compensator: 'desk.withdraw' } });
    expect(await reverse(run.id, plan.action)).toMatchObject({ status: 409, body: { code: 'conflict' } });
    expect(await whole.tools.invoke('desk.schedule', { to: 'NL01' }, headers)).toMatchObject({ status: 200 });
    const { body } = await operator('POST', '/halts', { scope: { kind: 'agent', id: 'clerk' }, reason: 'drill' });
    expect((await detail(run.id)).timeline[0]).toMatchObject({ reversal: 'requested' });
    await plan.outcome({ status: 'succeeded', result: 'planned' });
    await reversed(run.id, plan.action, 'reversed');
    expect(whole.tools.executed.filter(({ tool, arguments: args }) => tool === 'desk.withdraw' && JSON.stringify(args) === '{"to":"NL01"}')).toHaveLength(1);
    // On the record: a governed action of supervision's agent, and what it took back.
    const own = ((await operator('GET', `/reversals?run=${run.id}`)).body as unknown as ReversalList).reversals[0]!;
    await shown(own.ownRun!, own.ownAction!, 'finished');
    expect(await detail(own.ownRun!)).toMatchObject({ agent: 'reverser', timeline: [{ action: own.ownAction, tool: 'desk.withdraw', decision: 'allow', outcome: { status: 'succeeded' } }] });
    await until('it is on the record', () => whole.seen.governed(run.id).some((record) => record.kind === 'action.reversed' && record.message.status === 'succeeded' && record.message.by === 'owner'));
    expect((await operator('POST', `/halts/${String(body['halt'])}/lift`, { reason: 'over' })).status).toBe(200);
    await run.end();
  });

  it('a reversal that the rules deny has failed: people hear of it, and it can be asked for again with what was missing', async () => {
    const run = await clerk.open({ text: 'write a note', attestation: null });
    const write = run.propose('desk.write', { note: '9', text: 'new' });
    await write.execute(whole.tools.execute('desk.write'));
    await shown(run.id, write.action, 'finished');
    expect(await reverse(run.id, write.action)).toMatchObject({ status: 422, body: { code: 'reversal_arguments' } });
    const stopped = await operator('POST', '/halts', { scope: { kind: 'agent', id: 'reverser' }, reason: 'drill' });
    await until('everybody has heard of it', async () => (await haltView(String(stopped.body['halt'])))?.missing?.length === 0);
    expect(await reverse(run.id, write.action, { arguments: { text: 'old' } })).toMatchObject({ status: 200 });
    await reversed(run.id, write.action, 'failed');
    const failed = liveRuns(whole, `run=${run.id}&kind=reversal.failed`, '-1:0');
    await until('people hear of it', () => failed.events.some(({ kind, action }) => kind === 'reversal.failed' && action === write.action));
    failed.stop();
    expect((await operator('POST', `/halts/${String(stopped.body['halt'])}/lift`, { reason: 'over' })).status).toBe(200);
    // Asked for before policy or the tool has heard of the lift it fails once more, and is asked for once more.
    await until('it is reversed', async () => {
      const { reversal } = (await detail(run.id)).timeline.find(({ action }) => action === write.action)!;
      if (reversal === 'failed') await reverse(run.id, write.action, { arguments: { text: 'old' } });
      return reversal === 'reversed';
    });
    expect(whole.tools.executed.at(-1)).toEqual({ tool: 'desk.write', arguments: { note: '9', text: 'old' } });
    await run.end();
  });

  it('cancels a run: what waits is closed, what ran is taken back in reverse order, what cannot be is named', async () => {
    const run = await clerk.open({ text: 'plan two payments', attestation: null });
    const plans = [];
    for (const to of ['NL11', 'NL12']) {
      const plan = run.propose('desk.schedule', { to });
      await plan.execute(whole.tools.execute('desk.schedule'));
      plans.push(plan.action);
      await shown(run.id, plan.action, 'finished');
    }
    const write = run.propose('desk.write', { note: '9', text: 'x' });
    await write.execute(whole.tools.execute('desk.write'));
    await shown(run.id, write.action, 'finished');
    expect(await verb(run.id, 'cancel')).toMatchObject({ status: 200, body: { reversals: [plans[1], plans[0]], irreversible: [write.action], halts: [`cancelled:${run.id}`] } });
    await reversed(run.id, plans[0]!, 'reversed');
    expect(whole.tools.executed.filter(({ tool }) => tool === 'desk.withdraw').slice(-2).map(({ arguments: args }) => args)).toEqual([{ to: 'NL12' }, { to: 'NL11' }]);
  });

  it('APTS-HO-005: all of it is in the log', async () => {
    expect(await whole.drainWhole()).toMatchObject({ ok: true });
  });
});
