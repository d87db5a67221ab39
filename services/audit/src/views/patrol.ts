import { encodings } from '@countersign/identity';
import { hashesPerTile, inclusionProof, leafHash, rootFromInclusion } from '@countersign/tamper-log';
import type { ReadTile } from '@countersign/tamper-log';
import type { Pool } from 'pg';
import type { SubjectKeys } from '../app/keys.ts';
import type { CheckpointKeeper, SignedHead } from '../app/ports.ts';
import type { Leaf } from '../core/entry.ts';
import { indexedOf } from '../core/indexed.ts';
import { incidentsOf, lasting, untold } from '../core/patrol.ts';
import type { Fault, Faults } from '../core/patrol.ts';
import { sourceKey } from '../core/sequence.ts';
import type { Statement } from '../core/statement.ts';
import { coveringOf, withholding } from '../core/withheld.ts';
import { saidHash } from '../outbound/postgres-log.ts';
import { differingLines, replaceLines } from './index-lines.ts';
import type { IndexLine } from './index-lines.ts';
import { jsonOf } from './json.ts';
import { createPayloads, createPortion, mostAtOnce } from './payloads.ts';

export interface Patrol {
  /** Looks at the next tile's worth of entries; whether that ended a round. */
  step(): Promise<boolean>;
  /** When the last whole round began, epoch ms; null: none since the start. */
  since(): number | null;
}

interface PatrolPorts {
  readonly pool: Pool;
  readonly log: string;
  readonly keys: SubjectKeys;
  /** Where the root is that was signed: not in the log's database. */
  readonly keeper: Pick<CheckpointKeeper, 'last'>;
  readonly readTile: ReadTile;
  /** Whether words are going at this moment. */
  readonly erasing: () => boolean;
  readonly state: (...statements: readonly Statement[]) => Promise<void>;
  readonly alarm: (what: string, why: string) => void;
  readonly now: () => number;
}

interface EntryRow { index: string; leaf: Buffer; run: string | null; action: string | null; said: string | null }
interface Read { readonly index: number; readonly leaf: Leaf; readonly row: EntryRow }

/** What an entry is found again by; undefined where it had no id of its own that could be compared. */
const identityIn = ({ id, source }: Leaf): string | undefined => (id === `${sourceKey(source)}/${source.offset}` ? undefined : `${source.topic}\0${id}`);

/**
 * Goes round the log, tile by tile, and holds everything that somebody with access to the database could have changed against what was signed: entries, tiles,
 * what they are filed under, payloads and lines of the index. Lines are made again; everything else cannot be, and is told: an incident on the record and an
 * alarm. What `verify` finds whenever somebody asks, this finds although nobody does; and it looks at the tables beside the tree, which `verify` cannot.
 */
export const createPatrol = ({ pool, log, keys, keeper, readTile, erasing, state, alarm, now }: PatrolPorts): Patrol => {
  const told = new Set<string>();
  const portion = createPortion(pool, log);
  let next = 0;
  let doubt: Faults | undefined;
  let began = 0;
  let last: number | null = null;

  const inTree = async (first: number, size: number, root: string, tile: Uint8Array): Promise<boolean> => {
    try {
      const from = rootFromInclusion(encodings.sha256, first, size, tile.subarray(0, 32), await inclusionProof(encodings.sha256, readTile, first, size));
      return from !== undefined && encodings.toBase64(from) === root;
    } catch (error) {
      if (error instanceof RangeError) return false;
      throw error;
    }
  };

  /** Whether the last head in the database is the one that was signed; asked first, for a head is kept elsewhere before it is put there. */
  const servedIs = async (): Promise<(head: SignedHead) => boolean> => {
    const { rows: [row] } = await pool.query<{ size: string; note: string }>('select size, note from checkpoint where log = $1 order by size desc limit 1', [log]);
    return ({ size, note }) => row !== undefined && (Number(row.size) < size || (Number(row.size) === size && row.note === note));
  };

  /** Which of these were not erased and did not expire, as far as the record says. */
  const takenAway = async (gone: readonly Read[]): Promise<readonly number[]> => {
    if (gone.length === 0) return [];
    if (erasing()) return [];
    const streams = gone.flatMap(({ leaf }) => leaf.stream ?? []);
    const { rows: linked } = await pool.query<{ run: string }>('select distinct run from indexed where log = $1 and stream = any($2) and run is not null', [log, streams]);
    const runs = [...gone.flatMap(({ leaf }) => leaf.run ?? []), ...linked.map(({ run }) => run)];
    const { rows } = await pool.query<{ index: string; leaf: Buffer }>(`select index, leaf from entry where log = $1 and (run = any($2)
      or index in (select index from indexed where log = $1 and (type = any($3) or stream = any($4))))`, [log, runs, withholding, streams]);
    const covering = coveringOf(rows.map(({ index, leaf }) => ({ index: Number(index), leaf: JSON.parse(leaf.toString()) as Leaf })));
    return gone.filter((one) => covering(one) === undefined).map(({ index }) => index);
  };

  /** Looks at one tile: what is wrong, and the lines of the index as they should be. */
  const look = async (n: number, size: number, root: string): Promise<{ readonly faults: Faults; readonly mend: readonly IndexLine[] }> => {
    const [first, end] = [n * hashesPerTile, Math.min(size, (n + 1) * hashesPerTile)];
    const faults = new Map<Fault, number[]>();
    const wrong = (fault: Fault, ...indices: readonly number[]): void => { if (indices.length > 0) faults.set(fault, [...faults.get(fault) ?? [], ...indices]); };
    const { rows } = await pool.query<EntryRow>('select index, leaf, run, action, said from entry where log = $1 and index >= $2 and index < $3', [log, first, end]);
    // That it cannot be asked now says nothing of it.
    const tile = await readTile(0, n).catch((error: unknown) => { if (error instanceof RangeError) return new Uint8Array(); throw error; });
    const byIndex = new Map(rows.map((row) => [Number(row.index), row]));
    const read: Read[] = [];
    for (let index = first; index < end; index++) {
      const row = byIndex.get(index);
      const at = (index - first) * 32;
      if (row === undefined || !Buffer.from(leafHash(encodings.sha256, row.leaf)).equals(tile.subarray(at, at + 32))) wrong('entry_changed', index);
      else read.push({ index, row, leaf: JSON.parse(row.leaf.toString()) as Leaf });
    }
    if (!await inTree(first, size, root, tile)) wrong('tree_changed', first);
    wrong('filed_wrongly', ...read.filter(({ leaf, row }) => {
      const identity = identityIn(leaf);
      return row.run !== leaf.run || row.action !== leaf.action || (identity !== undefined && row.said !== String(saidHash(identity)));
    }).map(({ index }) => index));

    const changed: number[] = [];
    const open = createPayloads(pool, log, keys, (index) => { changed.push(index); });
    const lines: IndexLine[] = [];
    const opened = new Set<number>();
    for (let left = read; left.length > 0;) {
      const count = (await portion(left.map(({ index }) => index), mostAtOnce)).length;
      const part = left.slice(0, count);
      left = left.slice(count);
      const payloads = await open(part.map(({ index }) => index));
      for (const { index, leaf } of part) lines.push({ index, ...indexedOf(leaf, jsonOf(payloads.get(index)?.body)) });
      for (const index of payloads.keys()) opened.add(index);
    }
    wrong('payload_changed', ...changed);
    const { rows: [indexed] } = await pool.query<{ next: string }>('select next from indexed_to where log = $1', [log]);
    const reached = Number(indexed?.next ?? 0);
    // Before the index has read everything, it may not know yet of an erasure that covers it.
    if (reached >= size) wrong('payload_gone', ...await takenAway(read.filter(({ index }) => !opened.has(index) && !changed.includes(index))));
    const doubtful = new Set([...faults.get('payload_changed') ?? [], ...faults.get('payload_gone') ?? []]);
    const comparable = lines.filter(({ index }) => index < reached && !doubtful.has(index));
    const { line, words } = await differingLines(pool, log, comparable);
    wrong('index_changed', ...line);
    // People and words are how a line is found, and no entry says them openly: they are put right without accusing anybody.
    const other = new Set([...line, ...words]);
    return { faults, mend: comparable.filter(({ index }) => other.has(index)) };
  };

  const tell = async (faults: Faults): Promise<void> => {
    const fresh = untold(faults, told);
    if (fresh.size === 0) return;
    for (const [fault, indices] of fresh) alarm(fault, `entries ${indices.slice(0, 20).join(', ')}${indices.length > 20 ? ', …' : ''}`);
    await state(...incidentsOf(fresh));
    for (const [fault, indices] of fresh) if (fault !== 'index_changed') for (const index of indices) told.add(`${fault}/${index}`);
  };

  return {
    step: async () => {
      const served = await servedIs();
      const head = await keeper.last(log);
      const size = head?.size ?? 0;
      if (next * hashesPerTile >= size) [next, doubt] = [0, undefined];
      if (next === 0 && doubt === undefined) began = now();
      if (size > 0) {
        const { faults: beside, mend } = await look(next, size, head!.root);
        const faults: Faults = served(head!) ? beside : new Map([...beside, ['checkpoint_changed', [size - 1]]]);
        // Seen twice, or it was something under way.
        if (doubt === undefined && faults.size + mend.length > 0) { doubt = faults; return false; }
        if (doubt !== undefined) {
          if (mend.length > 0) await replaceLines(pool, log, mend);
          await tell(lasting(doubt, faults));
          doubt = undefined;
        }
        next += 1;
      }
      if (next * hashesPerTile < size) return false;
      [next, last] = [0, began];
      return true;
    },
    since: () => last,
  };
};
