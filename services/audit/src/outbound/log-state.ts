import type { PoolClient } from 'pg';
import type { Leaf } from '../core/entry.ts';
import { holdsAfter } from '../core/holds.ts';
import type { HeldOnRecord } from '../core/holds.ts';
import { stateText } from '../core/own-word.ts';
import type { OwnWord } from '../core/own-word.ts';
import type { Seen } from '../core/reconcile.ts';
import type { LogState } from '../core/sequence.ts';
import { statementSource } from '../core/statement.ts';

interface Row { size: string; frontier: Buffer; mac: string | null; holds: readonly HeldOnRecord[] | null }

const hashesIn = (bytes: Buffer): Buffer[] => Array.from({ length: bytes.length / 32 }, (_, i) => bytes.subarray(i * 32, i * 32 + 32));

/** From where each source of a log is read on. */
const readSources = async (client: PoolClient, log: string): Promise<Pick<LogState, 'next' | 'seen'>> => {
  const { rows } = await client.query<{ source: string; next: string; seen: Seen | null }>('select source, next, seen from source_offset where log = $1', [log]);
  return { next: new Map(rows.map((one) => [one.source, BigInt(one.next)])), seen: new Map(rows.flatMap(({ source, seen }) => (seen ? [[source, seen]] : []))) };
};

/** Holds of a log that was last written before they were part of its state: what its own statements say. */
const statedHolds = async (client: PoolClient, log: string): Promise<readonly HeldOnRecord[]> => {
  const { rows } = await client.query<{ leaf: Buffer }>(`select leaf from entry where log = $1 and run is null
    and (position('"countersign.audit.held.v1"'::bytea in leaf) > 0 or position('"countersign.audit.released.v1"'::bytea in leaf) > 0) order by index`, [log]);
  return rows.map(({ leaf }) => JSON.parse(leaf.toString()) as Leaf).filter(({ source }) => source.topic === statementSource)
    .reduce<readonly HeldOnRecord[]>((holds, { type, at, states }) => holdsAfter(holds, [{ kind: type.split('.')[2]!, states: states ?? {} }], at), []);
};

export const textOf = (log: string, state: LogState, withHolds = true): string => stateText(log, state, Buffer.concat(state.edge.frontier).toString('base64'), withHolds);

/** A log as its database has it, and whether that is as audit left it: `none` where it never said so. Undefined where there is no such log. */
export const readState = async (client: PoolClient, log: string, word: OwnWord): Promise<{ readonly state: LogState; readonly word: 'holds' | 'none' | 'broken' } | undefined> => {
  const { rows: [row] } = await client.query<Row>('select size, frontier, mac, holds from log where id = $1', [log]);
  if (row === undefined) return undefined;
  const state = { ...await readSources(client, log), edge: { size: Number(row.size), frontier: hashesIn(row.frontier) }, holds: row.holds ?? await statedHolds(client, log) };
  return { state, word: row.mac === null ? 'none' : word.holds(textOf(log, state, row.holds !== null), row.mac) ? 'holds' : 'broken' };
};
