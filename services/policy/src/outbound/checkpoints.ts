import { deserialize, serialize } from 'node:v8';
import { DataSource } from 'typeorm';
import type { CheckpointStore } from '../app/ports.ts';
import { foldVersion } from '../core/state.ts';
import type { PartitionState } from '../core/state.ts';
import { CreateBudgetLedger1763700000000, CreateCheckpoints1700000000000 } from './migrations.ts';

/** TypeORM owns connections and migrations; the two hot statements go through it as plain SQL. */
export const openCheckpoints = async (url: string): Promise<DataSource> => {
  const source = await new DataSource({ type: 'postgres', url, migrations: [CreateCheckpoints1700000000000, CreateBudgetLedger1763700000000], migrationsTransactionMode: 'all', poolSize: 2 }).initialize();
  // Several members start at once, and TypeORM's migrations know of no other.
  const lock = source.createQueryRunner();
  try {
    await lock.query("SELECT pg_advisory_lock(hashtext('countersign:policy:checkpoints'))");
    await source.runMigrations();
  } finally {
    await lock.query("SELECT pg_advisory_unlock(hashtext('countersign:policy:checkpoints'))");
    await lock.release();
  }
  return source;
};

/**
 * Checkpoints of one governed topic. A row never goes back: an older fold version or position is refused and the row count tells.
 * The state is written in V8's own format, which keeps Maps and Sets; foldVersion guards its shape.
 */
export const createCheckpointStore = (source: DataSource, topic: string): CheckpointStore => ({
  async load(partition) {
    const rows = await source.query<{ fold_version: number; from_offset: string; state: Buffer }[]>('SELECT fold_version, from_offset, state FROM policy_checkpoint WHERE topic = $1 AND partition = $2', [topic, partition]);
    const row = rows[0];
    if (row === undefined || row.fold_version !== foldVersion) return undefined;
    return { state: deserialize(row.state) as PartitionState, from: BigInt(row.from_offset) };
  },
  async save(partition, { state, from }) {
    const rows = await source.query<unknown[]>(
      `INSERT INTO policy_checkpoint (topic, partition, fold_version, position, from_offset, state, at) VALUES ($1, $2, $3, $4, $5, $6, now())
       ON CONFLICT (topic, partition) DO UPDATE SET fold_version = excluded.fold_version, position = excluded.position, from_offset = excluded.from_offset, state = excluded.state, at = excluded.at
       WHERE policy_checkpoint.fold_version < excluded.fold_version OR (policy_checkpoint.fold_version = excluded.fold_version AND policy_checkpoint.position <= excluded.position)
       RETURNING partition`,
      [topic, partition, foldVersion, state.position, from.toString(), serialize(state)],
    );
    return rows.length === 1;
  },
  async drop(partition) {
    await source.query('DELETE FROM policy_checkpoint WHERE topic = $1 AND partition = $2', [topic, partition]);
  },
});
