import { describe, expect, it } from '@jest/globals';
import type { AgentSnapshot, ImportAgentsRequest } from '@countersign/contracts';
import { generateKey } from '@countersign/identity';
import { createMemoryEventStore } from '@countersign/spec';
import { importAgents } from './import-agents.ts';
import { createManage } from './manage.ts';
import type { Inventory } from './ports.ts';
import { createMessages } from '../outbound/publish.ts';

const key = generateKey('registry-1');

const setUp = (tenant = 'acme') => {
  const rows = new Map<string, { agent: string; version: number; snapshot: AgentSnapshot; key: unknown }>();
  const inventory = {
    agents: async () => [...rows.values()], people: async () => [{ person: 'ann', version: 1, snapshot: { status: 'active' } }],
    putAgent: async (agent: string, version: number, snapshot: AgentSnapshot, key: unknown) => { rows.set(agent, { agent, version, snapshot, key }); },
  } as unknown as Inventory;
  const store = createMemoryEventStore();
  const manage = createManage(store, inventory, createMessages(key, tenant, () => 5), tenant);
  const bring = async (agents: ImportAgentsRequest['agents'], more: Partial<ImportAgentsRequest> = {}) => (await importAgents(manage, inventory, { source: 'csv', agents, ...more }, 'opal', 5)).results;
  return { rows, store, manage, bring };
};
const profile = { agent: 'invoice-bot', name: 'Invoice bot', owner: 'ann', purpose: 'pays', roles: [], permissions: ['pay.*'], ceiling: 1 as const, environment: 'production', model: null, runtimeTrusted: false, limits: { calls: 5, money: null }, key: { kty: 'OKP' as const, crv: 'Ed25519' as const, x: 'A'.repeat(43), kid: 'k' } };

describe('agents that run elsewhere', () => {
  it('arrive as drafts without a key and with no permission, where they come from on the record', async () => {
    const { bring, rows } = setUp();
    expect(await bring([{ externalId: '1', name: 'Invoice bot', owner: 'ann' }, { externalId: '2', name: 'CRM / Sync!' }])).toEqual([
      { externalId: '1', agent: 'invoice-bot', status: 'imported', code: null, detail: null, ownerless: false }, { externalId: '2', agent: 'crm-sync', status: 'imported', code: null, detail: null, ownerless: true },
    ]);
    expect(rows.get('crm-sync')).toMatchObject({ key: null, snapshot: { status: 'draft', owner: 'unowned', permissions: [], ceiling: 1, origin: { source: 'csv', externalId: '2' } } });
  });

  it('are the same by their id there: again changes nothing, with an owner found the draft is mended, and what somebody completed stays', async () => {
    const { bring, rows, manage } = setUp();
    await bring([{ externalId: '1', name: 'Invoice bot' }]);
    expect((await bring([{ externalId: '1', name: 'Invoice bot' }]))[0]).toMatchObject({ status: 'unchanged' });
    expect((await bring([{ externalId: '1', name: 'Invoice robot', owner: 'ann' }]))[0]).toMatchObject({ agent: 'invoice-bot', status: 'imported', ownerless: false });
    expect(await manage.agent('invoice-bot', { type: 'register', profile, ownerExists: true, by: 'opal', now: 6 }, 'opal')).toMatchObject({ status: 'accepted' });
    expect((await bring([{ externalId: '1', name: 'Something else' }]))[0]).toMatchObject({ status: 'unchanged' });
    expect(rows.get('invoice-bot')).toMatchObject({ key: profile.key, snapshot: { name: 'Invoice bot', permissions: ['pay.*'], origin: { externalId: '1' } } });
  });

  it('are refused one by one: a name that is taken, an id of somebody else, an external id that stands twice, a name without letters', async () => {
    const { bring, rows, manage } = setUp();
    await manage.agent('payer', { type: 'register', profile: { ...profile, agent: 'payer', name: 'Payer' }, ownerExists: true, by: 'opal', now: 1 }, 'opal');
    const results = await bring([{ externalId: '1', name: ' PAYER ' }, { externalId: '2', name: 'Other', agent: 'payer' }, { externalId: '3', name: 'Fine' }, { externalId: '3', name: 'Fine too' }, { externalId: '4', name: '…' }]);
    expect(results.map(({ status, code }) => code ?? status)).toEqual(['already_exists', 'already_exists', 'imported', 'already_exists', 'invalid_request']);
    expect([...rows.keys()]).toEqual(['payer', 'fine']);
    for (const { detail, status } of results) if (status === 'refused') expect(detail).not.toBeNull();
  });

  it('are completed once: whoever comes with another key, or with other details, takes no draft over', async () => {
    const { bring, rows, manage } = setUp();
    await bring([{ externalId: '1', name: 'Invoice bot' }]);
    const register = async (more: object, by = 'opal') => { const outcome = await manage.agent('invoice-bot', { type: 'register', profile: { ...profile, ...more }, ownerExists: true, by, now: 6 }, by); return outcome.status === 'refused' ? outcome.code : outcome.status; };
    const review = async (passed: boolean) => manage.agent('invoice-bot', { type: 'review', review: { agent: 'invoice-bot', passed, basis: 'b', bundle: { version: '1', digest: 'd' }, consequential: true, checks: [] } as never, by: 'opal', now: 7 }, 'opal');
    const evil = { key: { ...profile.key, x: 'B'.repeat(43), kid: 'evil' } };
    expect(await register({})).toBe('accepted');
    expect([await register(evil), await register(evil, 'mallory'), await register({ permissions: ['*'] }, 'mallory'), await register({ owner: 'mallory' }, 'mallory')]).toEqual(['conflict', 'conflict', 'conflict', 'conflict']);
    await review(false);
    expect([await register(evil), await register({ purpose: 'pays what is due' })]).toEqual(['conflict', 'accepted']);
    await review(true);
    expect(await register({ permissions: ['*'] })).toBe('conflict');
    expect(rows.get('invoice-bot')).toMatchObject({ key: profile.key, snapshot: { owner: 'ann', permissions: ['pay.*'] } });
  });

  it('may have the name of one of another tenant, and neither is told or stored as the other', async () => {
    const acme = setUp('acme'), globex = setUp('globex');
    const bot = { externalId: '1', name: 'Invoice bot' }, namesake = { externalId: '2', name: 'Invoice bot', agent: 'another' };
    await acme.bring([bot]);
    expect(await acme.bring([namesake])).toMatchObject([{ status: 'refused', code: 'already_exists' }]);
    expect(await globex.bring([namesake])).toMatchObject([{ status: 'imported' }]);
    for (const [tenant, { store, rows }] of [['acme', acme], ['globex', globex]] as const) {
      expect([...rows.values()].map(({ snapshot }) => snapshot.tenant)).toEqual([tenant]);
      expect(store.outbox.map(({ headers }) => String(headers['tenant']))).toEqual([tenant, tenant]);
    }
  });

  it('are only looked at in a dry run', async () => {
    const { bring, rows } = setUp();
    expect((await bring([{ externalId: '1', name: 'Invoice bot' }], { dryRun: true }))[0]).toMatchObject({ status: 'imported' });
    expect(rows.size).toBe(0);
  });

  it('are not activated while nobody owns them', async () => {
    const { bring, manage } = setUp();
    await bring([{ externalId: '1', name: 'Invoice bot' }]);
    expect(await manage.agent('invoice-bot', { type: 'activate', basis: 'b', fourEyes: 'owner', by: 'opal', reason: 'r', now: 6 }, 'opal')).toMatchObject({ status: 'refused', code: 'conflict' });
  });
});
