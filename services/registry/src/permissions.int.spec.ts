import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import type { DataSource } from 'typeorm';
import { createPostgresEventStore, migrateEventStore, openPool } from '@countersign/event-store/postgres';
import type { GrantorDefinition } from '@countersign/contracts';
import { generateKey } from '@countersign/identity';
import { composePermissions } from './compose-permissions.ts';
import { createInventory, openInventory } from './outbound/inventory.ts';
import { createPermissionBook } from './outbound/permission-book.ts';
import { createMessages } from './outbound/publish.ts';
import { createToolUses } from './outbound/tool-uses.ts';

const admin = process.env['CS_TEST_POSTGRES'] ?? '';
const name = `h4_${randomUUID().replaceAll('-', '')}`;
const who = (person: string, ...roles: string[]) => ({ person, roles });

describe('changes of permissions on PostgreSQL', () => {
  let source: DataSource, pool: ReturnType<typeof openPool>, n = 0;
  const run = async (sql: string): Promise<void> => { const client = new pg.Client({ connectionString: admin }); await client.connect(); await client.query(sql); await client.end(); };
  beforeAll(async () => {
    await run(`CREATE DATABASE ${name}`);
    const url = new URL(admin);
    url.pathname = `/${name}`;
    source = await openInventory(url.href);
    pool = openPool({ connectionString: url.href, max: 4, onError: () => undefined });
    await migrateEventStore(pool);
  });
  afterAll(async () => { await pool.end(); await source.destroy(); await run(`DROP DATABASE ${name}`); });

  it('an approved request changes its subject in the same transaction, and use is counted once', async () => {
    const uses = createToolUses(source);
    const permissions = await composePermissions({
      store: createPostgresEventStore(pool), inventory: createInventory(source), permissionBook: createPermissionBook(source), toolUses: uses, enoughUse: { days: 1, calls: 1 }, messages: createMessages(generateKey('registry-1'), 'acme', Date.now),
      exclusively: (_, work) => work(), tenant: 'acme', now: () => 1_000, ids: () => `01970000-0000-7000-8000-00000000000${++n}`,
    });
    const grantor: GrantorDefinition = { roles: ['a'], tools: [], ceiling: 1, environments: ['test'], limits: { calls: 10, money: null }, runtimeTrusted: false };
    await expect(permissions.put({ kind: 'grantor', id: 'lead', after: grantor }, 'r', who('op', 'operator'))).rejects.toMatchObject({ code: 'change_review_required' });
    const filed = await permissions.file({ subject: { kind: 'grantor', id: 'lead' }, after: grantor, reason: 'r' }, who('op', 'operator'));
    expect(filed).toMatchObject({ status: 'open', widens: expect.arrayContaining(['may give ceiling 1']) });
    const signed = { change: filed.change, digest: filed.digest, jws: 'j' };
    await expect(permissions.approve(filed.change, signed, who('op', 'operator'))).rejects.toMatchObject({ code: 'self_approval' });
    expect(await permissions.approve(filed.change, signed, who('rita', 'policy-reviewer'))).toMatchObject({ status: 'applied', approvedBy: 'rita' });
    expect(await permissions.list('grantor')).toMatchObject([{ grantor: 'lead', version: 1, definition: { ceiling: 1 } }]);
    const use = { partition: 0, position: 5, agent: 'clerk', tool: 'pay', at: 1_000, money: { minor: 7, currency: 'EUR' }, targets: ['NL1'] };
    await uses.record([use]);
    await uses.record([use, { ...use, position: 6, targets: ['NL2'] }, { ...use, partition: 1, position: 2 }, { ...use, partition: 1, position: 3, tool: 'read' }]);
    await uses.record([{ ...use, partition: 1, position: 3, tool: 'read' }]);
    expect(await uses.uses('clerk')).toEqual([{ tool: 'pay', day: 0, calls: 3, lastAt: 1_000, maxMinor: 7, currency: 'EUR', targets: ['NL1', 'NL2'] }, { tool: 'read', day: 0, calls: 1, lastAt: 1_000, maxMinor: 7, currency: 'EUR', targets: ['NL1'] }]);
  });
});
