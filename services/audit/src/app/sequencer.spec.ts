import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { createHash } from 'node:crypto';
import { emptyEdge, leafHash } from '@countersign/tamper-log';
import type { TileRun } from '@countersign/tamper-log';
import type { SourceRecord } from '../core/entry.ts';
import type { LogState } from '../core/sequence.ts';
import type { Statement } from '../core/statement.ts';
import { Fenced } from './ports.ts';
import type { CheckpointKeeper, DueStatement, Entry, LogStore, SignedHead } from './ports.ts';
import { createSequencer } from './sequencer.ts';
import type { Following } from './sequencer.ts';

const sha256 = (...parts: readonly Uint8Array[]) => createHash('sha256').update(Buffer.concat(parts)).digest();
const source = (offset: number, partition = 0, id?: string): SourceRecord => ({ topic: 'runs.governed.v1', partition, offset: BigInt(offset), at: 1, headers: id === undefined ? {} : { ce_id: id }, value: Buffer.from(`${partition}:${offset}`) });
const prepare = (sources: readonly SourceRecord[]): Entry[] => sources.map((one) => ({ source: one, leaf: one.value, hash: leafHash(sha256, one.value), digest: sha256(one.value), account: null, run: null, action: null, retention: 'standard', payload: { key: 'k', bytes: new Uint8Array() } }));

/** Where the next batch goes wrong: before its commit, in the answer to it, or after it, when its checkpoint is kept or told. */
type Failure = 'before' | 'after' | 'keeping' | 'telling';

/** A store in memory that can be told to fail its next append, before or after it kept it. */
const given = () => {
  const entries: Entry[] = [];
  const tiles = new Map<string, Buffer>();
  let state: LogState = { edge: emptyEdge, next: new Map(), seen: new Map(), holds: [] };
  let fail: Failure | undefined;
  const signed: number[] = [];
  let kept: SignedHead | undefined;
  let due: DueStatement[] = [];
  let word: 'holds' | 'none' | 'broken' = 'none';
  let stored = 0;
  let numbered = 0n;
  const failAt = (here: Failure, why: string): void => {
    if (fail !== here) return;
    fail = undefined;
    throw new Error(why);
  };
  let turn: Promise<unknown> = Promise.resolve();
  /** One after the other, and not at once: as a database does. */
  const inTurn = <T>(work: () => T): Promise<T> => {
    const done = turn.then(() => new Promise((resolve) => { setImmediate(resolve); })).then(work);
    turn = done.catch(() => undefined);
    return done;
  };
  const store: LogStore = {
    own: async () => ({ state, word }),
    vouch: async () => { word = 'holds'; },
    signed: async () => stored,
    append: (first, more, runs: readonly TileRun[], next, owes: readonly Statement[], settled) => inTurn(() => {
      if (first !== entries.length) throw new Fenced();
      failAt('before', 'the database went away');
      entries.push(...more);
      for (const run of runs) run.hashes.forEach((hash, i) => {
        const key = `${run.level}/${Math.floor((run.start + i) / 256)}`;
        tiles.set(key, Buffer.concat([tiles.get(key) ?? Buffer.alloc(0), hash]));
      });
      state = next;
      due = [...due.filter(({ id }) => !settled.includes(id)), ...owes.map((one) => ({ ...one, id: numbered++ }))];
      failAt('after', 'the answer was lost');
      return owes.length > 0;
    }),
    due: async () => due,
    readTile: async (level, n) => tiles.get(`${level}/${n}`)!,
    saveCheckpoint: async (size) => { stored = Math.max(stored, size); },
  };
  const keeper: CheckpointKeeper = { last: async () => kept, advance: async (_, from, to) => { failAt('keeping', 'the keeper is away'); expect(from?.size).toBe(kept?.size); kept = to; } };
  const start = async (accept?: string) => {
    const sequencer = await createSequencer({
    origin: 'log', tenant: 'acme', utf8: (text) => Buffer.from(text), prepare: async (sources) => prepare(sources),
    store, keeper, sha256, maxBatch: 100, accept, now: () => 1, publish: async ({ size }) => { expect(size).toBeLessThanOrEqual(entries.length); failAt('telling', 'nobody can be told'); signed.push(size); },
    sign: (size, root) => ({ note: `${size}`, root: Buffer.from(root).toString('base64') }),
  });
    return { ...sequencer, add: (sources: readonly SourceRecord[], following?: Following) => sequencer.add(prepare(sources), following) };
  };
  return { entries, signed, start, failNext: (how: Failure | undefined) => { fail = how; }, tamper: () => { tiles.set('0/0', Buffer.from(leafHash(sha256, Buffer.from('rewritten')))); }, restore: (older: LogState) => { state = older; }, state: () => state, say: (how: typeof word) => { word = how; }, lose: () => { const lost = kept; kept = undefined; return lost; }, forgetVouched: () => { kept = { size: kept!.size, root: kept!.root, note: kept!.note }; }, kept: () => kept };
};

describe('the sequencer', () => {
  it('writes records in order, once, however often they are handed in', async () => {
    const log = given();
    const sequencer = await log.start();
    await Promise.all([sequencer.add([source(0), source(1)]), sequencer.add([source(0, 1)]), sequencer.add([source(1), source(2)])]);
    expect(log.entries.map((entry) => Buffer.from(entry.leaf).toString())).toEqual(['0:0', '0:1', '1:0', '0:2']);
    expect(log.signed.at(-1)).toBe(4);
  });

  it.each(['before', 'after', 'keeping', 'telling'] as const)('loses and doubles nothing when it goes wrong %s', async (how) => {
    const log = given();
    const sequencer = await log.start();
    await sequencer.add([source(0)]);
    log.failNext(how);
    await expect(sequencer.add([source(1)])).rejects.toThrow();
    await sequencer.add([source(1), source(2)]);
    expect(log.entries.map((entry) => Buffer.from(entry.leaf).toString())).toEqual(['0:0', '0:1', '0:2']);
    expect(log.signed.at(-1)).toBe(3);
  });

  it.each(['keeping', 'telling'] as const)('takes a batch that is committed already for done only under a checkpoint (%s failed)', async (how) => {
    const log = given();
    const sequencer = await log.start();
    log.failNext(how);
    await expect(sequencer.add([source(0)])).rejects.toThrow();
    expect(log.signed).toEqual([]);
    await sequencer.add([source(0)]);
    expect([log.entries.length, log.signed.at(-1)]).toEqual([1, 1]);
  });

  it('takes every batch once, in its order, and signs nothing that is not committed, whatever goes wrong while one is built on the other', async () => {
    await fc.assert(fc.asyncProperty(fc.array(fc.constantFrom<Failure | undefined>('before', 'after', 'keeping', 'telling', undefined), { maxLength: 20 }), fc.integer({ min: 1, max: 4 }), async (failures, partitions) => {
      const log = given();
      const sequencer = await log.start();
      const left = [...failures];
      await Promise.all(Array.from({ length: partitions }, async (_, partition) => {
        for (let offset = 0; offset < 12; offset += 3) {
          // As the bus does: the same batch again until it is taken.
          let refused: unknown = 'not handed in';
          for (let attempt = 0; refused !== undefined && attempt < 100; attempt++) {
            log.failNext(left.pop());
            refused = await sequencer.add([0, 1, 2].map((i) => source(offset + i, partition))).then(() => undefined, (error: unknown) => error);
          }
          if (refused !== undefined) throw refused;
          expect(log.signed.at(-1)).toBeGreaterThanOrEqual(offset + 3);
        }
      }));
      const of = (partition: number) => log.entries.filter((entry) => entry.source.partition === partition).map((entry) => Number(entry.source.offset));
      for (let partition = 0; partition < partitions; partition++) expect(of(partition)).toEqual(Array.from({ length: 12 }, (_, i) => i));
      expect(log.entries).toHaveLength(partitions * 12);
      expect(log.signed.at(-1)).toBe(partitions * 12);
      await sequencer.close();
    }), { seed: 20_261_121, numRuns: 60 });
  });

  it('leaves nothing out where portions are handed in one behind the other, and one of them fails while the next are on their way', async () => {
    const failing = fc.array(fc.constantFrom<Failure | undefined>('before', 'after', 'keeping', 'telling', undefined), { maxLength: 12 });
    await fc.assert(fc.asyncProperty(failing, fc.array(fc.nat({ max: 6 }), { minLength: 1, maxLength: 9 }), fc.integer({ min: 1, max: 3 }), async (failures, pauses, partitions) => {
      const log = given();
      const sequencer = await log.start();
      const left = [...failures];
      let handedIn = 0;
      /** All at once but for what preparing takes; nobody looks whether the one before failed. */
      const handIn = async (partition: number): Promise<unknown> => {
        const following: Following = { broken: false }, added: Promise<void>[] = [];
        for (let offset = 0; offset < 12; offset += 2) {
          for (let pause = pauses[handedIn++ % pauses.length]!; pause > 0; pause--) await new Promise((resolve) => { setImmediate(resolve); });
          if (left.length > 0) log.failNext(left.pop());
          const adding = sequencer.add([source(offset, partition), source(offset + 1, partition)], following);
          adding.catch(() => undefined);
          added.push(adding);
        }
        return Promise.all(added).then(() => undefined, (error: unknown) => error);
      };
      await Promise.all(Array.from({ length: partitions }, async (_, partition) => {
        let refused: unknown = 'not handed in';
        for (let attempt = 0; refused !== undefined && attempt < 100; attempt++) refused = await handIn(partition);
        if (refused !== undefined) throw refused;
      }));
      for (let partition = 0; partition < partitions; partition++) expect(log.entries.filter((entry) => entry.source.partition === partition).map((entry) => Number(entry.source.offset))).toEqual(Array.from({ length: 12 }, (_, i) => i));
      expect(log.signed.at(-1)).toBe(partitions * 12);
      await sequencer.close();
    }), { seed: 20_261_122, numRuns: 100 });
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

  it('refuses a state that is not its own word, whatever else fits', async () => {
    const log = given();
    await (await log.start()).add([source(0)]);
    log.say('broken');
    await expect(log.start()).rejects.toMatchObject({ code: 'log_changed', message: expect.stringContaining('CS_LOG_PREDECESSOR') });
    expect(log.signed.at(-1)).toBe(1);
  });

  it('refuses a frontier that does not add up to the head it signed', async () => {
    const log = given();
    await (await log.start()).add([source(0)]);
    const { edge, ...rest } = log.state();
    log.restore({ ...rest, edge: { ...edge, frontier: [Buffer.alloc(32, 7)] } });
    await expect(log.start()).rejects.toMatchObject({ code: 'log_changed' });
  });

  it('vouches once for a log of before it did so, where all of it is under its signed head; a word that is gone later is missed', async () => {
    const log = given();
    await (await log.start()).add([source(0)]);
    log.say('none');
    await expect(log.start()).rejects.toMatchObject({ code: 'log_changed' });
    log.forgetVouched();
    await (await log.start()).add([source(1)]);
    expect([log.kept(), log.signed.at(-1)]).toMatchObject([{ size: 2, vouched: true }, 2]);
    // What follows the head that was signed may be anybody's.
    log.forgetVouched();
    log.say('none');
    log.restore({ ...log.state(), edge: { ...log.state().edge, size: 3 } });
    await expect(log.start()).rejects.toMatchObject({ code: 'log_changed' });
  });

  it('does not go on without the head it signed, until somebody names its root', async () => {
    const log = given();
    await (await log.start()).add([source(0)]);
    const { root } = log.lose()!;
    await expect(log.start()).rejects.toMatchObject({ code: 'head_lost', message: expect.stringContaining('CS_CHECKPOINT_ACCEPT') });
    await expect(log.start(Buffer.alloc(32).toString('base64'))).rejects.toMatchObject({ code: 'head_lost' });
    await (await log.start(root)).add([source(1)]);
    expect(log.entries.map(({ source: { headers } }) => headers['ce_type'])).toEqual([undefined, 'countersign.audit.incident.v1', undefined]);
    expect(JSON.parse(Buffer.from(log.entries[1]!.leaf).toString())).toEqual({ states: { what: 'head_accepted', size: 1, root } });
    expect(log.signed.at(-1)).toBe(3);
    await log.start(root);
    expect(log.entries).toHaveLength(3);
  });
});
