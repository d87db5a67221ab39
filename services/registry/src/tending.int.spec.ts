import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import type { DataSource } from 'typeorm';
import { createPostgresEventStore, migrateEventStore, openPool } from '@countersign/event-store/postgres';
import { generateKey } from '@countersign/identity';
import type { Deed } from './app/ports.ts';
import { createManage } from './app/manage.ts';
import { createTending } from './app/tending.ts';
import type { Terms } from './core/tend.ts';
import { createDeeds } from './outbound/deeds.ts';
import { createExclusively } from './outbound/exclusively.ts';
import { createInventory, openInventory } from './outbound/inventory.ts';
import { createMessages } from './outbound/publish.ts';

const admin = process.env['CS_TEST_POSTGRES'] ?? '';
const name = `tending_${randomUUID().replaceAll('-', '')}`;
const day = 86_400_000;
const terms: Terms = { orphanMs: day, certifyHighMs: 90 * day, certifyMs: 365 * day, remindMs: 14 * day, overdueMs: 30 * day, unusedMs: 10_000 * day };
const key = generateKey('k-1').publicJwk;

describe('the clock of the registry on PostgreSQL', () => {
  let source: DataSource;
  const pools: ReturnType<typeof openPool>[] = [];
  const run = async (sql: string): Promise<void> => { const client = new pg.Client({ connectionString: admin }); await client.connect(); await client.query(sql); await client.end(); };
  const pool = (max: number) => { const one = openPool({ connectionString: Object.assign(new URL(admin), { pathname: `/${name}` }).href, max, onError: () => undefined }); pools.push(one); return one; };
  beforeAll(async () => {
    await run(`CREATE DATABASE ${name}`);
    source = await openInventory(Object.assign(new URL(admin), { pathname: `/${name}` }).href);
    await migrateEventStore(pool(4));
  });
  afterAll(async () => { for (const one of pools) await one.end(); await source.destroy(); await run(`DROP DATABASE ${name}`); });

  it('brings each thing upon an agent once, however many instances look at once', async () => {
    let now = day;
    const store = createPostgresEventStore(pools[0]!), inventory = createInventory(source);
    const instance = () => {
      const manage = createManage(createPostgresEventStore(pool(2)), inventory, createMessages(generateKey('registry-1'), 'acme', () => now), 'acme');
      return { manage, tending: createTending({ manage, inventory, exclusively: createExclusively(pool(2), 'acme'), terms, now: () => now }) };
    };
    const [one, two] = [instance(), instance()];
    const because = { by: 'op', reason: 'r', now };
    const person = async (id: string) => {
      await one.manage.person(id, { type: 'invite', person: id, name: id, roles: [], code: 'c', expiresAt: now + 1, by: 'op', now }, 'op');
      await one.manage.person(id, { type: 'enrol', code: 'c', key, founding: true, now }, id);
    };
    const agent = async (id: string, owner: string) => {
      const profile = { agent: id, name: id, owner, purpose: 'p', roles: [], permissions: [], ceiling: 2 as const, environment: 'test', model: null, runtimeTrusted: false, limits: { calls: 1, money: null }, key };
      const review = { agent: id, passed: true, basis: 'b', bundle: { version: 'v', digest: 'd' }, consequential: false, checks: [] };
      for (const command of [{ type: 'register', profile, ownerExists: true, by: 'op', now }, { type: 'review', review, by: 'op', now }, { type: 'activate', basis: 'b', fourEyes: 'owner', ...because }] as const) expect((await one.manage.agent(id, command, 'op')).status).toBe('accepted');
    };
    await person('carol');
    await person('dora');
    await agent('hers', 'carol');
    await agent('due', 'dora');
    await one.manage.person('carol', { type: 'leave', othersOperate: true, ...because }, 'op');
    const look = async (): Promise<number> => (await Promise.all([one, two, one, two].map(({ tending }) => tending.tend(null)))).reduce((sum, touched) => sum + touched, 0);
    const touched: number[] = [];
    for (const at of [0, day - 1, day, 351 * day, 365 * day, 395 * day]) { now = day + at; touched.push(await look(), await look()); }
    expect(touched).toEqual([1, 0, 0, 0, 1, 0, 1, 0, 1, 0, 1, 0]);
    const happened = async (id: string) => (await store.load(`agent:${id}`)).events.map(({ type }) => type).slice(3);
    expect(await happened('hers')).toEqual(['agent.orphaned', 'agent.lapsed', 'agent.suspended']);
    expect(await happened('due')).toEqual(['agent.recertification_due', 'agent.recertification_overdue', 'agent.lapsed', 'agent.suspended']);
  });

  it('forgets who answered for what once nobody asks any more, so much at a time', async () => {
    const deeds = createDeeds(source);
    const deed = (n: number): Deed => ({ run: randomUUID(), action: randomUUID(), agent: 'a', agentVersion: 1, tool: 't', at: n, decision: 'allow', tier: 1, policyVersion: 'v', rules: [], votes: [] });
    const all = Array.from({ length: 30 }, (_, n) => deed(n));
    await deeds.put(all);
    expect([await deeds.prune(20, 15), await deeds.prune(20, 15), await deeds.prune(20, 15)]).toEqual([15, 5, 0]);
    expect(await deeds.get(all[19]!.run, all[19]!.action)).toBeUndefined();
    expect(await deeds.get(all[20]!.run, all[20]!.action)).toMatchObject({ at: 20 });
    // A run that ended while people were asked ends the action by no rule: those that asked stand.
    await deeds.put([{ ...all[21]!, at: 40, rules: ['asks'], policyVersion: 'v2' }]);
    await deeds.put([{ ...all[21]!, at: 50, decision: 'deny', policyVersion: 'v3' }]);
    expect(await deeds.get(all[21]!.run, all[21]!.action)).toMatchObject({ at: 50, decision: 'deny', rules: ['asks'], policyVersion: 'v2' });
  });
});
