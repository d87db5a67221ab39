import { describe, expect, it } from '@jest/globals';
import type { SigningKey } from '@countersign/identity';
import { generateKey, signPersonStatement } from '@countersign/identity';
import { createMemoryEventStore } from '@countersign/spec';
import { registryInMemory, rowsOn } from './registry.fixture.ts';

const started = () => registryInMemory(rowsOn(createMemoryEventStore()));

const founded = async () => {
  const registry = await started();
  const op = (await registry.join('op', ['operator'])).key, tess = (await registry.join('tess', ['treasurer'])).key, rita = (await registry.join('rita', ['policy-reviewer'])).key;
  return { ...registry, op, tess, rita };
};
const statuses = (registry: Awaited<ReturnType<typeof registryInMemory>>) => Object.fromEntries([...registry.kept.people.values()].map(({ person, snapshot }) => [person, snapshot?.status]));

describe('the founding', () => {
  it('is opened by the first person, and ended for good by the second who may agree', async () => {
    const registry = await started();
    for (const [person, role] of [['op', 'operator'], ['tess', 'treasurer'], ['rita', 'policy-reviewer']] as const) expect((await registry.join(person, [role])).enrolled).not.toHaveProperty('change');
    expect((await registry.join('theo', ['treasurer'])).enrolled).toMatchObject({ status: 'waiting', change: expect.any(String) });
    await registry.staff.leave('rita', { by: 'op', reason: 'gone' });
    expect((await registry.join('thea', ['treasurer'])).enrolled).toMatchObject({ status: 'waiting' });
    expect(statuses(registry)).toEqual({ op: 'active', tess: 'active', rita: 'gone', theo: undefined, thea: undefined });
  });
  it('ends after a day, alone or not', async () => {
    const registry = await started();
    await registry.join('op', ['operator']);
    registry.pass(86_400_000);
    expect((await registry.join('tess', ['treasurer'])).enrolled).toMatchObject({ status: 'waiting' });
  });
  it('is opened again only by whoever starts the registry so, for an hour, on the record, and not where two are there', async () => {
    const registry = await founded();
    await registry.staff.leave('rita', { by: 'op', reason: 'gone' });
    const events = async () => (await registry.store.load('founding:people')).events.map(({ type }) => type);
    await registryInMemory(registry.kept);
    expect(await events()).toEqual(['founding.opened', 'founding.closed']);
    const again = await registryInMemory(registry.kept, { reopenFounding: true });
    expect(await events()).toEqual(['founding.opened', 'founding.closed', 'founding.opened']);
    expect((await again.join('theo', ['treasurer'])).enrolled).toMatchObject({ status: 'active' });
    registry.pass(3_600_000);
    expect((await again.join('thea', ['treasurer'])).enrolled).toMatchObject({ status: 'waiting' });

    const two = await founded();
    const reopened = await registryInMemory(two.kept, { reopenFounding: true });
    expect((await two.store.load('founding:people')).events.map(({ type }) => type)).toEqual(['founding.opened', 'founding.closed']);
    expect((await reopened.join('theo', ['treasurer'])).enrolled).toMatchObject({ status: 'waiting' });
  });
});

describe('who is let in', () => {
  const waiting = async () => {
    const registry = await founded();
    const { enrolled } = await registry.join('mole', ['treasurer']);
    if (!('change' in enrolled)) throw new Error('the founding is not over');
    return { registry, request: (await registry.permissions.change(enrolled.change!))! };
  };
  it('is agreed to by an operator or a policy-reviewer, and by nobody else', async () => {
    const { registry, request } = await waiting();
    await expect(registry.agree('tess', registry.tess, request)).rejects.toMatchObject({ code: 'not_eligible' });
    expect(await registry.agree('rita', registry.rita, request)).toMatchObject({ status: 'applied', approvedBy: 'rita' });
  });
  it('was asked for by somebody who is an operator still: else an operator asks again', async () => {
    const { registry, request } = await waiting();
    // Two more operators, so that the first may cease to be one.
    const two = (await registry.join('two', ['operator'])).enrolled;
    await registry.agree('rita', registry.rita, (await registry.permissions.change((two as { change: string }).change))!);
    await registry.doors.tellStaff('change', 'op', { roles: [] }, { by: 'two', reason: 'r' });
    await expect(registry.agree('rita', registry.rita, request)).rejects.toMatchObject({ code: 'change_stale' });
    expect(statuses(registry)['mole']).toBeUndefined();
  });
});

describe('what people signed', () => {
  const asked = async () => { const registry = await founded(); return { registry, request: await registry.ask('op', 'person', 'tess', { roles: ['treasurer', 'senior'] }) }; };
  it('counts for whoever calls with it, and for nobody who holds it', async () => {
    const { registry, request } = await asked();
    const jws = registry.signed('rita', registry.rita, request);
    await expect(registry.doors.approveChange(request.change, { jws }, registry.who('op'))).rejects.toMatchObject({ code: 'wrong_person' });
    await expect(registry.doors.approveChange(request.change, { jws }, registry.who('tess'))).rejects.toMatchObject({ code: 'wrong_person' });
    expect(await registry.doors.approveChange(request.change, { jws }, registry.who('rita'))).toMatchObject({ status: 'applied' });
  });
  it('counts in the tenant that it was signed for', async () => {
    const { registry, request } = await asked();
    const elsewhere = registry.signed('rita', registry.rita, request, 'globex');
    await expect(registry.doors.approveChange(request.change, { jws: elsewhere }, registry.who('rita'))).rejects.toMatchObject({ code: 'signature_invalid', message: expect.stringContaining('another tenant') });
    const tool = { sub: 'rita', tool: 't', definition: 'd', replaces: 'r', reason: 'r', iat: 1 };
    expect(() => registry.reviewOf('tool-review', signPersonStatement('tool-review', { ...tool, tenant: 'globex' }, registry.rita))).toThrow('another tenant');
    expect(registry.reviewOf('tool-review', signPersonStatement('tool-review', { ...tool, tenant: 'acme' }, registry.rita))).toMatchObject({ by: 'rita', roles: ['policy-reviewer'] });
  });
  it('is signed with a key of theirs, by somebody who is here', async () => {
    const { registry, request } = await asked();
    await expect(registry.agree('rita', generateKey('rita-1'), request)).rejects.toMatchObject({ code: 'signature_invalid' });
    await registry.doors.tellStaff('leave', 'rita', { by: 'op', reason: 'r' });
    await expect(registry.agree('rita', registry.rita, request)).rejects.toMatchObject({ code: 'signature_invalid' });
  });
});

describe('a statement about keys', () => {
  const another = generateKey('tess-2').publicJwk;
  const statement = (registry: Awaited<ReturnType<typeof founded>>, more: object = {}, key: SigningKey = registry.tess) =>
    signPersonStatement('person-key', { sub: 'tess', tenant: 'acme', purpose: 'add', kid: another.kid!, x: another.x!, iat: Math.floor(registry.kept.at / 1_000), ...more }, key);
  const keysOf = (registry: Awaited<ReturnType<typeof founded>>) => registry.kept.people.get('tess')!.snapshot!.keys.map(({ kid }) => kid);
  it('adds a key, while it is fresh', async () => {
    const registry = await founded();
    const jws = statement(registry);
    registry.pass(5 * 60_000);
    expect(await registry.doors.changeKeys(jws)).toMatchObject({ keys: [{ kid: 'tess-1' }, { kid: 'tess-2' }] });
    // Taken away since: what was signed before brings it back no more.
    await registry.doors.changeKeys(statement(registry, { purpose: 'remove' }));
    registry.pass(1_000);
    await expect(registry.doors.changeKeys(jws)).rejects.toMatchObject({ code: 'expired' });
    expect(keysOf(registry)).toEqual(['tess-1']);
  });
  it('for another tenant, or by another key, changes nothing', async () => {
    const registry = await founded();
    await expect(registry.doors.changeKeys(statement(registry, { tenant: 'globex' }))).rejects.toMatchObject({ code: 'expired' });
    await expect(registry.doors.changeKeys(statement(registry, {}, registry.rita))).rejects.toMatchObject({ code: 'unknown_key' });
    await expect(registry.doors.changeKeys(statement(registry, { sub: 'nobody' }))).rejects.toMatchObject({ code: 'unauthenticated' });
    expect(keysOf(registry)).toEqual(['tess-1']);
  });
});

describe('what is declared', () => {
  const bound = { roles: [], tools: ['desk.*'], ceiling: 1, environments: ['test'], limits: { calls: 10, money: null }, runtimeTrusted: false } as const;
  const template = { title: 't', roles: ['reader'], ceiling: 1, environment: 'test', limits: { calls: 10, money: null }, fields: ['agent', 'name', 'owner', 'purpose'] } as const;
  const declared = async () => {
    const registry = await founded();
    await registry.permissions.put({ kind: 'role', id: 'reader', after: { title: 'r', owner: 'tess', permissions: [{ permission: 'read', tools: ['desk.read'] }] } }, 'r', registry.who('op'));
    return registry;
  };
  const put = (registry: Awaited<ReturnType<typeof declared>>, person: string, more: object = {}) => registry.permissions.put({ kind: 'template', id: 'readers', after: { ...template, ...more } as never }, 'r', registry.who(person));
  it('as a first bound waits for a second person, and lets its people give from then on', async () => {
    const registry = await declared();
    await expect(registry.permissions.put({ kind: 'grantor', id: 'treasurer', after: bound }, 'r', registry.who('op'))).rejects.toMatchObject({ code: 'change_review_required' });
    await expect(put(registry, 'tess')).rejects.toMatchObject({ code: 'grants_too_much' });
    await registry.agree('rita', registry.rita, await registry.ask('op', 'grantor', 'treasurer', bound));
    expect(await put(registry, 'tess')).toMatchObject({ template: 'readers' });
  });
  it.each([['limits', { limits: { calls: 11, money: null } }], ['an environment', { environment: 'production' }], ['a ceiling', { ceiling: 2 }]])('as a template with %s beyond its giver\'s is refused, whoever declared it and whoever uses it', async (_, more) => {
    const registry = await declared();
    await registry.agree('rita', registry.rita, await registry.ask('op', 'grantor', 'treasurer', bound));
    await expect(put(registry, 'tess', more)).rejects.toMatchObject({ code: 'grants_too_much' });
    await put(registry, 'op', more);
    const profile = await registry.permissions.fromTemplate('readers', { agent: 'a', name: 'A', owner: 'tess', purpose: 'p', key: generateKey('a-1').publicJwk } as never, registry.who('tess'));
    await expect(registry.permissions.registering(profile, registry.who('tess'), async () => 'registered')).rejects.toMatchObject({ code: 'grants_too_much' });
    expect(await registry.permissions.registering(profile, registry.who('op'), async () => 'registered')).toBe('registered');
  });
});
