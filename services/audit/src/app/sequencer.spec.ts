import { describe, expect, it } from '@jest/globals';
import { createHash } from 'node:crypto';
import { emptyEdge, leafHash } from '@countersign/tamper-log';
import type { TileRun } from '@countersign/tamper-log';
import type { SourceRecord } from '../core/entry.ts';
import type { LogState } from '../core/sequence.ts';
import type { Statement } from '../core/statement.ts';
import type { CheckpointKeeper, DueStatement, Entry, LogStore, SignedHead } from './ports.ts';
import { createSequencer } from './sequencer.ts';

const sha256 = (...parts: readonly Uint8Array[]) => createHash('sha256').update(Buffer.concat(parts)).digest();
const source = (offset: number, partition = 0, id?: string): SourceRecord => ({ topic: 'runs.governed.v1', partition, offset: BigInt(offset), at: 1, headers: id === undefined ? {} : { ce_id: id }, value: Buffer.from(`${partition}:${offset}`) });
const prepare = (sources: readonly SourceRecord[]): Entry[] => sources.map((one) => ({ source: one, leaf: one.value, hash: leafHash(sha256, one.value), digest: sha256(one.value), account: null, run: null, action: null, retention: 'standard', payload: { key: 'k', bytes: new Uint8Array() } }));

/** A store in memory that can be told to fail its next append, before or after it kept it. */
const given = () => {
  const entries: Entry[] = [];
  const tiles = new Map<string, Buffer>();
  let state: LogState = { edge: emptyEdge, next: new Map(), seen: new Map() };
  let fail: 'before' | 'after' | undefined;
  const signed: number[] = [];
  let kept: SignedHead | undefined;
  let due: DueStatement[] = [];
  let numbered = 0n;
  const store: LogStore = {
    own: async () => state,
    append: async (first, more, runs: readonly TileRun[], next, owes: readonly Statement[], settled) => {
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
      due = [...due.filter(({ id }) => !settled.includes(id)), ...owes.map((one) => ({ ...one, id: numbered++ }))];
      if (how === 'after') throw new Error('the answer was lost');
      return owes.length > 0;
    },
    due: async () => due,
    readTile: async (level, n) => tiles.get(`${level}/${n}`)!,
    saveCheckpoint: async () => undefined,
  };
  const keeper: CheckpointKeeper = { last: async () => kept, advance: async (_, from, to) => { expect(from?.size).toBe(kept?.size); kept = to; } };
  const start = async () => {
    const sequencer = await createSequencer({
    origin: 'log', tenant: 'acme', utf8: (text) => Buffer.from(text), prepare: async (sources) => prepare(sources),
    store, keeper, sha256, maxBatch: 100, now: () => 1, publish: async ({ size }) => { signed.push(size); },
    sign: (size, root) => ({ note: `${size}`, root: Buffer.from(root).toString('base64') }),
  });
    return { ...sequencer, add: (sources: readonly SourceRecord[]) => sequencer.add(prepare(sources)) };
  };
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

  it('puts its own statements on the record, numbered by themselves', async () => {
    const log = given();
    const sequencer = await log.start();
    await Promise.all([sequencer.add([source(0)]), sequencer.state({ kind: 'erased', states: { run: 'r' } }, { kind: 'held', states: {} })]);
    expect(log.entries.map(({ source: { topic, offset, headers } }) => [topic, Number(offset), headers['ce_type']])).toEqual([
      ['runs.governed.v1', 0, undefined], ['audit.statements', 0, 'countersign.audit.erased.v1'], ['audit.statements', 1, 'countersign.audit.held.v1'],
    ]);
  });

  it('makes an incident of one id that says two things, also when it crashed in between', async () => {
    const log = given();
    const sequencer = await log.start();
    await sequencer.add([source(0, 0, 'a'), source(1, 0, 'b'), source(2, 0, 'a')]);
    await sequencer.close();
    const incidents = () => log.entries.filter(({ source: { topic } }) => topic === 'audit.statements').map(({ source: { value } }) => (JSON.parse(Buffer.from(value).toString()) as { states: object }).states);
    expect(incidents()).toEqual([{ what: 'same_id_other_content', topic: 'runs.governed.v1', partition: 0, offset: '2', id: 'a' }]);
    log.failNext('after');
    await expect((await log.start()).add([source(3, 0, 'c'), source(4, 0, 'c')])).rejects.toThrow();
    await log.start();
    expect(incidents()).toHaveLength(2);
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
