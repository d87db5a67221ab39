import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createClientAssertion } from '@countersign/identity';
import { bearer, call, patiently, startWithAgent, until } from '@countersign/spec/whole';
import type { Agent, Whole } from '@countersign/spec/whole';
import { randomUUID } from 'node:crypto';
import { approvalFor } from './approval-for.ts';

/** An agent that speaks nothing but HTTP goes the whole way through the gateway, and people see live what waits for them. */
describe('over plain HTTP', () => {
  let whole: Whole;
  let clerk: Agent;
  beforeAll(async () => {
    ({ whole, agent: clerk } = await startWithAgent('clerk'));
  }, 240_000);
  afterAll(async () => { await whole?.close(); });

  const open = async () => {
    const assertion = () => createClientAssertion({ client: 'clerk', audience: `${whole.urls.registry}/oauth2/token`, jti: randomUUID(), now: Date.now() }, clerk.key);
    const opened = await patiently(() => call('POST', `${whole.urls.gateway}/runs`, { client_assertion: assertion(), instruction: { text: 'pay the printer' } }));
    expect(opened.status).toBe(201);
    const run = String(opened.body['run']);
    const ask = (method: string, path: string, body?: unknown, token = String(opened.body['token'])) => call(method, `${whole.urls.gateway}/runs/${run}${path}`, body, { authorization: `Bearer ${token}` });
    return { run, ask };
  };

  it('proposes, waits for a person, claims, calls the tool and reports what came of it', async () => {
    const { run, ask } = await open();
    const events = await listen(`${whole.urls.gateway}/approvals/events`, bearer(whole.people.tess, 'gateway'));
    const proposed = await ask('POST', '/actions', { tool: 'desk.transfer', arguments: { to: 'NL01', minor: 900 } });
    expect(proposed).toMatchObject({ status: 200, body: { decision: 'step_up', tier: 3, grant: null } });
    const action = String(proposed.body['action']);
    await until('a person hears of it', () => events.text().includes(action));
    expect((await ask('POST', `/actions/${action}/claim`)).status).toBe(409);

    expect((await whole.people.tess.vote(await approvalFor(whole, action), 'approve')).status).toBe(200);
    await until('it is granted', async () => (await ask('GET', `/actions/${action}`)).body['decision'] === 'allow');
    const claimed = await until('supervision confirms it', async () => { const answer = await ask('POST', `/actions/${action}/claim`); return answer.status === 200 && answer; });
    expect(await whole.tools.invoke('desk.transfer', { to: 'NL01', minor: 900 }, claimed.body['headers'] as Record<string, string>)).toMatchObject({ status: 200 });
    expect((await ask('POST', `/actions/${action}/outcome`, { status: 'succeeded', result: 'paid' })).status).toBe(202);
    await until('the outcome is on the record', () => whole.seen.governed(run).some((record) => record.kind === 'action.outcome' && record.message.status === 'succeeded'));
    expect((await ask('POST', '/end')).status).toBe(202);
    await until('the run has ended', () => whole.seen.governed(run).some((record) => record.kind === 'run.ended'));
    events.stop();
  });

  it('nobody else can speak for the run', async () => {
    const { ask } = await open();
    expect((await ask('POST', '/actions', { tool: 'desk.read', arguments: { note: 'n' } }, 'A'.repeat(43))).status).toBe(401);
    const other = await open();
    const stranger = await call('POST', `${whole.urls.gateway}/runs/${other.run}/actions`, { tool: 'desk.read', arguments: { note: 'n' } });
    expect(stranger.status).toBe(401);
  });

  it('all of it is in the log', async () => {
    expect(await whole.drainWhole()).toMatchObject({ ok: true });
  });
});

/** Server-sent events as text. */
const listen = async (url: string, authorization: string): Promise<{ text(): string; stop(): void }> => {
  const ending = new AbortController();
  const response = await fetch(url, { headers: { authorization, accept: 'text/event-stream' }, signal: ending.signal });
  if (response.status !== 200) throw new Error(`${url} answered ${response.status}`);
  let text = '';
  void (async () => {
    try {
      for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) text += chunk;
    } catch { /* stopped */ }
  })();
  return { text: () => text, stop: () => ending.abort() };
};
