import { describe, expect, it } from '@jest/globals';
import { generateKey } from '@countersign/identity';
import { createMemoryEventStore } from '@countersign/spec';
import { createMessages } from '../outbound/publish.ts';
import { registryInMemory, rowsOn } from '../registry.fixture.ts';
import { createAgents } from './agents.ts';
import { createCredentials } from './credentials.ts';
import type { CredentialBook } from './ports.ts';

const key = generateKey('k').publicJwk;
const asked = { name: 'Payer', purpose: 'pays', roles: [], permissions: [], ceiling: 1, environment: 'test', limits: { calls: 1, money: null }, key } as const;

const company = async () => {
  const registry = await registryInMemory(rowsOn(createMemoryEventStore()));
  for (const [person, ...roles] of [['op', 'operator'], ['ann']] as const) await registry.join(person, roles);
  const { store, manage, inventory, permissions } = registry, now = () => 5;
  const book = { putKeys: async () => undefined, addRevocations: async () => undefined } as unknown as CredentialBook;
  const credentials = createCredentials({ store, book, messages: createMessages(generateKey('registry-1'), 'acme', now), tenant: 'acme', now, keyLifeMs: 86_400_000, onRevoked: () => undefined });
  const agents = createAgents({ store, credentials, agentPart: permissions.agentPart, manage, inventory, governance: {} as never, fourEyes: 'owner', now });
  const streams = async () => (await store.streams('')).filter((stream) => /^(?:agent|key|credentials):/.test(stream));
  return { streams, credentials, register: async (agent: string, more: object = {}) => { const answer = await agents.register({ ...asked, agent, owner: 'ann', ...more }, 'op'); return answer.status === 'refused' ? answer.code : answer.status; } };
};

describe('a registration that is refused', () => {
  it('leaves nothing behind: its key is free for whoever registers next', async () => {
    const { register, streams } = await company();
    expect(await register('payer', { owner: 'ghost' })).toBe('invalid_request');
    expect(await register('scorer', { euAiAct: { category: 'prohibited', annexIII: null } })).toBe('prohibited_practice');
    expect(await register('payer', { key: { ...key, x: 'short' } })).toBe('invalid_request');
    expect(await streams()).toEqual([]);
    expect(await register('other')).toBe('done');
    expect(await register('payer')).toBe('key_in_use');
    expect(await streams()).toEqual(expect.not.arrayContaining(['agent:payer']));
  });

  it('takes no second key either: one that an agent may not have stays free', async () => {
    const { register, credentials } = await company();
    expect([await register('payer'), await register('other', { key: generateKey('k').publicJwk })]).toEqual(['done', 'done']);
    await credentials.first('payer', key, 'op');
    const second = generateKey('k').publicJwk;
    expect(await credentials.add('payer', { key: second, reason: 'r' }, 'op')).toMatchObject({ code: 'key_in_use' });
    expect(await credentials.add('other', { key: { ...second, kid: 'k-2' }, reason: 'r' }, 'op')).toBeUndefined();
  });
});
