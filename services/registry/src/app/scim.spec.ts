import { describe, expect, it } from '@jest/globals';
import { overlapMs } from '../core/scim-connection.ts';
import { createMemoryEventStore } from '@countersign/spec';
import { registryInMemory, rowsOn } from '../registry.fixture.ts';
import type { Connected } from './scim.ts';

const user = (userName: string, more: object = {}) => ({ userName, active: true, ...more });
const connected = async () => {
  const registry = await registryInMemory(rowsOn(createMemoryEventStore()));
  await registry.join('op', ['operator']);
  const theo = (await registry.join('theo', ['treasurer'])).key, rita = (await registry.join('rita', ['policy-reviewer'])).key;
  const connect = async (name: string): Promise<{ by: Connected; token: string }> => {
    const given = await registry.scim.connect(name, { Finance: ['treasurer'] }, 'op', 'r');
    if (!('token' in given)) throw new Error('not connected');
    return { token: given.token, by: (await registry.scim.authenticate(given.token))! };
  };
  const statusOf = (person: string) => registry.kept.people.get(person)?.snapshot?.status;
  const handOver = async (to: string | null) => registry.ask('op', 'person', 'theo', { directory: to });
  return { ...registry, theo, rita, connect, statusOf, handOver };
};

describe('a directory', () => {
  it('neither adopts nor ends people who were invited by hand', async () => {
    const { scim, connect, statusOf, kept, doors } = await connected();
    const { by } = await connect('entra');
    for (const active of [true, false]) expect(await scim.create(by, user('Theo', { active }))).toMatchObject({ status: 'refused', code: 'already_exists', detail: expect.stringContaining('countersign change file person theo') });
    await doors.invite({ person: 'newbie', name: 'Newbie', roles: [] }, 'op');
    expect(await scim.create(by, user('newbie'))).toMatchObject({ code: 'already_exists' });
    // A name kept for somebody who then came by hand gives no hold of them.
    await scim.create(by, user('later', { active: false }));
    await doors.invite({ person: 'later', name: 'Later', roles: [] }, 'op');
    expect(await scim.user(by, 'later')).toBeUndefined();
    expect([statusOf('theo'), [...kept.scim.keys()]]).toEqual(['active', ['later']]);
  });

  it('manages whom it brought: another invitation by hand does not take them away', async () => {
    const { scim, connect, statusOf, join } = await connected();
    const { by } = await connect('entra'), { by: okta } = await connect('okta');
    const made = await scim.create(by, user('finn'));
    expect((await join('finn', ['treasurer'])).enrolled).toMatchObject({ status: 'waiting' });
    if (!('version' in made)) throw new Error('not made');
    expect(await scim.create(okta, user('finn'))).toMatchObject({ code: 'already_exists' });
    expect(await scim.replace(by, made, user('finn', { active: false }))).toMatchObject({ version: 2 });
    expect(statusOf('finn')).toBe('gone');
  });

  it('has whom two people hand over to it, for as long as nobody takes them back', async () => {
    const { scim, connect, statusOf, handOver, agree, rita, theo, doors } = await connected();
    const { by } = await connect('entra'), { by: okta } = await connect('okta');
    await expect(handOver('nosuch')).rejects.toMatchObject({ code: 'not_found' });
    const request = await handOver('entra');
    expect(request).toMatchObject({ status: 'open', widens: ['the directory entra may say that theo has left'] });
    expect(await scim.create(by, user('theo'))).toMatchObject({ code: 'already_exists' });
    await expect(agree('theo', theo, request)).rejects.toMatchObject({ code: 'not_eligible' });
    await agree('rita', rita, request);
    expect(await scim.create(okta, user('theo'))).toMatchObject({ code: 'already_exists' });
    expect(await scim.create(by, user('theo'))).toMatchObject({ id: 'theo', connection: 'entra' });

    // Taken back: one operator alone, for it only takes away.
    expect(await handOver(null)).toMatchObject({ status: 'applied' });
    expect([await scim.user(by, 'theo'), await scim.users(by)]).toEqual([undefined, []]);
    const known = { id: 'theo', connection: 'entra', version: 1, attributes: user('theo'), createdAt: 0, changedAt: 0 };
    expect(await scim.remove(by, known)).toMatchObject({ status: 'refused', code: 'forbidden' });
    expect(await scim.replace(by, known, user('theo', { active: false }))).toMatchObject({ code: 'forbidden' });
    expect(statusOf('theo')).toBe('active');

    await agree('rita', rita, await handOver('okta'));
    const made = await scim.create(okta, user('theo'));
    expect(await scim.remove(okta, made as never)).toBeUndefined();
    expect(statusOf('theo')).toBe('gone');
    expect(await doors.people()).toContainEqual(expect.objectContaining({ person: 'theo', directory: 'okta' }));
  });

  it('cannot take the last operator away, handed over or not', async () => {
    const { scim, connect, statusOf, ask, agree, rita } = await connected();
    const { by } = await connect('entra');
    await agree('rita', rita, await ask('op', 'person', 'op', { directory: 'entra' }));
    const made = await scim.create(by, user('op'));
    expect(await scim.remove(by, made as never)).toMatchObject({ status: 'refused', code: 'last_operator' });
    expect(statusOf('op')).toBe('active');
  });

  it('has one token and, for an hour after another was made, the one before', async () => {
    const { scim, connect, pass } = await connected();
    const { token: first } = await connect('entra');
    const rotate = async (): Promise<string> => { const given = await scim.rotate('entra', 'op', 'r'); if (!('token' in given)) throw new Error('not rotated'); return given.token; };
    const second = await rotate();
    const taken = async (...tokens: string[]) => (await Promise.all(tokens.map((token) => scim.authenticate(token)))).map((by) => by !== undefined);
    pass(overlapMs - 1);
    expect(await taken(first, second)).toEqual([true, true]);
    pass(1);
    expect(await taken(first, second)).toEqual([false, true]);
    const third = await rotate();
    // Twice in an hour: the one before the last ends at once.
    const fourth = await rotate();
    expect(await taken(first, second, third, fourth)).toEqual([false, false, true, true]);
    await scim.disconnect('entra', 'op', 'r');
    expect(await taken(third, fourth)).toEqual([false, false]);
  });
});
