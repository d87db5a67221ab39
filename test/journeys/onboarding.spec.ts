import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { BusMessage } from '@countersign/bus';
import { validateAgentSnapshot } from '@countersign/contracts';
import type { AgentList, AgentSnapshot, GovernedDecided } from '@countersign/contracts';
import { serviceKeys } from '@countersign/service-host';
import { call, enrol, expectStatus, startWhole, until } from '@countersign/spec/whole';
import type { Agent, Human, Whole } from '@countersign/spec/whole';
import { readExport } from '../../libs/cli/src/inventory/files.ts';
import { flagsOf } from '../../libs/cli/src/inventory/flags.ts';
import { importFile } from '../../libs/cli/src/inventory/import.ts';
import { observePage } from '../../libs/cli/src/inventory/report/page.ts';
import { reportWith } from '../../libs/cli/src/inventory/report/command.ts';
import type { Session } from '../../libs/cli/src/people/command.ts';

const fixture = (name: string): string => fileURLToPath(new URL(`../../libs/cli/src/inventory/fixtures/${name}`, import.meta.url));

/** A company with 300 agents brings in what it already runs, looks on, and then enforces. */
describe('what runs already is brought in', () => {
  let whole: Whole, rita: Human;
  let dir: string;
  beforeAll(async () => { whole = await startWhole(); rita = await enrol(whole.urls, whole.people.operator, 'rita', ['policy-reviewer']); dir = mkdtempSync(join(tmpdir(), 'countersign-onboarding-')); }, 300_000);
  afterAll(async () => { await whole?.close(); if (dir !== undefined) rmSync(dir, { recursive: true, force: true }); });

  const operator = (method: string, path: string, body?: unknown) => whole.people.operator.call('registry', method, path, body);
  /** The command as the operator types it. */
  const imported = async (file: string): Promise<{ code: number; shown: Record<string, unknown> }> => {
    let shown: Record<string, unknown> = {};
    const client = { request: async (_: string, method: string, path: string, body?: unknown) => expectStatus(await operator(method, path, body), 200).body };
    const session = { positionals: [file], values: {}, needed: () => '', as: () => ({ client }), show: (data: Record<string, unknown>) => { shown = data; } } as unknown as Session;
    return { code: await importFile(session, file), shown };
  };
  const agents = async (): Promise<AgentList['agents']> => (expectStatus(await operator('GET', '/agents'), 200).body as unknown as AgentList).agents;

  it('300 rows of a CSV become drafts, three broken ones are named, and the same again changes nothing', async () => {
    const rows = Array.from({ length: 300 }, (_, n) => `E${n},Agent ${n},${n % 3 === 0 ? 'owner' : n % 3 === 1 ? 'tess' : 'gone@corp.example'},desk.*,2`);
    rows[10] = 'E10,,owner,desk.*,2';
    rows[20] = 'E20,Agent 20,owner,desk.*,7';
    rows[30] = 'E30,"Agent "30,owner,desk.*,2';
    const file = join(dir, 'agents.csv');
    writeFileSync(file, `external_id,name,owner,tools,ceiling\n${rows.join('\n')}\n`);
    const first = await imported(file);
    expect(first).toMatchObject({ code: 1, shown: { imported: 297, unchanged: 0, broken: [{ line: 12, column: 'name' }, { line: 22, column: 'ceiling' }, { line: 32 }] } });
    expect(first.shown['ownerless']).toHaveLength(rows.filter((row, n) => row.includes('gone@') && ![10, 20, 30].includes(n)).length);
    expect((await agents()).filter(({ origin, status }) => origin?.source === 'csv' && status === 'draft')).toHaveLength(297);
    expect((await imported(file)).shown).toMatchObject({ imported: 0, unchanged: 297 });
  });

  it('Entra\'s apps come as drafts of their own, and what is shared or stands open is flagged', async () => {
    expect((await imported(fixture('entra-applications.json'))).shown).toMatchObject({ imported: 3, flagged: 3 });
    const { found } = await readExport(fixture('entra-applications.json'), undefined, undefined);
    expect(flagsOf(found, { now: Date.now(), maxAgeDays: 90, unusedDays: 90 }).counts).toMatchObject({ shared_credential: 2, client_secret: 1, broad_scope: 2 });
  });

  it('a draft does nothing, and is activated by nobody while nobody owns it', async () => {
    expect(await operator('POST', '/agents/crm-sync/activate', { reason: 'go' })).toMatchObject({ status: 409 });
    expect(await whole.people.tess.call('registry', 'POST', '/inventory', { source: 'csv', agents: [{ externalId: '1', name: 'mine' }] })).toMatchObject({ status: 403 });
  });

  describe('people, by SCIM', () => {
    let token: string;
    const scim = (method: string, path: string, body?: unknown, as = token) => call(method, `${whole.urls.registry}/scim/v2${path}`, body, { authorization: `Bearer ${as}`, ...(body !== undefined && { 'content-type': 'application/scim+json' }) });
    const user = (userName: string, more: object = {}) => ({ schemas: ['urn:ietf:params:scim:schemas:core:2.0:User'], userName, externalId: `x-${userName}`, displayName: userName, ...more });

    it('are provisioned with a token an operator made, with no role that nobody mapped', async () => {
      const made = expectStatus(await operator('POST', '/scim/connections', { connection: 'entra', reason: 'people come from Entra', roles: { Finance: ['treasurer'] } }), 201).body;
      token = String(made['token']);
      expect(await scim('GET', '/Users', undefined, `${token.slice(0, -1)}${token.endsWith('A') ? 'B' : 'A'}`)).toMatchObject({ status: 401, body: { schemas: ['urn:ietf:params:scim:api:messages:2.0:Error'], status: '401' } });
      expect(await scim('GET', '/ServiceProviderConfig')).toMatchObject({ status: 200, body: { patch: { supported: true } } });
      expect(await scim('POST', '/Users', user('Finn@corp.example', { roles: [{ value: 'Finance' }, { value: 'operator' }] }))).toMatchObject({ status: 201, body: { id: 'finn.corp.example', active: true } });
      expect(await scim('POST', '/Users', user('finn@corp.example'))).toMatchObject({ status: 409, body: { scimType: 'uniqueness' } });
      expect(await scim('POST', '/Users', { userName: 7 })).toMatchObject({ status: 400, body: { scimType: 'invalidValue' } });
      expect(await scim('GET', `/Users?filter=${encodeURIComponent('userName eq "FINN@corp.example" and active eq true')}`)).toMatchObject({ status: 200, body: { totalResults: 1 } });
      expect(await scim('GET', `/Users?filter=${encodeURIComponent('userName sw (')}`)).toMatchObject({ status: 400, body: { scimType: 'invalidFilter' } });
    });

    it('who were invited by hand are theirs only once two people hand them over; deactivated they are gone', async () => {
      expect(await scim('POST', '/Users', user('theo'))).toMatchObject({ status: 409, body: { schemas: ['urn:ietf:params:scim:api:messages:2.0:Error'], status: '409', scimType: 'uniqueness', detail: expect.stringContaining('did not come by the connection entra') } });
      const request = expectStatus(await operator('POST', '/changes', { subject: { kind: 'person', id: 'theo' }, after: { directory: 'entra' }, reason: 'Entra has him from now on' }), 200, 201).body;
      expect(await whole.people.operator.agree(String(request['change']))).toMatchObject({ status: 403, body: { code: 'self_approval' } });
      expectStatus(await rita.agree(String(request['change'])), 200);
      expect(await scim('POST', '/Users', user('theo'))).toMatchObject({ status: 201 });
      expect((await whole.people.theo.call('registry', 'GET', '/people')).status).toBe(200);
      expect(await scim('PATCH', '/Users/theo', { schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'], Operations: [{ op: 'replace', path: '__proto__.polluted', value: 'x' }, { op: 'Replace', path: 'active', value: 'False' }] })).toMatchObject({ status: 200, body: { active: false } });
      expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
      expect((await whole.people.theo.call('registry', 'GET', '/people')).status).toBe(401);
      // What they had is more than the connection gives: only an operator brings them back.
      expect(await scim('PATCH', '/Users/theo', { Operations: [{ op: 'replace', value: { active: true } }] })).toMatchObject({ status: 403 });
    });

    it('cannot take the last operator away, nor reach people of another connection; the secret before the last ends', async () => {
      expect(await scim('POST', '/Users', user('operator'))).toMatchObject({ status: 409 });
      const other = String(expectStatus(await operator('POST', '/scim/connections', { connection: 'okta', reason: 'two of them' }), 201).body['token']);
      expect(await scim('GET', '/Users/theo', undefined, other)).toMatchObject({ status: 404 });
      const rotated = async () => String(expectStatus(await operator('POST', '/scim/connections/okta/rotate', { reason: 'by the clock' }), 200).body['token']);
      const second = await rotated(), third = await rotated();
      expect((await Promise.all([other, second, third].map((one) => scim('GET', '/Users', undefined, one)))).map(({ status }) => status)).toEqual([401, 200, 200]);
      expectStatus(await operator('POST', '/scim/connections/okta/disconnect', { reason: 'not needed' }), 200);
      expect(await scim('GET', '/Users', undefined, third)).toMatchObject({ status: 401 });
    });
  });

  it('agents that a directory knows come by SCIM as drafts of that connection, and what it takes away is stopped, not let loose', async () => {
    const made = expectStatus(await operator('POST', '/scim/connections', { connection: 'keycloak', reason: 'service accounts' }), 201).body;
    const scim = (method: string, path: string, body?: object, token = made['token']) => call(method, `${whole.urls.registry}/scim/v2/Agents${path}`, body, { authorization: `Bearer ${String(token)}`, ...(body !== undefined && { 'content-type': 'application/scim+json' }) });
    const account = { schemas: ['urn:ietf:params:scim:schemas:core:2.0:Agent'], externalId: 'sa-17', displayName: 'Night batch', description: 'books at night', owners: [{ value: 'Owner' }], roles: ['clerk'] };
    expect(await scim('POST', '', account)).toMatchObject({ status: 201, body: { id: 'night-batch', externalId: 'sa-17', active: true, owners: [{ value: 'owner' }] } });
    expect(await scim('POST', '', account)).toMatchObject({ status: 409, body: { scimType: 'uniqueness' } });
    expect(await scim('POST', '', { displayName: 'no id there' })).toMatchObject({ status: 400, body: { scimType: 'invalidValue' } });
    expect(await scim('GET', `?filter=${encodeURIComponent('externalId eq "sa-17"')}`)).toMatchObject({ status: 200, body: { totalResults: 1 } });
    expect((await operator('GET', '/agents/night-batch')).body).toMatchObject({ status: 'draft', roles: [], permissions: [], ceiling: 1, origin: { source: 'scim.keycloak', externalId: 'sa-17' } });
    expect((await scim('GET', '/first')).status).toBe(404);
    expect(await scim('PATCH', '/night-batch', { Operations: [{ op: 'replace', path: 'description', value: 'books by day' }] })).toMatchObject({ status: 200, body: { description: 'books by day' } });
    await whole.agent('night-batch', { name: 'Night batch' });
    expect(await scim('DELETE', '/night-batch')).toMatchObject({ status: 403 });
    expect(await scim('PATCH', '/night-batch', { Operations: [{ op: 'replace', path: 'active', value: 'False' }] })).toMatchObject({ status: 200, body: { active: false } });
    expect((await operator('GET', '/agents/night-batch')).body).toMatchObject({ status: 'suspended', because: { by: 'scim.keycloak' } });
    expect(await scim('PATCH', '/night-batch', { Operations: [{ op: 'replace', path: 'active', value: true }] })).toMatchObject({ status: 403 });
  });

  describe('five of them are observed', () => {
    const made = new Map<string, Agent>();
    let since: number;
    const observe = async (id: string, ms: number) => expectStatus(await operator('POST', `/agents/${id}/observe`, { reason: 'brought in', until: Date.now() + ms }), 200);
    const decided = (id: string): GovernedDecided[] => whole.seen.governed().filter((record): record is GovernedDecided => record.kind === 'action.decided' && record.agent === id && record.now >= since);
    /** A run, once policy has heard that its agent is observed. */
    const watched = async (id: string) => {
      const run = await made.get(id)!.open({ text: 'the day\'s work', attestation: null });
      await until(`${id} is observed`, async () => { const action = run.propose('desk.read', { note: 'n' }); return (await action.decision).code === 'observed'; });
      return run;
    };

    it('nobody observes their own agent, nobody but an operator, and not for long', async () => {
      for (const id of ['agent-0', 'agent-1', 'agent-3', 'agent-4', 'agent-6']) made.set(id, await whole.agent(id));
      expect(await operator('POST', '/agents/agent-0/observe', { reason: 'r', until: Date.now() + 61 * 86_400_000 })).toMatchObject({ status: 403, body: { code: 'observe_refused' } });
      expect(await whole.people.tess.call('registry', 'POST', '/agents/agent-0/observe', { reason: 'r' })).toMatchObject({ status: 403 });
      for (const id of ['agent-0', 'agent-1', 'agent-3', 'agent-4']) await observe(id, 600_000);
      expect(await operator('POST', '/agents/agent-0/observe', { reason: 'longer' })).toMatchObject({ status: 409 });
      since = Date.now();
    });

    it('traffic of every decision runs, and the record says what enforcement would have done', async () => {
      const run = await watched('agent-0');
      const expected = [['desk.write', { note: 'n', text: 't' }, 'allow'], ['desk.transfer', { to: 'NL01', minor: 900 }, 'step_up'], ['desk.wipe', { what: 'x' }, 'step_up'], ['desk.forbidden', { note: 'n' }, 'deny'], ['desk.forbidden', { note: 'm' }, 'deny'], ['desk.forbidden', { note: 'o' }, 'deny']] as const;
      for (const [tool, args, would] of expected) {
        const action = run.propose(tool, args);
        expect(await action.decision).toMatchObject({ decision: 'allow', code: 'observed' });
        const record = await until('it is on the record', () => decided('agent-0').find((one) => one.action === action.action));
        expect(record).toMatchObject({ decision: { decision: 'allow', mode: 'observe' }, observed: { decision: would }, reply: { mode: 'observe' } });
      }
      await run.propose('desk.transfer', { to: 'NL02', minor: 300 }).execute(whole.tools.execute('desk.transfer'));
      expect(whole.tools.executed.length).toBeGreaterThan(0);
      expect(whole.seen.governed().filter(({ kind, run: of }) => kind === 'run.halted' && of === run.id)).toEqual([]);
      expect((expectStatus(await whole.people.tess.call('approvals', 'GET', '/approvals'), 200).body['approvals'] as readonly { agent: string }[]).filter(({ agent }) => agent === 'agent-0')).toEqual([]);
      await run.end();
    });

    it('identity and arguments that fit no schema still stop; a forged snapshot or message counts for nothing', async () => {
      const run = await watched('agent-1');
      expect(await run.propose('desk.unknown', {}).decision).toMatchObject({ decision: 'deny', code: 'unknown_tool' });
      expect(await run.propose('desk.read', { note: 7 }).decision).toMatchObject({ decision: 'deny', code: 'arguments_invalid' });
      let said: BusMessage | undefined;
      await whole.bus.scan({ topic: 'registry.agents.v1', onBatch: (messages) => { said = messages.findLast(({ key, value }) => key === 'agent-1' && value !== null) ?? said; } });
      // Everything as the registry signed it but the value and the id (one that is used twice is an incident of its own). Taken, it would outrank the registry's word that rules hold, for days.
      const known = JSON.parse(said!.value!.toString()) as AgentSnapshot;
      const forged: AgentSnapshot = { ...known, version: known.version + 99, observe: { ...known.observe!, until: Date.now() + 1e9 } };
      expect(validateAgentSnapshot(forged)).toBe(true);
      await whole.bus.publish([{ topic: 'registry.agents.v1', key: 'agent-1', value: Buffer.from(JSON.stringify(forged)), headers: { ...said!.headers, ce_id: randomUUID() } }]);
      expect(expectStatus(await operator('POST', '/agents/agent-1/enforce', { reason: 'seen enough' }), 200).body['observe']).toBeUndefined();
      await until('policy enforces', async () => (await run.propose('desk.forbidden', { note: 'n' }).decision).decision === 'deny');
      await run.end();
    });

    it('expiry is enforcement, by itself and inside a run', async () => {
      const run = await made.get('agent-6')!.open({ text: 'the day\'s work', attestation: null });
      // Seconds, and longer where policy hears of it only when they are over.
      for (let ms = 4_000, seen = false; !seen; ms *= 2) {
        await observe('agent-6', ms);
        for (const end = Date.now() + ms; !seen && Date.now() < end;) seen = (await run.propose('desk.read', { note: 'n' }).decision).code === 'observed';
      }
      await until('observing is over', async () => { const { decision } = await run.propose('desk.forbidden', { note: 'n' }).decision; return decision === 'deny'; }, 60_000);
      await until('it is on the record', () => decided('agent-6').at(-1)?.decision.decision === 'deny');
      const all = decided('agent-6').filter(({ tool }) => tool === 'desk.forbidden');
      const end = all.find(({ observed }) => observed !== undefined)?.observed?.until ?? 0;
      for (const { now, observed } of all) expect(observed !== undefined).toBe(now < end);
      expect(all.at(-1)).toMatchObject({ decision: { decision: 'deny', code: 'rule_denied' } });
    });

    it('the report has the numbers of what was decided, and is a page', async () => {
      await whole.seen.caughtUp();
      const report = await reportWith({ from: new Date(since).toISOString() }, { bus: whole.bus, keys: serviceKeys(whole.place.secretsDir).keys }, Date.now());
      const decisions = () => whole.seen.governed().filter((record): record is GovernedDecided => record.kind === 'action.decided' && record.now >= since);
      // Two readers of one topic: neither is ahead for long.
      await until('this one has read as far as the report', () => decisions().length >= report.decisions + report.enforced);
      const all = decisions(), seen = all.filter(({ observed }) => observed !== undefined);
      const would = (decision: string) => seen.filter((record) => record.decision.mode === 'observe' && record.observed!.decision === decision);
      expect(report).toMatchObject({ decisions: seen.length, enforced: all.length - seen.length, counts: { denied: would('deny').length, stopped: seen.filter(({ decision }) => decision.decision === 'deny').length } });
      expect(report.counts.asked + report.counts.halted).toBe(would('step_up').length);
      expect(report.people.asks).toBe(would('step_up').length);
      expect(report.held).toEqual({ EUR: seen.filter(({ decision, observed }) => decision.mode === 'observe' && observed!.decision !== 'allow').reduce((sum, { reserved }) => sum + (reserved.money?.minor ?? 0), 0) });
      expect(report.byAgent.find(({ agent }) => agent === 'agent-0')).toMatchObject({ counts: { asked: 2, halted: 1, denied: 3 } });
      expect(report.agents.registered).toBeGreaterThan(297);
      expect(observePage(report, 'now')).toContain('OBSERVED, NOT ENFORCED');
    });

    it('who observed what, and why, is in the log', async () => {
      expect(await whole.drainWhole()).toMatchObject({ ok: true });
    });
  });
});
