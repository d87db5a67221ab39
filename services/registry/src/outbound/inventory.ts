import { DataSource } from 'typeorm';
import type { EntitySchema, ObjectLiteral } from 'typeorm';
import { CreatePermissions1763770000000 } from './permission-book.ts';
import type { Inventory } from '../app/ports.ts';
import type { Run } from '../core/run.ts';
import { childOf, CreateDelegations1763740000000, findRun, openChild, RepeatedExchanges1763800000000 } from './child-runs.ts';
import { coalesced } from './coalesced.ts';
import { CreateScopeExtensions1763780000000 } from './scope-extensions.ts';
import { AgentKeysEntity, CreateCredentials1763730000000 } from './credential-book.ts';
import { CreateDeeds1763750000000, DeedsByTime1763790000000 } from './deeds.ts';
import { CreateScim1763760000000 } from './scim-book.ts';
import { AgentEntity, NodeEntity, PersonEntity, RunEntity, ToolEntity } from './entities.ts';
import { CreateGraph1763700000000, CreateRegistry1700000000000, KeylessDrafts1763720000000 } from './migrations.ts';

/** TypeORM owns the read models and their migrations. */
export const openInventory = (url: string): Promise<DataSource> =>
  new DataSource({ type: 'postgres', url, entities: [AgentEntity, ToolEntity, NodeEntity, PersonEntity, RunEntity, AgentKeysEntity], migrations: [CreateRegistry1700000000000, CreateGraph1763700000000, KeylessDrafts1763720000000, CreateCredentials1763730000000, CreateDelegations1763740000000, CreateDeeds1763750000000, CreateScim1763760000000, CreatePermissions1763770000000, CreateScopeExtensions1763780000000, DeedsByTime1763790000000, RepeatedExchanges1763800000000], migrationsRun: true, migrationsTransactionMode: 'all', poolSize: 8 }).initialize();

const rowsAtOnce = 1_000;
/** How exactly it is kept when an agent was last used: a row is not written anew for each action of a busy agent. */
const lastUseStepMs = 10_000;

/** Rows by name; a row never goes back to an older version of its stream. */
export const createInventory = (source: DataSource): Inventory => {
  const put = async (table: string, id: string, columns: Readonly<Record<string, unknown>>): Promise<void> => {
    const names = Object.keys(columns);
    await source.query(
      `INSERT INTO ${table} AS kept (${[table, ...names].join(', ')}) VALUES (${[table, ...names].map((_, i) => `$${i + 1}`).join(', ')})
       ON CONFLICT (${table}) DO UPDATE SET ${names.map((name) => `${name} = excluded.${name}`).join(', ')} WHERE kept.version < excluded.version`,
      [id, ...Object.values(columns)]);
  };
  const all = <Row extends ObjectLiteral>(entity: EntitySchema<Row>, by: string): Promise<Row[]> =>
    source.getRepository(entity).createQueryBuilder('row').orderBy(`row.${by}`).getMany();
  type Client = Awaited<ReturnType<Inventory['client']>>;
  const client = coalesced<string, Client>(async (ids) => {
    const rows = await source.query<NonNullable<Client>[]>("SELECT a.agent, a.snapshot, coalesce(k.keys, '[]') AS keys FROM agent a LEFT JOIN agent_keys k USING (agent) WHERE a.agent = ANY($1)", [[...new Set(ids)]]);
    const found = new Map(rows.map((row) => [row.agent, row]));
    return ids.map((id) => found.get(id));
  });
  const openRun = coalesced<{ readonly run: Run; readonly openedAt: number; readonly purpose: string | null }, undefined>(async (all) => {
    await source.query(
      'INSERT INTO run (run, agent, jkt, not_after, opened_at, purpose, auth_key) SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::bigint[], $5::bigint[], $6::text[], $7::text[])',
      [all.map(({ run }) => run.run), all.map(({ run }) => run.agent), all.map(({ run }) => run.jkt), all.map(({ run }) => run.notAfter), all.map((one) => one.openedAt), all.map((one) => one.purpose), all.map(({ run }) => run.authKey ?? null)]);
    return all.map(() => undefined);
  });
  return {
    client,
    putAgent: (id, version, snapshot, key) => put('agent', id, { version, snapshot: JSON.stringify(snapshot), key: key && JSON.stringify(key) }),
    putTool: (id, version, snapshot) => put('tool', id, { version, snapshot: JSON.stringify(snapshot) }),
    putNodes: async (nodes) => {
      for (let from = 0; from < nodes.length; from += rowsAtOnce) {
        const part = nodes.slice(from, from + rowsAtOnce);
        await source.query(
          `INSERT INTO node AS kept (node, version, snapshot) SELECT * FROM unnest($1::text[], $2::int[], $3::jsonb[])
           ON CONFLICT (node) DO UPDATE SET version = excluded.version, snapshot = excluded.snapshot WHERE kept.version < excluded.version`,
          [part.map(({ node }) => node), part.map(({ version }) => version), part.map((node) => JSON.stringify(node))]);
      }
    },
    // Versions only grow, and rows stay.
    graphVersion: async () => (await source.query<{ sum: string }[]>('SELECT coalesce(sum(version), 0)::text AS sum FROM node'))[0]!.sum,
    putPerson: (id, version, snapshot) => put('person', id, { version, snapshot: snapshot && JSON.stringify(snapshot) }),
    agent: async (id) => (await source.getRepository(AgentEntity).findOneBy({ agent: id })) ?? undefined,
    person: async (id) => (await source.getRepository(PersonEntity).findOneBy({ person: id })) ?? undefined,
    agents: () => all(AgentEntity, 'agent'),
    tools: () => all(ToolEntity, 'tool'),
    nodes: () => all(NodeEntity, 'node'),
    people: () => all(PersonEntity, 'person'),
    run: (id) => findRun(source, id),
    openChild: (...child) => openChild(source, ...child),
    childOf: (parent, action) => childOf(source, parent, action),
    openRuns: async (runs, openedAt, purpose) => { await Promise.all(runs.map((run) => openRun({ run, openedAt, purpose }))); },
    used: async (uses) => {
      if (uses.length === 0) return;
      await source.query(
        'UPDATE agent SET last_use_at = greatest(last_use_at, u.at) FROM (SELECT agent, max(at) AS at FROM unnest($1::text[], $2::bigint[]) AS u (agent, at) GROUP BY agent) u WHERE agent.agent = u.agent AND coalesce(agent.last_use_at, 0) < u.at - $3',
        [uses.map((use) => use.agent), uses.map((use) => use.at), lastUseStepMs]);
    },
    versions: async () => new Map((await source.query<{ stream: string; version: number }[]>(
      `SELECT 'agent:' || agent AS stream, version FROM agent UNION ALL SELECT 'tool:' || tool, version FROM tool UNION ALL SELECT 'node:' || node, version FROM node UNION ALL SELECT 'person:' || person, version FROM person`)).map((row) => [row.stream, row.version])),
  };
};
