import { describe, expect, it } from '@jest/globals';
import { createHash } from 'node:crypto';
import { emptyEdge, leafHash } from '@countersign/tamper-log';
import type { TileRun } from '@countersign/tamper-log';
import type { SourceRecord } from '../core/entry.ts';
import type { LogState } from '../core/sequence.ts';
import type { CheckpointKeeper, Entry, LogStore } from './ports.ts';
import { createSequencer } from './sequencer.ts';

const sha256 = (...parts: readonly Uint8Array[]) => createHash('sha256').update(Buffer.concat(parts)).digest();
const source = (offset: number, partition = 0): SourceRecord => ({ topic: 'runs.governed.v1', partition, offset: BigInt(offset), at: 1, headers: {}, value: Buffer.from(`${partition}:${offset}`) });

/** A store in memory that can be told to fail its next append, before or after it kept it. */
const given = () => {
  const entries: Entry[] = [];
  const tiles = new Map<string, Buffer>();
  let state: LogState = { edge: emptyEdge, next: new Map() };
  let fail: 'before' | 'after' | undefined;
  const signed: number[] = [];
  let kept: { size: number; root: string } | undefined;
  const store: LogStore = {
    own: async () => state,
    append: async (first, more, runs: readonly TileRun[], next) => {
      const how = fail;
      fail = undefined;
      if (how === 'before') throw new Error('the database went away');
      expect(first).toBe(entries.length);
      entries.push(...more);
      for (const run of runs) run.hashes.forEach((hash, i) => {
        const key = `${run.level}/${Math.floor((run.start + i) / 256)}`;
        tiles.set(key, Buffer.concat([tiles.get(key) ?? Buffer.alloc(0), hash]));
      });
      state = next;
      if (how === 'after') throw new Error('the answer was lost');
    },
    readTile: async (level, n) => tiles.get(`${level}/${n}`)!,
    saveCheckpoint: async () => undefined,
  };
  const keeper: CheckpointKeeper = { last: async () => kept, advance: async (size, root) => { kept = { size, root }; } };
  const start = () => createSequencer({
    store, keeper, sha256, maxBatch: 100, now: () => 1, publish: async ({ size }) => { signed.push(size); },
    sign: (size, root) => ({ note: `${size}`, root: Buffer.from(root).toString('base64') }),
    toEntry: (one) => ({ source: one, leaf: one.value, salt: new Uint8Array(32), run: null, action: null }),
  });
  return { entries, signed, start, failNext: (how: 'before' | 'after') => { fail = how; }, tamper: () => { tiles.set('0/0', Buffer.from(leafHash(sha256, Buffer.from('rewritten')))); }, restore: (older: LogState) => { state = older; }, state: () => state };
};

describe('the sequencer', () => {
  it('writes records in order, once, however often they are handed in', async () => {
    const log = given();
    const sequencer = await log.start();
    await Promise.all([sequencer.add([source(0), source(1)]), sequencer.add([source(0, 1)]), sequencer.add([source(1), source(2)])]);
    expect(log.entries.map((entry) => Buffer.from(entry.leaf).toString())).toEqual(['0:0', '0:1', '1:0', '0:2']);
    expect(log.signed.at(-1)).toBe(4);
  });

  it.each(['before', 'after'] as const)('loses and doubles nothing when the store fails %s the commit', async (how) => {
    const log = given();
    const sequencer = await log.start();
    await sequencer.add([source(0)]);
    log.failNext(how);
    await expect(sequencer.add([source(1)])).rejects.toThrow();
    await sequencer.add([source(1), source(2)]);
    expect(log.entries.map((entry) => Buffer.from(entry.leaf).toString())).toEqual(['0:0', '0:1', '0:2']);
  });

  it('signs what a crash left unsigned, at its next start', async () => {
    const log = given();
    await (await log.start()).add([source(0)]);
    log.failNext('after');
    await expect((await log.start()).add([source(1)])).rejects.toThrow();
    await log.start();
    expect(log.signed.at(-1)).toBe(2);
  });

  it('refuses a database older than its last signed checkpoint', async () => {
    const log = given();
    const older = log.state();
    await (await log.start()).add([source(0)]);
    log.restore(older);
    await expect(log.start()).rejects.toThrow('older copy');
  });

  it('refuses a tree that was changed below its last signed checkpoint', async () => {
    const log = given();
    await (await log.start()).add([source(0)]);
    log.tamper();
    await expect(log.start()).rejects.toThrow('was changed');
  });
});
