import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { encodings } from '@countersign/identity';
import { appendLeaves, leafHash, parseCheckpoint } from '@countersign/tamper-log';
import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { openLogbook } from './audit.fixture.ts';
import type { Logbook } from './audit.fixture.ts';
import { createOwed } from './outbound/owed.ts';
import { createOwnWord } from './outbound/own-word.ts';
import { createPostgresLog } from './outbound/postgres-log.ts';
import { told } from './story.fixture.ts';

const log = 'countersign.test/acme';
const event = (offset: number) => {
  const said = told('registry.events.v1', 'registry.event', { stream: `agent:a${offset}`, version: 1, type: 'agent.registered', at: 1, by: 'ann', data: {} });
  return { ...said, offset: BigInt(offset), partition: 0, headers: { ...said.headers, ce_id: `s-${offset}`, cs_seq: String(offset) } };
};

/** Somebody with the password of audit's database, while audit is stopped. */
describe('the state that the sequencer goes on from', () => {
  let book: Logbook;
  const sql = async (text: string, values: readonly unknown[] = []): Promise<Record<string, unknown>> => ((await book.pool.query<Record<string, unknown>>(text, [...values])).rows[0] ?? {});
  const refused = { code: 'log_changed', message: expect.stringContaining('CS_LOG_PREDECESSOR') };
  beforeEach(async () => {
    book = await openLogbook(process.env['CS_TEST_POSTGRES']!);
    await book.audit.record([event(0), event(1)]);
    await book.audit.close();
  });
  afterEach(() => book.close());

  it('is taken over as it was left', async () => {
    const next = await book.again();
    await next.record([event(1), event(2)]);
    expect(next.sequencer.size()).toBe(3);
    await next.close();
    expect((await book.again()).sequencer.size()).toBe(3);
  });

  it('is written on by its last owner alone: who owned it before is fenced at its next batch, although it knows where the log ends', async () => {
    const [older, newer] = [await book.again(), await book.again()];
    await expect(older.record([event(2)])).rejects.toMatchObject({ name: 'Fenced' });
    await newer.record([event(2)]).catch(() => newer.record([event(2)]));
    expect(await sql('select count(*)::int as entries from entry')).toEqual({ entries: 3 });
    await Promise.all([older.close(), newer.close()]);
  });

  it('is vouched for by its owner alone', async () => {
    const word = createOwnWord(Buffer.alloc(32));
    const [older, newer] = [0, 1].map(() => createPostgresLog(book.pool, log, word, createOwed(book.pool, log, word)));
    const { state } = await older!.own();
    await newer!.own();
    await expect(older!.vouch(state)).rejects.toMatchObject({ name: 'Fenced' });
    await newer!.vouch(state);
  });

  it('an entry with its hashes, put behind the last, is not signed', async () => {
    const { size, frontier, leaf } = await sql('select size, frontier, (select leaf from entry where index = 1) as leaf from log') as { size: string; frontier: Buffer; leaf: Buffer };
    const forged = Buffer.from(JSON.stringify({ ...JSON.parse(leaf.toString()) as object, id: 'forged', type: 'countersign.governed.action.decided.v1', run: 'r-forged' }));
    const hashes = Array.from({ length: frontier.length / 32 }, (_, i) => frontier.subarray(i * 32, i * 32 + 32));
    const { edge, tiles } = appendLeaves(encodings.sha256, { size: Number(size), frontier: hashes }, [leafHash(encodings.sha256, forged)]);
    for (const tile of tiles) await sql('insert into tile values ($1, $2, 0, $3) on conflict (log, level, n) do update set hashes = tile.hashes || excluded.hashes', [log, tile.level, Buffer.concat(tile.hashes)]);
    await sql('insert into entry (log, index, leaf, run) values ($1, 2, $2, $3)', [log, forged, 'r-forged']);
    await sql('update log set size = 3, frontier = $1', [Buffer.concat(edge.frontier)]);
    for (const mac of ['mac', 'null']) {
      await sql(`update log set mac = ${mac}`);
      await expect(book.again()).rejects.toMatchObject(refused);
    }
    expect(parseCheckpoint(encodings, (await book.audit.published.checkpoint())!)!.checkpoint.size).toBe(2);
  });

  it('a frontier with one byte flipped signs nothing', async () => {
    await sql('update log set frontier = set_byte(frontier, 0, get_byte(frontier, 0) # 1)');
    await expect(book.again()).rejects.toMatchObject(refused);
    await sql('update log set mac = null');
    await expect(book.again()).rejects.toMatchObject(refused);
  });

  it.each([
    ['further than was read', 'update source_offset set next = 4'],
    ['further in its numbers', `update source_offset set seen = jsonb_set(seen, '{next}', '4')`],
    ['not at all', 'delete from source_offset'],
    ['further, without a word on it', 'update source_offset set next = 4; update log set mac = null'],
    ['from a source that it never heard', `insert into source_offset (log, source, next) values ('${log}', 'approvals.events.v1/0', 9)`],
  ])('a source that is read on from elsewhere (%s) is not skipped', async (_, change) => {
    await book.pool.query(change);
    await expect(book.again()).rejects.toMatchObject(refused);
  });

  it.each([
    ['reads on where its copy ends', 'select 1', 3, ['2', '3']],
    ['believes no offset of a copy that was changed: what the bus has is read again', 'update source_offset set next = 4', 0, ['0', '1', '2', '3']],
  ] as const)('goes on as another log, which %s', async (_, change, copy, offsets) => {
    const holding = await book.again();
    await holding.privacy.hold('run', 'r-held', 'olga', 'matter');
    await holding.close();
    await book.pool.query(change);
    await book.pool.query('delete from legal_hold');
    const heir = await book.again({ origin: `${log}/2`, predecessor: log });
    // A hold is not lost with the log, nor with its row.
    expect(await heir.privacy.holds()).toMatchObject([{ scope: 'run', id: 'r-held' }]);
    await book.pool.query('delete from legal_hold');
    expect(await heir.privacy.holds()).toMatchObject([{ scope: 'run', id: 'r-held' }]);
    await heir.record([0, 1, 2, 3].map(event));
    const leaves = (await heir.published.find({}, 10)).map(({ leaf }) => JSON.parse(leaf.toString()) as { type: string; states: object | null; source: { offset: string } });
    expect(leaves[0]).toMatchObject({ type: 'countersign.audit.resumed.v1', states: { predecessor: log, size: 3, copy, holds: 1 } });
    expect(leaves.filter(({ states }) => states === null).map(({ source }) => source.offset)).toEqual(offsets);
    await heir.close();
    await (await book.again({ origin: `${log}/2`, predecessor: log })).close();
  });

  it('does not begin afresh where the last signed head was lost: somebody has to name its root', async () => {
    await rename(join(book.folder, 'keeper'), join(book.folder, 'lost'));
    await expect(book.again()).rejects.toMatchObject({ code: 'head_lost', message: expect.stringContaining('CS_CHECKPOINT_ACCEPT') });
    await expect(book.again({ accept: Buffer.alloc(32).toString('base64') })).rejects.toMatchObject({ code: 'head_lost' });
    const { checkpoint } = parseCheckpoint(encodings, (await book.audit.published.checkpoint())!)!;
    await (await book.again({ accept: encodings.toBase64(checkpoint.root) })).close();
    // That somebody did is on the record, and that it did not start before.
    expect((await book.again()).sequencer.size()).toBe(4);
  });

  it('that starts were refused, why and when, is an incident on the record that goes on: its own once it is mended, or its heir\'s', async () => {
    const told = async ({ published }: Logbook['audit']) => (await published.find({}, 100)).map(({ leaf }) => JSON.parse(leaf.toString()) as { states: { what?: string } | null }).flatMap(({ states }) => (states?.what === 'start_refused' ? [states] : []));
    await sql('update source_offset set next = 4');
    for (const at of [100, 200]) await expect(book.again({ now: () => at })).rejects.toMatchObject(refused);
    await sql('update source_offset set next = 2');
    const mended = await book.again();
    expect(await told(mended)).toEqual([{ what: 'start_refused', log, code: 'log_changed', first: 100, last: 200, times: 2 }]);
    await mended.close();
    await rename(join(book.folder, 'keeper'), join(book.folder, 'lost'));
    await expect(book.again({ now: () => 300 })).rejects.toMatchObject({ code: 'head_lost' });
    await rename(join(book.folder, 'lost'), join(book.folder, 'keeper'));
    const heir = await book.again({ origin: `${log}/2`, predecessor: log });
    expect(await told(heir)).toEqual([{ what: 'start_refused', log, code: 'head_lost', first: 300, last: 300, times: 1 }]);
    await heir.close();
    expect(await told(await book.again({ origin: `${log}/2`, predecessor: log }))).toHaveLength(1);
  });
});
