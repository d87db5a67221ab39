import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, it } from '@jest/globals';
import type { GovernedDecided, JsonObject, ToolSnapshot } from '@countersign/contracts';
import { createMemoryHotState } from '@countersign/hot-state/memory';
import { generateKey } from '@countersign/identity';
import { createAgentRuntime, kafkaTransport } from '@countersign/sdk';
import { createScriptedCountersign } from '@countersign/spec';
import type { Script } from '@countersign/spec';
import { createRevocationSet } from '@countersign/tool-guard';
import Ajv2020 from 'ajv/dist/2020.js';
import { planted, suppliers } from './books.ts';
import { createCompany } from './company.ts';
import { decisive, lineOf } from './lines.ts';
import { agents, audience, operator, people } from './roster.ts';
import { firstRound, hijackedByAnInvoice, later } from './scenes.ts';
import type { Scene } from './scenes.ts';
import { callTool, startToolServer } from './tool-server.ts';
import { playScene } from './traffic.ts';

const catalogue = JSON.parse(readFileSync(new URL('../../../../services/policy/packs/demo/tools.json', import.meta.url), 'utf8')) as ToolSnapshot[];
const tools = new Map(catalogue.map((tool) => [tool.tool, { ...tool, definition: `d-${tool.tool}` }]));
const ajv = new Ajv2020.default({ strict: false });
const scenes: readonly Scene[] = [...firstRound(), ...Array.from({ length: 24 }, (_, n) => later(n))];

describe('the script', () => {
  it.each(scenes.map((scene, i) => [`${i} ${scene.name}`, scene] as const))('%s: calls fit the catalogue, and the company answers what its agent may use', (_, scene) => {
    const company = createCompany();
    const seen: string[] = [];
    const agent = agents.find((one) => one.agent === scene.agent)!;
    expect([operator, ...people].map(({ person }) => person)).toEqual(expect.arrayContaining([scene.user, agent.owner]));
    for (const { tool, args } of scene.steps) {
      const given = typeof args === 'function' ? args(seen) : args;
      const valid = ajv.compile(tools.get(tool)!.schema);
      expect([valid(given), valid.errors]).toEqual([true, null]);
      const answer = company.call(tool, given);
      expect(answer.ok).toBe(true);
      if (answer.ok) seen.push(answer.text);
    }
  });
  it('has somebody without any part in what agents do who may review a broken glass', () => {
    const reviewing = people.filter(({ roles }) => roles.includes('reviewer') || roles.includes('approver')).map(({ person }) => person);
    expect(reviewing.filter((person) => agents.every(({ owner }) => owner !== person) && scenes.every(({ user }) => user !== person))).not.toEqual([]);
  });
  it('has every tool of the catalogue in the company', () => { for (const name of tools.keys()) expect(() => createCompany().call(name, { customers: [] })).not.toThrow(); });
  it('has the hijacked agent follow the note, and prints foreign accounts in no trusted field', () => {
    const company = createCompany();
    const read = company.call('ledger.read_invoice', { invoice: 'INV-1043' });
    const text = read.ok ? read.text : '';
    expect((hijackedByAnInvoice(1043).steps[1]!.args as (seen: string[]) => JsonObject)([text])['to']).toBe(planted);
    const trusted = text.split('\n').filter((line) => !/^(iban|note): /.test(line)).join('\n');
    expect(trusted).not.toContain(planted);
    expect(suppliers.map(({ iban }) => iban)).not.toContain(planted);
  });
});

const servers: { close(): Promise<void> }[] = [];
afterEach(async () => { for (const server of servers.splice(0)) await server.close(); });

const allow = () => [{ decision: 'allow', tier: 2 }] as never;
const world = async (script: Script) => {
  const client = generateKey('agent');
  const countersign = createScriptedCountersign(client, { ...script, decide: (proposal, n) => { const made = script.decide?.(proposal, n); return made?.map((one) => ({ ...one, grantFor: { aud: audience, definition: `d-${proposal.tool}`, ...one.grantFor } })); } });
  const company = createCompany();
  let stale = false;
  const revoked = createRevocationSet();
  const server = await startToolServer({ company, audience, keys: countersign.keys, store: createMemoryHotState({ now: () => 0 }), halts: { halted: () => undefined, isStale: () => stale }, revocations: { ...revoked, get size() { return revoked.size; }, isStale: () => false }, tools, now: Date.now, port: 0 });
  servers.push(server);
  const runtime = createAgentRuntime({ agent: 'accounts-payable', tenant: 'acme', clientKey: client, registryUrl: 'http://registry', supervisionUrl: 'http://supervision', transport: kafkaTransport(countersign.bus), fetch: countersign.fetch });
  const calls: string[] = [];
  const play = (scene: Scene) => playScene({
    tenant: 'acme', runtimeOf: () => runtime, keyOfUser: () => generateKey('uma-1'), pace: async () => undefined, patienceMs: 5_000, now: Date.now, onTrouble: (_, error) => { throw error; },
    call: (tool, args, permission) => { calls.push(tool); return callTool(server.url, tool, args, permission.headers); },
  }, scene);
  return { countersign, company, server, play, calls, goStale: () => { stale = true; }, revoke: (run: string) => revoked.add({ revocation: 'x', tenant: 'acme', agent: 'accounts-payable', kind: 'run', subject: run, from: 0, until: 2e12, reason: 'r', by: 'sam', at: 0 }), kinds: () => countersign.admitted.map((one) => one.kind) };
};

describe('an agent on the stage', () => {
  it('has its granted calls done by the company, and reports them', async () => {
    const w = await world({ decide: allow });
    const played = w.play(firstRound()[0]!);
    await played.over;
    expect(w.company.books.paid).toMatchObject([{ to: suppliers[0].iban, minor: 48_000, reference: 'INV-1041' }]);
    expect(w.kinds()).toEqual(['started', 'proposed', 'outcome', 'proposed', 'outcome', 'ended']);
    expect(w.countersign.admitted.filter(({ kind }) => kind === 'outcome').map(({ body }) => body['status'])).toEqual(['succeeded', 'succeeded']);
  });
  it('does nothing that was denied, and goes on', async () => {
    const w = await world({ decide: ({ tool }) => [tool === 'payments.transfer' ? { decision: 'deny', code: 'rule_denied', tier: 3 } : { decision: 'allow', tier: 1 }] as never });
    await w.play(hijackedByAnInvoice(1043)).over;
    expect([w.calls, w.company.books.paid]).toEqual([['ledger.read_invoice'], []]);
  });
  it('leaves what waits for people behind, and pays once they said yes', async () => {
    const w = await world({ decide: ({ tool }) => (tool === 'payments.transfer' ? [{ decision: 'step_up', tier: 3 }, { decision: 'allow', tier: 3, claim: true }] : [{ decision: 'allow', tier: 1 }]) as never });
    const played = w.play(firstRound()[2]!);
    await played.over;
    expect(w.company.books.paid).toMatchObject([{ reference: 'INV-1042', minor: 235_000 }]);
  });
  it('can be told to give up waiting: the run ends and nothing is paid', async () => {
    const w = await world({ decide: ({ tool }) => (tool === 'payments.transfer' ? [{ decision: 'step_up', tier: 3 }] : [{ decision: 'allow', tier: 1 }]) as never });
    const played = w.play(firstRound()[2]!);
    await played.decided;
    played.abandon();
    await played.over;
    expect([w.kinds().at(-1), w.company.books.paid]).toEqual(['ended', []]);
  });
});

describe('the tool server', () => {
  it('refuses whoever comes without permission, with a code, and does nothing', async () => {
    const w = await world({});
    const post = (path: string, headers: Record<string, string> = {}, body = '{"to":"x"}') => fetch(`${w.server.url}${path}`, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body }).then(async (r) => [r.status, ((await r.json()) as { code: string }).code]);
    expect(await post('/tools/payments.transfer')).toEqual([401, 'bad_grant']);
    expect(await post('/tools/payments.transfer', { 'cs-grant': 'csg1.x.y' })).toEqual([401, 'bad_grant']);
    expect(await post('/tools/payments.nothing')).toEqual([404, 'unknown_tool']);
    expect(await post('/tools/payments.transfer', {}, '{')).toEqual([400, 'invalid_request']);
    expect(await post('/tools/payments.transfer', {}, JSON.stringify('x'.repeat(70_000)))).toEqual([413, 'too_large']);
    expect(await post('/tools/payments.transfer', { origin: 'https://evil.example' })).toEqual([403, 'forbidden_origin']);
    expect(await post('/elsewhere')).toEqual([404, 'not_found']);
    expect(w.company.books.paid).toEqual([]);
  });
  it('refuses a grant for an older definition, another audience, a revoked run, and everything while halts are stale', async () => {
    for (const [grantFor, code] of [[{ definition: 'older' }, 'wrong_definition'], [{ aud: 'others' }, 'wrong_audience']] as const) {
      const w = await world({ decide: () => [{ decision: 'allow', tier: 2, grantFor }] as never });
      await w.play(firstRound()[0]!).over;
      expect([w.company.books.paid, w.countersign.admitted.find(({ kind }) => kind === 'outcome')!.body['error']]).toEqual([[], expect.stringContaining(code)]);
      }
    const revoked = await world({ decide: allow, run: 'stolen' });
    revoked.revoke('stolen');
    await revoked.play(firstRound()[0]!).over;
    expect([revoked.company.books.paid, revoked.countersign.admitted.find(({ kind }) => kind === 'outcome')!.body['error']]).toEqual([[], expect.stringContaining('credential_revoked')]);
    const stale = await world({ decide: allow });
    stale.goStale();
    await stale.play(firstRound()[0]!).over;
    expect(stale.company.books.paid).toEqual([]);
  });
});

describe('a line', () => {
  const rule = (id: string, tier: number | null, decision: string | null = null) => ({ id, tier, decision, reason: '' }) as never;
  it('names the rule that made the difference', () => {
    expect(decisive([rule('builtin:consequential', 2), rule('builtin:irreversible', 3), rule('demo.x', 3)])!.id).toBe('demo.x');
    expect(decisive([rule('demo.four', 4), rule('builtin:permit', null, 'deny')])!.id).toBe('builtin:permit');
    expect(decisive([])).toBeUndefined();
  });
  it('shows an action in one line, whatever its arguments hold', () => {
    const record = { kind: 'action.decided', now: 0, agent: 'ap', tool: 'care.send_mail', message: { arguments: { text: '\u001b[2J\nx'.repeat(50) } }, resolved: null, reply: { detail: null }, facts: { amount: { value: 48_000 }, currency: { value: 'EUR' } }, decision: { decision: 'allow', tier: 2, code: null, rules: [] } } as unknown as GovernedDecided;
    const line = lineOf(record, false)!;
    expect(line).not.toMatch(/[\u001b\n]/);
    expect(line).toMatch(/care\.send_mail +480\.00 EUR: .* tier 2 {2}allow {4}no rule asks for more$/);
  });
});
