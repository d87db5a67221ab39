import { randomBytes } from 'node:crypto';
import type { GraphNode } from '@countersign/contracts';
import { createPostgresEventStore, migrateEventStore, openPool } from '@countersign/event-store/postgres';
import { generateKey } from '@countersign/identity';
import { blastRadii, dependantsOf, reach } from '@countersign/kernel';
import { createGraph } from '@countersign/registry/app/graph';
import { createManage } from '@countersign/registry/app/manage';
import { createInventory, openInventory } from '@countersign/registry/outbound/inventory';
import { createMessages } from '@countersign/registry/outbound/publish';
import pg from 'pg';
import { readCatalogue } from '../graph/catalog.ts';
import { bigCatalogue } from './big-catalogue.ts';
import { ofRounds } from './measured.ts';
import type { Results } from './measured.ts';

const size = 10_000, agents = 300, rounds = 3, walks = 200, tenant = 'bench';

/** A database of its own, gone afterwards: the registry of this machine is not touched. */
export const withDatabase = async <T>(address: string, work: (url: string) => Promise<T>): Promise<T> => {
  const admin = new pg.Client({ connectionString: address });
  const name = `bench_registry_${randomBytes(4).toString('hex')}`;
  await admin.connect();
  try {
    await admin.query(`CREATE DATABASE ${name}`);
    const url = new URL(address);
    url.pathname = `/${name}`;
    return await work(url.href);
  } finally {
    await admin.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
    await admin.end();
  }
};

const secondsOf = async (work: () => Promise<unknown>): Promise<number> => {
  const began = performance.now();
  await work();
  return (performance.now() - began) / 1_000;
};

/** The rows of an import (events, and messages of the outbox) ready-made into plain tables, in one transaction: what PostgreSQL takes. */
const bare = async (pool: pg.Pool, rows: readonly { readonly stream: string; readonly data: Buffer }[], outbox: readonly { readonly key: string; readonly value: Buffer }[]): Promise<number> => {
  await pool.query('CREATE TABLE bare_event (stream text PRIMARY KEY, data bytea); CREATE TABLE bare_outbox (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, key text, value bytea)');
  const client = await pool.connect();
  const parts = <R>(all: readonly R[]): R[][] => Array.from({ length: Math.ceil(all.length / 1_000) }, (_, i) => all.slice(i * 1_000, (i + 1) * 1_000));
  try {
    return await secondsOf(async () => {
      await client.query('BEGIN');
      for (const part of parts(rows)) await client.query('INSERT INTO bare_event SELECT * FROM unnest($1::text[], $2::bytea[])', [part.map((one) => one.stream), part.map((one) => one.data)]);
      for (const part of parts(outbox)) await client.query('INSERT INTO bare_outbox (key, value) SELECT * FROM unnest($1::text[], $2::bytea[])', [part.map((one) => one.key), part.map((one) => one.value)]);
      await client.query('COMMIT');
    });
  } finally {
    client.release();
  }
};

const profileOf = (i: number) => {
  const { kty, crv, x, kid } = generateKey(`agent-${i}-1`).publicJwk;
  return { agent: `agent-${i}`, name: `Agent ${i}`, owner: 'olga', purpose: 'bench', roles: ['clerk'], permissions: ['desk.*'], ceiling: 2 as const, environment: 'test' as const, limits: { calls: 100, money: null }, model: null, runtimeTrusted: false, key: { kty, crv, x, kid } };
};

/** registry.import.*: a Backstage catalogue and agents into a real event store with outbox and read models. registry.blast.ms: all radii of that graph. */
export const benchRegistry = async (options: { readonly postgres: string; readonly quick: boolean; readonly tell: (line: string) => void }): Promise<Results> => {
  const text = bigCatalogue(size);
  const perSecond: number[] = [], bareRate: number[] = [], read: number[] = [], written: number[] = [], agentRate: number[] = [];
  let nodes: readonly GraphNode[] = [];
  for (let round = 0; round < (options.quick ? 1 : rounds); round += 1) {
    await withDatabase(options.postgres, async (url) => {
      const source = await openInventory(url);
      const pool = openPool({ connectionString: url, max: 4 });
      try {
        await migrateEventStore(pool);
        const store = createPostgresEventStore(pool), inventory = createInventory(source), messages = createMessages(generateKey('registry-1'), tenant, Date.now);
        const graph = createGraph({ store, inventory, messages, tenant, now: Date.now, maxNodes: 20_000 });
        let found: Awaited<ReturnType<typeof readCatalogue>> | undefined;
        read.push(await secondsOf(async () => { found = await readCatalogue([{ name: 'catalog-info.yaml', text }]); }));
        if (found!.problems.length > 0 || found!.nodes.length !== size) throw new Error(`the catalogue has ${found!.nodes.length} nodes and ${found!.problems[0]?.message ?? 'no problems'}`);
        written.push(await secondsOf(() => graph.put({ nodes: [...found!.nodes] }, 'olga', null)));
        perSecond.push(size / (read.at(-1)! + written.at(-1)!));
        nodes = await graph.nodes();
        if (nodes.length !== size) throw new Error(`${nodes.length} nodes of ${size} were imported`);
        const { rows } = await pool.query<{ stream: string; data: Buffer }>('SELECT stream, data FROM event');
        const { rows: outbox } = await pool.query<{ key: string; value: Buffer }>('SELECT key, value FROM outbox ORDER BY id');
        bareRate.push(size / await bare(pool, rows, outbox));
        const manage = createManage(store, inventory, messages, tenant);
        const profiles = Array.from({ length: agents }, (_, i) => profileOf(i));
        agentRate.push(agents / await secondsOf(async () => { for (const profile of profiles) await manage.agent(profile.agent, { type: 'register', profile, ownerExists: true, by: 'olga', now: Date.now() }, 'olga'); }));
      } finally {
        await pool.end();
        await source.destroy();
      }
    });
    options.tell(`registry, round ${round + 1}: ${size} nodes read and checked in ${read.at(-1)!.toFixed(2)} s, written in ${written.at(-1)!.toFixed(2)} s; ${agents} agents at ${agentRate.at(-1)!.toFixed(0)}/s`);
  }
  const blast: number[] = [], walked: number[] = [];
  for (let round = 0; round < 5; round += 1) {
    blast.push(await secondsOf(async () => blastRadii(nodes)) * 1_000);
    const direct = dependantsOf(nodes);
    walked.push(await secondsOf(async () => { for (let i = 0; i < walks; i += 1) reach((at) => direct.get(at) ?? [], [nodes[i * (size / walks)]!.node], () => true); }) * 1_000 * size / walks);
  }
  const edges = nodes.reduce((sum, { dependsOn, neededBy = [] }) => sum + dependsOn.length + neededBy.length, 0);
  return {
    'registry.import.per_s': ofRounds(perSecond, '1/s', { baseline: bareRate, note: `nodes of a Backstage catalogue of ${size}, from text to committed (reading and checking ${median(read)} s, signing and writing ${median(written)} s); baseline: the same rows ready-made into plain tables, one transaction` }),
    'registry.import_agents.per_s': ofRounds(agentRate, '1/s', { note: `${agents} agents, one after the other, each a transaction with its read model` }),
    'registry.blast.ms': ofRounds(blast, 'ms', { baseline: walked, note: `blast radii of all ${size} nodes over ${edges} edges, weighted; baseline: a walk from each node, from ${walks} of them` }),
  };
};
const median = (values: readonly number[]): string => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!.toFixed(2);
