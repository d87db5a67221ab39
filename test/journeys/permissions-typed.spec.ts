import { statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { ChangeView, EnrolledPerson } from '@countersign/contracts';
import { loadKeyFile } from '@countersign/identity';
import { enrol, human, openTerminal, startWhole } from '@countersign/spec/whole';
import type { Terminal, Whole } from '@countersign/spec/whole';
import { keys, revoke, rotateKey } from '../../libs/cli/src/people/keys-command.ts';
import { people } from '../../libs/cli/src/people/people-command.ts';
import { agentPermissions } from '../../libs/cli/src/permissions/agent-command.ts';
import { change } from '../../libs/cli/src/permissions/changes-command.ts';
import { declaredCommand } from '../../libs/cli/src/permissions/roles-command.ts';
import { scim } from '../../libs/cli/src/scim/command.ts';

const role = declaredCommand('role'), template = declaredCommand('template'), grantor = declaredCommand('grantor');

/** What people type about roles and changes, against a registry that runs. */
describe('roles, templates and changes from the command line', () => {
  let whole: Whole, terminal: Terminal;
  const typed: Terminal['typed'] = (...line) => terminal.typed(...line);
  beforeAll(async () => {
    whole = await startWhole({});
    terminal = openTerminal(whole.urls);
    terminal.keep(whole.people.operator, ['operator']);
    terminal.keep(await enrol(whole.urls, whole.people.operator, 'rita', ['policy-reviewer']), ['policy-reviewer']);
  }, 240_000);
  afterAll(async () => { await whole?.close(); terminal?.close(); });

  it('an agent comes out of a template, and what it may do is explained', async () => {
    expect(await typed(template, 'demo')).toMatchObject({ code: 0, out: { templates: [{ template: 'customer-service' }, { template: 'reader' }, { template: 'supplier-payments' }] } });
    const keyFile = join(terminal.folder, 'payer.json');
    expect(await typed(agentPermissions, 'new', 'payer', '--template', 'supplier-payments', '--name', 'Payer', '--purpose', 'pays suppliers', '--owner', 'owner', '--key-file', keyFile)).toMatchObject({ code: 0, out: { agent: 'payer', status: 'draft', template: 'supplier-payments' } });
    expect(statSync(keyFile).mode & 0o777).toBe(0o600);
    expect(await typed(agentPermissions, 'permissions', 'payer', '--tool', 'payments.refund')).toMatchObject({ code: 0, out: { tool: { tool: 'payments.refund' } } });
    expect(await typed(agentPermissions, 'unused', 'payer')).toMatchObject({ code: 0, out: { agent: 'payer' } });
    expect(await typed(agentPermissions, 'unused', '--all')).toMatchObject({ code: 0 });
    expect(await typed(role)).toMatchObject({ code: 0, out: { roles: expect.arrayContaining([expect.objectContaining({ role: 'supplier-payments', agents: ['payer'] })]) } });
    const bound = '{"roles":["supplier-payments"],"tools":[],"ceiling":2,"environments":["production"],"limits":{"calls":100,"money":{"minor":500000,"currency":"EUR"}},"runtimeTrusted":false}';
    expect(await typed(grantor, 'put', 'finance-lead', '--file', bound, '--reason', 'their team')).toMatchObject({ code: 1, err: expect.stringContaining('change_review_required') });
    const first = await typed<ChangeView>(change, 'file', 'grantor', 'finance-lead', '--after', bound, '--reason', 'their team');
    expect(await typed(change, 'approve', first.out.change, '--reason', 'seen', '--as', 'rita', '--yes')).toMatchObject({ code: 0 });
    expect(await typed(grantor)).toMatchObject({ code: 0, out: { grantors: [{ grantor: 'finance-lead' }] } });
  });

  it('keys are listed, rotated and revoked, and what is declared is put and removed while nobody has it', async () => {
    await whole.agent('clerk');
    expect(await typed(keys, 'clerk')).toMatchObject({ code: 0, out: { keys: [{ kid: 'clerk-1', status: 'live' }], revocations: [] } });
    expect(await typed(rotateKey, 'clerk', '--reason', 'by the clock', '--overlap', '5')).toMatchObject({ code: 0, out: { kid: 'clerk-2', keys: [{ kid: 'clerk-1', status: 'retiring' }, { kid: 'clerk-2', status: 'live' }] } });
    expect(statSync(join(terminal.folder, 'agents', 'clerk.key.json')).mode & 0o777).toBe(0o600);
    expect(await typed(revoke, 'clerk', '--key', 'clerk-1', '--reason', 'old laptop')).toMatchObject({ code: 0, out: { revocations: [{ kind: 'key' }] } });
    expect(await typed(revoke, 'clerk', '--key', 'nope', '--reason', 'r')).toMatchObject({ code: 1, err: expect.stringContaining('invalid_request') });
    expect(await typed(revoke, 'clerk', '--reason', 'r')).toMatchObject({ code: 2 });
    const wanted = (kind: string): string => JSON.stringify(kind === 'role' ? { title: 'Looks', owner: 'owner', permissions: [{ permission: 'look', tools: ['desk.read'] }] } : { title: 'Lookers', roles: ['looker'], ceiling: 1, environment: 'test', limits: { calls: 9, money: null }, fields: ['agent', 'name', 'owner', 'purpose'] });
    expect(await typed(role, 'put', 'looker', '--file', wanted('role'), '--reason', 'r')).toMatchObject({ code: 0, out: { role: 'looker' } });
    expect(await typed(template, 'put', 'lookers', '--file', wanted('template'), '--reason', 'r')).toMatchObject({ code: 0, out: { template: 'lookers' } });
    expect(await typed(role, 'remove', 'looker', '--reason', 'r')).toMatchObject({ code: 1, err: expect.stringContaining('role_in_use') });
    expect([(await typed(template, 'remove', 'lookers', '--reason', 'r')).code, (await typed(role, 'remove', 'looker', '--reason', 'r')).code]).toEqual([0, 0]);
  });

  it('more takes a request that somebody else saw and signed', async () => {
    const filed = await typed<ChangeView>(change, 'file', 'agent', 'payer', '--after', '{"permissions":["mail.send"]}', '--reason', 'sends remittances');
    expect(filed).toMatchObject({ code: 0, out: { status: 'open', diff: [{ field: 'effective' }, { field: 'permissions', after: '["mail.send"]' }] } });
    const id = filed.out.change;
    expect(await typed(change, 'show', id)).toMatchObject({ code: 0, out: { digest: filed.out.digest } });
    expect(await typed(change, 'approve', id, '--reason', 'seen', '--as', 'rita')).toMatchObject({ code: 1, out: { status: 'open' } });
    expect(await typed(change, 'approve', id, '--reason', 'seen', '--as', 'operator', '--yes')).toMatchObject({ code: 1, err: expect.stringContaining('self_approval') });
    expect(await typed(change, 'approve', id, '--reason', 'seen', '--as', 'rita', '--yes')).toMatchObject({ code: 0, out: { status: 'applied', approvedBy: 'rita' } });
    expect(await typed(change)).toMatchObject({ code: 0, out: { changes: [] } });
    const other = await typed<ChangeView>(change, 'file', 'agent', 'payer', '--after', '{"purpose":"pays rent"}', '--reason', 'r');
    expect(await typed(change, 'withdraw', other.out.change, '--reason', 'not needed')).toMatchObject({ code: 0, out: { status: 'withdrawn' } });
  });

  it('nobody comes in, comes back or gains a role by one person: a second one agrees to whose key it is', async () => {
    const knows = async (): Promise<number> => (await human(whole.urls, 'carol', loadKeyFile(join(terminal.folder, 'people', 'carol.key.json'))).call('registry', 'GET', '/people')).status;
    const invited = await typed<{ link: string }>(people, 'invite', 'carol', '--name', 'Carol', '--roles', 'treasurer');
    const enrolled = await typed<EnrolledPerson>(people, 'enrol', invited.out.link, '--person', 'carol');
    expect([enrolled, await knows()]).toMatchObject([{ code: 0, out: { status: 'waiting', roles: ['treasurer'], change: expect.any(String) } }, 401]);
    const admission = enrolled.out.change!;
    expect((await typed<ChangeView>(change, 'show', admission)).out.widens).toEqual([expect.stringMatching(/^whoever holds the key .{43} is let in as carol$/), expect.stringMatching(/has the role treasurer$/)]);
    for (const [as, why] of [['operator', 'self_approval'], ['carol', 'unauthenticated']]) expect(await typed(change, 'approve', admission, '--reason', 'r', '--yes', '--as', as!)).toMatchObject({ code: 1, err: expect.stringContaining(why!) });
    expect(await typed(change, 'approve', admission, '--reason', 'compared the key', '--yes', '--as', 'rita')).toMatchObject({ code: 0, out: { status: 'applied', approvedBy: 'rita' } });
    expect(await knows()).toBe(200);

    const alone = await whole.people.operator.call('registry', 'PATCH', '/people/carol', { roles: ['treasurer', 'senior'], reason: 'r' });
    expect(alone).toMatchObject({ status: 403, body: { code: 'change_review_required' } });
    // Somebody who is no operator asks, and an operator agrees: still one operator alone.
    expect(await typed(change, 'file', 'person', 'carol', '--after', '{"roles":["senior"]}', '--reason', 'r', '--as', 'carol')).toMatchObject({ code: 1, err: expect.stringContaining('forbidden') });
    expect(await typed(change, 'file', 'person', 'carol', '--after', '{"roles":[]}', '--reason', 'r', '--as', 'carol')).toMatchObject({ code: 0, out: { status: 'applied', approvedBy: null } });
    const more = await typed<ChangeView>(change, 'file', 'person', 'rita', '--after', '{"roles":["policy-reviewer","operator"]}', '--reason', 'r', '--as', 'operator');
    expect(await typed(change, 'approve', more.out.change, '--reason', 'r', '--yes', '--as', 'rita')).toMatchObject({ code: 1, err: expect.stringContaining('self_approval') });

    expect(await typed(people, 'leave', 'carol', '--reason', 'r')).toMatchObject({ code: 0 });
    const back = await typed<ChangeView>(people, 'return', 'carol', '--reason', 'is back');
    expect([back, await knows()]).toMatchObject([{ code: 0, out: { status: 'open', subject: { kind: 'person', id: 'carol' } } }, 401]);
    expect(await typed(change, 'approve', back.out.change, '--reason', 'r', '--yes', '--as', 'rita')).toMatchObject({ code: 0 });
    expect(await knows()).toBe(200);
  });

  it('an identity provider is connected, its token replaced, and it is removed', async () => {
    const users = async (token: unknown): Promise<number> => (await fetch(`${whole.urls.registry}/scim/v2/Users`, { headers: { authorization: `Bearer ${String(token)}` } })).status;
    const made = await typed(scim, 'connect', 'okta', '--map', 'Finance=treasurer', '--reason', 'people come from there');
    expect([made.code, await users(made.out['token'])]).toEqual([0, 200]);
    // Who holds the token and the map alone makes nobody a treasurer: the key of whoever is provisioned is agreed to by a second person too.
    const post = await fetch(`${whole.urls.registry}/scim/v2/Users`, { method: 'POST', headers: { authorization: `Bearer ${String(made.out['token'])}`, 'content-type': 'application/scim+json' }, body: JSON.stringify({ schemas: ['urn:ietf:params:scim:schemas:core:2.0:User'], userName: 'mole', roles: [{ value: 'Finance' }] }) });
    expect(post.status).toBe(201);
    const link = (await typed<{ link: string }>(people, 'invite', 'mole', '--name', 'Mole', '--roles', 'treasurer')).out.link;
    expect((await typed<EnrolledPerson>(people, 'enrol', link, '--person', 'mole')).out.status).toBe('waiting');
    const rotated = await typed(scim, 'rotate', 'okta', '--reason', 'by the clock');
    expect([rotated.code, await users(rotated.out['token'])]).toEqual([0, 200]);
    expect((await typed(scim, 'list')).out).toEqual({ connections: [{ connection: 'okta', roles: { Finance: ['treasurer'] }, people: 1, tokenBeforeUntil: expect.any(Number) }] });
    expect(await typed(scim, 'remove', 'okta', '--reason', 'another provider')).toMatchObject({ code: 0 });
    expect(await users(rotated.out['token'])).toBe(401);
    expect((await typed(scim, 'list')).out).toEqual({ connections: [] });
  });
});
