import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { RunDetail, RunEvent } from '@countersign/contracts';
import { bearer, startWhole, until } from '@countersign/spec/whole';
import type { Agent, Whole } from '@countersign/spec/whole';

/** A supervisor watches runs, stops and resumes them, and takes back what was done. */
describe('supervision', () => {
  let whole: Whole;
  let clerk: Agent;
  beforeAll(async () => {
    whole = await startWhole();
    clerk = await whole.agent('clerk');
    await (await clerk.open({ text: 'warm up', attestation: null })).end();
  }, 120_000);
  afterAll(async () => { await whole?.close(); }, 60_000);

  const detail = async (run: string, query = ''): Promise<RunDetail> => (await whole.people.nobody.call('supervision', 'GET', `/runs/${run}${query}`)).body as unknown as RunDetail;
  const shown = (run: string, action: string, status: string) => until(`the action is ${status}`, async () => (await detail(run)).timeline?.find((one) => one.action === action && one.status === status));

  /** Reads a live stream until it has what is wanted. */
  const live = (query: string, after?: string) => {
    const ending = new AbortController();
    const events: RunEvent[] = [];
    const reading = (async () => {
      const response = await fetch(`${whole.urls.supervision}/timeline/stream?${query}`, { signal: ending.signal, headers: { authorization: bearer(whole.people.nobody, 'supervision'), ...(after !== undefined && { 'last-event-id': after }) } });
      if (!response.ok) throw new Error(`HTTP ${response.status}: ${await response.text()}`);
      let rest = '';
      for await (const text of response.body!.pipeThrough(new TextDecoderStream() as never) as unknown as AsyncIterable<string>) {
        const frames = (rest + text).split('\n\n');
        rest = frames.pop()!;
        for (const frame of frames) { const data = /^data: (.*)$/m.exec(frame)?.[1]; if (data !== undefined) events.push(JSON.parse(data) as RunEvent); }
      }
    })();
    reading.catch(() => undefined);
    return { events, stop: () => { ending.abort(); } };
  };

  it('shows every action of a run with tier, rule, grant, outcome and cost, live and again from where a reader left off', async () => {
    const run = await clerk.open({ text: 'write note 8', attestation: null });
    const stream = live(`run=${run.id}`);
    const write = run.propose('desk.write', { note: '8', text: 'hello' });
    await write.execute(whole.tools.execute('desk.write'), { report: () => ({ result: 'done', cost: { minor: 25, currency: 'EUR' } }) });
    const denied = await run.propose('desk.forbidden', { note: '8' }).decision;
    expect(denied.decision).toBe('deny');
    expect(await shown(run.id, write.action, 'finished')).toMatchObject({ tool: 'desk.write', tier: 2, decision: 'allow', grant: { claim: false }, outcome: { status: 'succeeded', cost: { minor: 25, currency: 'EUR' }, late: false } });
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
    const again = live(`run=${run.id}`, all.events[1]!.id);
    await until('the rest comes', () => again.events.length === 3);
    again.stop();
    expect(again.events).toEqual(all.events.slice(2));
    expect((await page('&tier=2&kind=action.decided&tool=desk.write')).events).toHaveLength(1);
    expect(await page(`&after=${all.next}`)).toMatchObject({ events: [] });
    expect(await whole.people.nobody.call('supervision', 'GET', '/timeline?after=yesterday')).toMatchObject({ status: 400 });
  });
});
