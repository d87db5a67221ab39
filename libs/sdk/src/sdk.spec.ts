import { describe, expect, it } from '@jest/globals';
import { generateKey, instructionDigest, verifyClaim, verifyGrant, verifySessionProof } from '@countersign/identity';
import { createScriptedCountersign, until } from '@countersign/spec';
import type { Script } from '@countersign/spec';
import { ActionDenied, createAgentRuntime, kafkaTransport } from './index.ts';
import type { AgentRuntimeOptions, Permission } from './index.ts';

const client = generateKey('agent');
const world = (script: Script = {}, options: Partial<AgentRuntimeOptions> = {}) => {
  const countersign = createScriptedCountersign(client, script, options.now);
  const runtime = createAgentRuntime({
    agent: 'bookkeeper', tenant: 'acme', clientKey: client, registryUrl: 'http://registry', supervisionUrl: 'http://supervision', transport: kafkaTransport(countersign.bus), fetch: countersign.fetch, grantKeys: countersign.keys, ...options,
  });
  const open = () => runtime.openRun({ instruction: { text: 'pay the bills', attestation: null } });
  return { ...countersign, runtime, open, kinds: () => countersign.admitted.map((m) => m.kind) };
};
const denial = async (what: Promise<unknown>): Promise<ActionDenied> => {
  const error: unknown = await what.then(() => undefined, (e: unknown) => e);
  expect(error).toBeInstanceOf(ActionDenied);
  return error as ActionDenied;
};

describe('a guarded tool', () => {
  it('is proposed, executed with a verifiable grant, claim and session proof, and put on the record', async () => {
    const w = world({ decide: () => [{ decision: 'allow', claim: true, tier: 3 }] });
    const run = await w.open();
    let permission: Permission | undefined;
    const pay = run.guard('payments.transfer', (args, given) => { permission = given; return { paid: args['minor'] }; }, { audience: 'tools', report: (r) => ({ result: `paid ${String(r.paid)}`, tokens: 12, cost: { minor: 3, currency: 'EUR' } }) });
    expect(await pay({ minor: 1200 })).toEqual({ paid: 1200 });
    await run.end();
    expect(w.problems).toEqual([]);
    expect(w.kinds()).toEqual(['started', 'proposed', 'outcome', 'ended']);
    expect(w.admitted[2]!.body).toMatchObject({ status: 'succeeded', result: 'paid 1200', tokens: 12, cost: { minor: 3, currency: 'EUR' }, error: null });
    expect(w.admitted[3]!.body).toEqual({ reason: 'completed', messages: 4 });
    const now = Date.now();
    const grant = verifyGrant(permission!.grant, w.keys, { now, audience: 'tools' });
    expect(grant.ok && verifySessionProof(permission!.sessionProof, { grant: grant.claims.jti, audience: 'tools', jkt: grant.claims.jkt, now })).toEqual({ ok: true });
    expect(verifyClaim(permission!.claim!, w.keys, { now, audience: 'tools' }).ok).toBe(true);
  });

  it('runs with the changed arguments of a modify', async () => {
    const w = world({ decide: () => [{ decision: 'modify', arguments: { minor: 100 } }] });
    const run = await w.open();
    expect(await run.guard('t', (args) => args['minor'])({ minor: 500 })).toBe(100);
  });

  it('tells what a modify changed, and lets the caller refuse it: nothing runs, the outcome says so', async () => {
    const changes = [{ path: '/minor', before: 'd'.repeat(43), after: 100 }];
    const w = world({ decide: () => [{ decision: 'modify', arguments: { minor: 100 }, changes }] });
    const run = await w.open();
    const told: unknown[] = [];
    await run.guard('payments.transfer', (_, permission) => { told.push(permission.changes); return 'ok'; })({ minor: 900 });
    await run.guard('payments.transfer', () => 'ok', { whenModified: (decision) => { told.push(decision.changes); return 'execute'; } })({ minor: 900 });
    expect(told).toEqual([changes, changes]);
    await expect(run.guard('payments.transfer', () => { told.push('ran'); return 'ok'; }, { whenModified: 'refuse' })({ minor: 900 })).rejects.toMatchObject({ code: 'modification_refused', decision: 'modify' });
    expect(told).toHaveLength(2);
    await run.end();
    expect(w.admitted.filter(({ kind }) => kind === 'outcome').map(({ body }) => body['status'])).toEqual(['succeeded', 'succeeded', 'not_executed']);
  });

  it('waits for people after a step_up, and takes a later allow', async () => {
    const w = world({ decide: () => [{ decision: 'step_up', tier: 3 }, { decision: 'allow', tier: 3 }] });
    const run = await w.open();
    expect(await run.guard('t', () => 'done', { waitMs: 60_000 })({})).toBe('done');
  });

  it('denies and cancels when people do not answer in time', async () => {
    const w = world({ decide: () => [{ decision: 'step_up', tier: 3 }] });
    const run = await w.open();
    expect(await denial(run.guard('t', () => 'never', { waitMs: 30 })({}))).toMatchObject({ code: 'timeout', tool: 't', tier: 3 });
    await until('the runtime cancels', () => w.kinds().includes('cancel'));
  });

  it('denies when no answer comes, and an allow that comes later changes nothing', async () => {
    const w = world({ decide: () => undefined });
    const run = await w.open();
    let ran = false;
    const action = run.propose('t', {}, { timeoutMs: 30 });
    expect(await action.decision).toMatchObject({ decision: 'deny', code: 'timeout' });
    w.reply(run.id, { kind: 'decided', action: action.action, decision: 'allow', round: 1, grant: 'x' });
    await denial(action.execute(() => { ran = true; }));
    expect(ran).toBe(false);
  });

  it('throws what policy says', async () => {
    const w = world({ decide: () => [{ decision: 'deny', code: 'out_of_scope', detail: 'not yours', tier: 1 }] });
    const run = await w.open();
    expect(await denial(run.guard('t', () => 1)({}))).toMatchObject({ code: 'out_of_scope', detail: 'not yours', decision: 'deny' });
    expect(w.kinds()).not.toContain('outcome');
  });

  it.each([
    ['bad_grant', { agent: 'other' }], ['bad_grant', { run: 'other' }], ['bad_grant', { jkt: 'other' }], ['bad_grant', { tool: 'other' }], ['wrong_arguments', { args: 'other' }], ['wrong_audience', { aud: 'other' }], ['expired', { exp: 1 }],
  ])('does not run on a grant that is not its own: %s %p', async (code, grantFor) => {
    const w = world({ decide: () => [{ decision: 'allow', grantFor }] });
    const run = await w.open();
    expect(await denial(run.guard('t', () => 1, { audience: 'tools' })({ a: 1 }))).toMatchObject({ code });
    expect(w.admitted.at(-1)!.body).toMatchObject({ status: 'not_executed' });
  });

  it('reports failures, and says unknown where the tool may have done it', async () => {
    const w = world();
    const run = await w.open();
    await expect(run.guard('t', () => { throw new Error('no such account'); })({})).rejects.toThrow('no such account');
    await expect(run.guard('t', () => { throw Object.assign(new Error('cut off'), { code: 'ECONNRESET' }); })({})).rejects.toThrow('cut off');
    expect(w.admitted.filter((m) => m.kind === 'outcome').map((m) => m.body['status'])).toEqual(['failed', 'unknown']);
  });

  it('tries a claim again while that is worth it, and no longer', async () => {
    const busy = { status: 503, body: { code: 'halts_stale', retryable: true } };
    const w = world({ decide: () => [{ decision: 'allow', claim: true }], claim: (n) => (n < 3 ? busy : undefined) });
    expect(await (await w.open()).guard('t', () => 'ok')({})).toBe('ok');
    expect(w.counts().claims).toBe(3);
    const no = world({ decide: () => [{ decision: 'allow', claim: true }], claim: () => ({ status: 409, body: { code: 'halted', detail: 'stopped', retryable: false } }) });
    expect(await denial((await no.open()).guard('t', () => 'never')({}))).toMatchObject({ code: 'halted' });
    expect(no.counts().claims).toBe(1);
  });

  it('does not run in a halted run until it is resumed', async () => {
    const w = world();
    const run = await w.open();
    w.reply(run.id, { kind: 'halted' });
    await until('the run is halted', () => run.halted);
    expect(await denial(run.guard('t', () => 1)({}))).toMatchObject({ code: 'run_halted' });
    w.reply(run.id, { kind: 'resumed' });
    await until('the run goes on', () => !run.halted);
    expect(await run.guard('t', () => 1)({})).toBe(1);
  });

  it('refuses arguments that are no I-JSON or too large before a seq is spent', async () => {
    const w = world({}, { maxMessageBytes: 100 });
    const run = await w.open();
    expect(await denial(run.guard('t', () => 1)({ a: Number.NaN }))).toMatchObject({ code: 'malformed_json' });
    expect(await denial(run.guard('t', () => 1)({ a: 'x'.repeat(101) }))).toMatchObject({ code: 'too_large' });
    expect(w.kinds()).toEqual(['started']);
  });
});

describe('a run', () => {
  it('has its instruction signed once its id is known', async () => {
    const w = world();
    const run = await w.runtime.openRun({ instruction: async (id) => ({ text: 'x', attestation: `${id}:${instructionDigest('x')}` }), purpose: 'p' });
    expect(w.admitted[0]!.body).toMatchObject({ instruction: { text: 'x', attestation: `${run.id}:${instructionDigest('x')}` }, traceId: run.traceId });
  });

  it('is refused to a client the registry does not know', async () => {
    const w = world({}, { clientKey: generateKey('agent') });
    await expect(w.open()).rejects.toMatchObject({ name: 'RunFailed', code: 'invalid_client' });
  });

  it('sends the same bytes again after a lost connection, whether or not they arrived', async () => {
    const w = world({ publishFails: (n) => (n % 3 === 1 ? 'before' : n % 3 === 2 ? 'after' : undefined) });
    const run = await w.open();
    for (let i = 0; i < 5; i++) expect(await run.guard('t', () => i)({ i })).toBe(i);
    await run.end();
    expect([w.problems, w.admitted.map((m) => m.seq)]).toEqual([[], Array.from({ length: 12 }, (_, i) => i)]);
  });

  it('mends a gap', async () => {
    const w = world({ loses: (n) => n === 2 });
    const run = await w.open();
    const results = await Promise.all([1, 2, 3].map((i) => run.guard('t', () => i)({ i })));
    expect([results, w.problems]).toEqual([[1, 2, 3], []]);
  });

  it('gives up, and denies what is open, when the bus stays away', async () => {
    const w = world({ publishFails: (n) => (n > 1 ? 'before' : undefined) }, { sendTimeoutMs: 50 });
    const run = await w.open();
    expect(await denial(run.guard('t', () => 1)({}))).toMatchObject({ code: 'transport_lost' });
    expect(run.failed).toMatchObject({ code: 'transport_lost' });
    expect(await denial(run.guard('t', () => 1)({}))).toMatchObject({ code: 'transport_lost' });
  });

  it('fails when its start is refused', async () => {
    const w = world();
    const run = await w.open();
    w.reply(run.id, { kind: 'refused', seq: 0, code: 'agent_suspended', detail: 'suspended' });
    await until('the run has failed', () => run.failed !== undefined);
    expect(run.failed).toMatchObject({ code: 'agent_suspended' });
  });

  it('renews its token and goes on with seq and chain', async () => {
    let time = 1_700_000_000_000;
    const w = world({ tokenLifeS: 60 }, { now: () => time });
    const run = await w.open();
    for (let i = 0; i < 4; i++) {
      await run.guard('t', () => i)({ i });
      time += 25_000;
      await new Promise((resolve) => setImmediate(resolve));
    }
    await run.end();
    expect([w.problems, w.admitted.map((m) => m.seq)]).toEqual([[], Array.from({ length: 10 }, (_, i) => i)]);
    expect(new Set(w.admitted.map((m) => m.token)).size).toBeGreaterThan(1);
  });

  it('attests at start, at its end, before what may need a claim, and every few seconds', async () => {
    let time = 1_700_000_000_000;
    const w = world({ decide: (p) => [{ decision: 'allow', claim: p.tool === 'risky' }] }, { now: () => time });
    const run = await w.open();
    for (const tool of ['plain', 'plain', 'risky', 'risky']) await run.guard(tool, () => 1)({});
    time += 3_000;
    await run.guard('plain', () => 1)({});
    await run.end();
    const seen = w.admitted.map((m) => `${m.kind}${m.body['tool'] ? `:${m.body['tool']}` : ''}${m.attested ? '+' : ''}`);
    expect(seen).toEqual(['started+', 'proposed:plain+', 'outcome', 'proposed:plain', 'outcome', 'proposed:risky+', 'outcome', 'proposed:risky+', 'outcome', 'proposed:plain+', 'outcome', 'ended+']);
  });

  it('keeps hundreds of runs apart at thousands of messages a second, in few publishes', async () => {
    const w = world({}, { decisionTimeoutMs: 60_000 });
    const runs = await Promise.all(Array.from({ length: 200 }, () => w.open()));
    await Promise.all(runs.map(async (run, r) => {
      for (let i = 0; i < 10; i++) expect(await run.guard('t', (args) => args['n'])({ n: `${r}-${i}` })).toBe(`${r}-${i}`);
      await run.end();
    }));
    const messages = w.admitted.length;
    expect([w.problems, messages]).toEqual([[], 200 * 22]);
    expect(w.counts().publishes).toBeLessThan(messages / 10);
  });
});
