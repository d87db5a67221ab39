import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { argumentsDigest, createKeySet, generateKey, isOfDigest, verifyPersonStatement } from '@countersign/identity';
import fc from 'fast-check';
import { CannotRun } from '../errors.ts';
import { answerLines, approvalLines } from './approval.ts';
import { approvals, approve, deny } from './approvals-command.ts';
import { createClient, Refused } from './client.ts';
import { codeOf, enrol } from './enrol.ts';
import { halt, scopeOf } from './halts-command.ts';
import { id, inert, inertArguments } from './inert.ts';
import { choose, hasKey, keyOf, localPeople, savePerson } from './local-people.ts';
import { run, supply } from './runs-command.ts';

const dir = mkdtempSync(join(tmpdir(), 'people-'));
afterAll(() => rmSync(dir, { recursive: true }));
const json = (status: number, body: unknown) => new Response(JSON.stringify(body), { status, headers: { 'content-type': 'application/json' } });

describe('text from agents', () => {
  it('cannot steer the terminal', () => {
    expect(inert('\u001b[31mred \u009b2J a\rb\u0008c\u202Ed\u200b')).toBe('"\\u001b[31mred \\u009b2J a\\rb\\bc\\u202ed\\u200b"');
    expect(inert('x'.repeat(10), 4)).toBe('"xxxx… (6 more)"');
    expect(id('run-1')).toBe('run-1');
    expect(id('a b\u001b[2J')).toBe('"a b\\u001b[2J"');
    expect(inertArguments({ to: 'DE"9\n', minor: 5, more: { x: '\u001b[1m' } })).toBe('to "DE\\"9\\n", minor 5, more {"x":"\\u001b[1m"}');
  });
  it('is shown whole where people decide about it, an escape sequence that never ends and all', () => {
    const reference = `INV-77\u001b]${'; and forward 2000.00 EUR to GB33'.repeat(20)}`;
    expect(inertArguments({ reference })).toBe(`reference "INV-77\\u001b]${'; and forward 2000.00 EUR to GB33'.repeat(20)}"`);
    expect(inertArguments({ reference }, 4)).toBe(`reference "INV-… (${reference.length - 4} more)"`);
  });
  it('never shows a control character, whatever it is made of', () => {
    fc.assert(fc.property(fc.array(fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('\u001b[', '\u001b]', '\u009b', '\u0007', '31m', '\u202e'))), (parts) => {
      expect(inert(parts.join(''), 1_000)).not.toMatch(/[\p{Cc}\p{Cf}\u2028\u2029]/u);
    }), { seed: 7, numRuns: 500 });
  });
});

describe('people of this machine', () => {
  it('keep their keys to themselves, and choose among fitting ones', () => {
    for (const [person, roles] of [['sam', ['supervisor', 'senior']], ['tara', ['treasurer', 'senior']]] as const) savePerson(dir, { person, name: person, roles }, generateKey(`${person}-1`));
    expect(statSync(join(dir, 'people/tara.key.json')).mode & 0o777).toBe(0o600);
    expect(localPeople(dir).map(({ person }) => person)).toEqual(['sam', 'tara']);
    expect(choose(dir, undefined, ['senior'])).toEqual({ person: 'sam', chosen: true });
    expect(choose(dir, undefined, ['senior'], ['sam'])).toEqual({ person: 'tara', chosen: true });
    expect(choose(dir, 'ann', ['senior'])).toEqual({ person: 'ann', chosen: false });
    expect(() => choose(dir, undefined, ['nobody'])).toThrow(CannotRun);
    expect(() => keyOf(dir, '../sam')).toThrow(/There are: sam, tara/);
  });
  it('are not given another key by a second enrolment, and take roles from the registry', async () => {
    const seen: unknown[] = [];
    const client = createClient({ http: { registry: 'http://r' }, fetch: (async (_url: string, init: RequestInit) => {
      seen.push(JSON.parse(init.body as string));
      if (seen.length === 1) throw new TypeError('fetch failed');
      return json(201, { person: 'uma', name: 'Uma', roles: ['requester'], keys: [] });
    }) as unknown as typeof fetch });
    const about = { person: 'uma', name: 'uma', roles: [] };
    await expect(enrol(client, dir, 'code', about)).rejects.toThrow(CannotRun);
    await enrol(client, dir, 'code', about);
    expect(seen[0]).toEqual(seen[1]);
    expect(JSON.stringify(seen)).not.toContain('"d"');
    expect([hasKey(dir, 'uma'), localPeople(dir).find(({ person }) => person === 'uma')!.roles]).toEqual([true, ['requester']]);
  });
  it('find the code in any form of the link', () => expect(['http://h/enrol?code=abc', 'http://h/enrol#code=abc', 'http://h/enrol#abc', 'http://h/enrol/abc', ' abc\n'].map(codeOf)).toEqual(['abc', 'abc', 'abc', 'abc', 'abc']));
});

describe('the client', () => {
  const key = generateKey('tara-1');
  const asked: { url: string; init: RequestInit }[] = [];
  const client = (answer: () => Response | Promise<Response>) => createClient({ http: { approvals: 'http://a' }, as: { person: 'tara', key }, fetch: (async (url: string, init: RequestInit) => { asked.push({ url, init }); return answer(); }) as unknown as typeof fetch });
  it('signs each request anew, for the service it goes to', async () => {
    const one = client(() => json(200, { ok: true }));
    await one.request('approvals', 'GET', '/approvals');
    await one.request('approvals', 'GET', '/approvals');
    const logins = asked.map(({ init }) => (init.headers as Record<string, string>)['authorization']!.slice(7));
    expect(new Set(logins).size).toBe(2);
    expect(verifyPersonStatement('login', logins[0]!, createKeySet([key.publicJwk]), { now: Date.now(), person: 'tara', audience: 'approvals' }).ok).toBe(true);
  });
  it('tells a refusal from what does not answer', async () => {
    await expect(client(() => json(403, { code: 'self_approval', detail: 'no' })).request('approvals', 'POST', '/x', {})).rejects.toMatchObject({ code: 'self_approval', status: 403 });
    await expect(client(() => new Response('<html>', { status: 502 })).request('approvals', 'GET', '/x')).rejects.toBeInstanceOf(Refused);
    await expect(client(() => { throw Object.assign(new TypeError('x'), { cause: { code: 'ECONNREFUSED' } }); }).request('approvals', 'GET', '/x')).rejects.toThrow(/ECONNREFUSED.*npm start/);
  });
});

describe('commands', () => {
  const question = { approval: 'apr_1', tenant: 'acme', run: 'r1', agent: 'ap', action: 'a1', tool: 'payments.transfer', tier: 3, route: ['treasurer'], quorum: 1, expiresAt: Date.now() + 60_000, requesters: ['uma'], status: 'open', votes: [], resolution: null, answers: 1, requestedAt: 0, arguments: { to: 'DE1' } as object, reason: '\u001b[2Jplease', rules: [] };
  const ask = { route: ['treasurer'], quorum: 1, expiresAt: question.expiresAt, requesters: ['uma'], bound: { definition: 'def' } };
  const binding = { tenant: 'acme', run: 'r1', agent: 'ap', action: 'a1', tool: 'payments.transfer', tier: 3, arguments: { to: 'DE1' }, rules: [], ask };
  const digest = argumentsDigest(binding);
  const whole = { ...question, digest, binding, ask: { ...ask, digest } };
  const before = process.env['CS_LOCAL'];
  const posted: { url: string; body: Record<string, unknown> }[] = [];
  let shown: object = {};
  beforeAll(() => { process.env['CS_LOCAL'] = JSON.stringify({ dir, http: { approvals: 'http://a', registry: 'http://r', supervision: 'http://s' } }); });
  afterAll(() => { if (before === undefined) delete process.env['CS_LOCAL']; else process.env['CS_LOCAL'] = before; });
  afterEach(() => { jest.restoreAllMocks(); posted.length = 0; });
  const quietly = async (run: () => Promise<number>) => {
    const out: string[] = [];
    jest.spyOn(process.stdout, 'write').mockImplementation((text) => { out.push(String(text)); return true; });
    jest.spyOn(process.stderr, 'write').mockImplementation(() => true);
    jest.spyOn(globalThis, 'fetch').mockImplementation((async (url: string, init: RequestInit) => {
      if (init.method === 'POST') posted.push({ url, body: JSON.parse(init.body as string) as Record<string, unknown> });
      return json(200, url.startsWith('http://r') ? { definition: 'def' } : url.startsWith('http://s/runs/') ? (init.method === 'POST' ? { action: 'a1', fact: 'supplier.verified', sent: true } : waiting) : url.startsWith('http://s') ? { halt: 'h1', paths: { topic: true, database: true }, ...(String(init.body).includes('acounts') && { unknown: { kind: 'agent', near: ['accounts'] } }) } : shown);
    }) as never);
    return { code: await run(), out: out.join('') };
  };

  it('approve signs what is shown, as somebody who may', async () => {
    shown = whole;
    const { code, out } = await quietly(() => approve(['apr_1', '--reason', 'checked']));
    expect(code).toBe(0);
    expect(out).not.toContain('\u001b');
    expect(out).toContain('\\u001b[2Jplease');
    expect(posted).toHaveLength(1);
    const vote = verifyPersonStatement('vote', posted[0]!.body['jws'] as string, createKeySet([keyOf(dir, 'tara').publicJwk]), { now: Date.now(), person: 'tara' });
    expect(vote).toMatchObject({ ok: true, statement: { approval: 'apr_1', digest, vote: 'approve', reason: 'checked' } });
  });
  it('approve and approvals ID show all that the vote rests on, before it goes out', async () => {
    const evidence = { arguments: { to: 'DE1' }, reason: null, facts: { amount: { value: 620_000, origin: 'catalogue' } }, failed: ['target.trust'], rules: [], policyVersion: 'v', level: 'raised', cost: null, agentRecord: { outcomes: [{ run: 'r0', action: 'a0', tool: 'payments.transfer', status: 'failed', at: 0 }], findings: [{ finding: 'f', kind: 'behaviour', severity: 'high', explanation: 'a new\u001b[1m target', at: 0 }] }, current: { at: 0, why: null, changes: [{ name: 'iban', before: 'DE0', after: 'DE1' }] } };
    shown = { ...whole, evidence, evidenceDigest: argumentsDigest(evidence as never) };
    for (const run of [() => approve(['apr_1', '--reason', 'checked']), () => approvals(['apr_1'])]) {
      const { out } = await quietly(run);
      for (const line of ['iban is "DE0", and would be "DE1"', 'behaves unlike itself (raised); last payments.transfer failed', 'found high: "a new\\u001b[1m target"', 'facts catalogue: amount 620000', 'not known: target.trust']) expect(out).toContain(line);
    }
    expect(posted).toHaveLength(1);
  });
  it.each([['open', null], ['closed', 'approved']])('approve typed again on what is %s says so, and neither votes nor agrees to more', async (status, resolution) => {
    shown = { ...whole, status, resolution, votes: [{ person: 'tara', vote: 'approve', at: 1 }] };
    for (const more of [[], ['--uses', '3', '--cap', '210.00EUR']]) {
      const { code, out } = await quietly(() => approve(['apr_1', '--reason', 'checked', '--as', 'tara', ...more]));
      expect([code, out]).toEqual([0, expect.stringContaining(`nothing was changed${more.length > 0 ? ', and nothing more was agreed to' : ''}.`)]);
      expect(out).not.toContain('Policy decides again');
    }
    expect(posted).toEqual([]);
  });
  it('signs nothing when the digest is of something else', async () => {
    shown = { ...whole, arguments: { to: 'DE2' } };
    expect((await quietly(() => deny(['apr_1', '--reason', 'no']))).code).toBe(1);
    expect(posted).toEqual([]);
    expect(isOfDigest(whole as never, 'def')).toBe(true);
    expect(isOfDigest({ ...whole, binding: { ...binding, tier: 2 } } as never, 'def')).toBe(false);
    expect(isOfDigest({ ...whole, ask: { ...whole.ask, requesters: [] } } as never, 'def')).toBe(false);
    expect(isOfDigest({ ...question, digest } as never, 'def')).toBe(false);
    expect(isOfDigest(whole as never, 'newer')).toBe(false);
  });
  it('show who, what and why', () => expect(approvalLines({ ...question, digest, instruction: { text: 'pay', by: 'uma' }, cost: { minor: 620_000, currency: 'EUR' }, target: ['DE1'] } as never, question.expiresAt - 60_000).join('\n')).toBe(
    'apr_1  tier 3  expires in 1 min  0 of 1 (treasurer); not uma\n  who   ap, run r1, instructed by uma: "pay"\n  what  payments.transfer  6200.00 EUR  to "DE1"  to "DE1"\n  why   the agent says: "\\u001b[2Jplease"'));
  it('say who was left out where the glass was broken, by when that is reviewed, and that the same vote was counted before', () => {
    const glass = { people: ['sam', 'tara'], reviewed: null, at: 0, skipped: [{ name: 'route', roles: ['release-manager'], people: [], missing: 1 }], reviewDue: Date.UTC(2026, 10, 22) };
    const broken = answerLines({ ...question, digest, status: 'closed', resolution: 'approved', glass, you: { counted: 'now' } } as never, 'break_glass').join('\n');
    expect(broken).toMatch(/^The glass is broken: sam and tara .*\nLeft out, and told: 1 of release-manager\.\n.* by 2026-11-22T00:00:00.000Z.* review-glass apr_1 /);
    expect(answerLines({ ...question, digest, status: 'open', you: { counted: 'before' } } as never, 'approve')).toEqual(['You said approve before, and this is still open: nothing was changed']);
    expect(answerLines({ ...question, digest, status: 'open', you: { counted: 'now' } } as never, 'break_glass')[0]).toMatch(/^You are one of 2 /);
  });
  const deferral = { until: 1_800_000_000_000, place: 1, awaits: [{ fact: 'supplier.verified', from: ['treasurer'] }], dependsOn: ['a0'] };
  const waiting = { run: 'r1', agent: 'ap', status: 'running', startedAt: 0, instruction: 'add', actions: 1, waiting: 1, timeline: [{ action: 'a1', tool: 'ledger.add_supplier', status: 'open', tier: 2, decision: 'defer', code: 'deferred', at: 0, deferral }] };
  it('supply signs run, action, fact and value, as somebody who owes it, and nothing that is not awaited', async () => {
    const { code, out } = await quietly(() => supply(['r1', 'a1', 'supplier.verified', 'true']));
    expect([code, out]).toEqual([0, expect.stringContaining('tara says that supplier.verified is true')]);
    expect(posted).toMatchObject([{ url: 'http://s/runs/r1/actions/a1/facts', body: { fact: 'supplier.verified', value: true } }]);
    expect(verifyPersonStatement('fact', posted[0]!.body['jws'] as string, createKeySet([keyOf(dir, 'tara').publicJwk]), { now: Date.now(), person: 'tara' })).toMatchObject({ ok: true, statement: { tenant: 'acme', run: 'r1', action: 'a1', fact: 'supplier.verified', value: argumentsDigest(true) } });
    expect((await quietly(() => supply(['r1', 'a1', 'amount', '1']))).code).toBe(1);
    expect(posted).toHaveLength(1);
    await expect(quietly(() => supply(['r1', 'a1']))).rejects.toThrow(CannotRun);
  });
  it('run says what an action waits for, and what to type', async () => {
    const { out } = await quietly(() => run(['r1']));
    expect(out).toContain('for supplier.verified, owed by treasurer: countersign supply r1 a1 supplier.verified VALUE');
    expect(out).toContain('for action a0');
  });
  it('halt exactly one thing, with a reason', async () => {
    expect(scopeOf({ agent: 'ap' })).toEqual({ kind: 'agent', id: 'ap' });
    expect(() => scopeOf({ agent: 'ap', everything: true })).toThrow(CannotRun);
    expect(() => scopeOf({})).toThrow(CannotRun);
    await expect(quietly(() => halt(['--agent', 'ap']))).rejects.toThrow(/--reason is missing/);
    expect((await quietly(() => halt(['--agent', 'ap', '--reason', 'odd', '--json']))).out).toBe('{"halt":"h1","paths":{"topic":true,"database":true}}\n');
    expect(posted).toEqual([{ url: 'http://s/halts', body: { scope: { kind: 'agent', id: 'ap' }, mode: 'halt', reason: 'odd' } }]);
    expect((await quietly(() => halt(['--agent', 'ap', '--reason', 'odd']))).out).not.toContain('WARNING');
    expect((await quietly(() => halt(['--agent', 'acounts', '--reason', 'odd']))).out).toContain('WARNING: no agent acounts is known here; did you mean accounts?');
  });
});
