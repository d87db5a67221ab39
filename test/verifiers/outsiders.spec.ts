import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { namespacedBus } from '@countersign/bus';
import type { Bus } from '@countersign/bus';
import { createKafkaBus } from '@countersign/bus/kafka';
import { topics } from '@countersign/contracts';
import { openPlace, startServices, until } from '@countersign/spec/whole';
import type { Place, RunningServices } from '@countersign/spec/whole';
import { encodings } from '@countersign/identity';
import { decodeBundle, parseCheckpoint } from '@countersign/tamper-log';
import pg from 'pg';
import { audit } from '../../libs/cli/src/audit/command.ts';
import { fromUrl, verifyLog } from '../../libs/cli/src/audit/verify.ts';
import { governedRecords } from '../../libs/cli/src/bench/governed-records.ts';
import { built, outsiders, unlessSkipped } from './outsiders.ts';
import type { Outsiders } from './outsiders.ts';

const holds = { holds: true };
const says = (why: string) => ({ holds: false, why: expect.stringContaining(why) });

/** What auditors see who trust nobody here: the real service over HTTP and an export, before and after its database's superuser had a hand in it. */
(('why' in built) ? describe.skip : describe)(`the log before verifiers that others wrote${unlessSkipped}`, () => {
  let place: Place;
  let services: RunningServices;
  let bus: Bus;
  let outside: Outsiders;
  let url: string;
  let sent = 0;
  let checkpoints: { readonly early: string; readonly late: string };
  let restore: () => Promise<void>;

  const text = async (path: string): Promise<string> => (await fetch(`${url}/${path}`)).text();
  const leaf = async (index: number): Promise<Uint8Array> => decodeBundle(await fromUrl(url)(index < 256 ? 'tile/entries/000' : 'tile/entries/001'))![index % 256]!;
  const sizeOf = (note: string): number => Number(note.split('\n')[1]);
  /** Governed records of the size that policy writes, on the log. */
  const record = async (count: number): Promise<string> => {
    await bus.publish(governedRecords(count, 4, sent / 4).map(({ topic, key, value, headers, partition }) => ({ topic, key: key!, value, headers, partition })));
    sent += count;
    return until('they are on the log', async () => {
      const note = await text('checkpoint');
      return sizeOf(note) >= sent ? note : undefined;
    }, 120_000);
  };
  const database = async (...statements: readonly string[]): Promise<void> => {
    const client = new pg.Client(place.database('audit'));
    await client.connect();
    try { for (const statement of statements) await client.query(statement); } finally { await client.end(); }
  };
  const ownVerifier = async () => verifyLog(fromUrl(url), (await text('verifier-key')).trim());

  beforeAll(async () => {
    place = await openPlace();
    services = await startServices(place, ['audit'], { CS_AUDIT_CATALOGUE_WAIT_MS: '0' });
    url = services.urls.audit;
    bus = namespacedBus(await createKafkaBus({ brokers: place.kafka.split(','), clientId: 'outsiders' }), place.namespace);
    await bus.ensureTopics(Object.values(topics));
    outside = outsiders((await text('verifier-key')).trim());
    const early = await record(300);
    await services.stop('audit');
    restore = await place.backUp('audit');
    await services.start('audit');
    checkpoints = { early, late: await record(300) };
  }, 240_000);
  afterAll(async () => {
    outside?.close();
    await services?.close();
    await bus?.close();
    await place?.close();
  }, 60_000);

  it('is accepted whole, by its checkpoint, as a continuation of what was seen before, and entry by entry', async () => {
    expect(await outside.fsck(url)).toEqual(holds);
    expect(await outside.note(checkpoints.late)).toEqual(holds);
    expect(await outside.extends(checkpoints.early, url)).toEqual(holds);
    // Whoever stands between may keep a full tile for ever, and nothing else.
    for (const path of ['tile/0/000', 'tile/entries/001']) expect((await fetch(`${url}/${path}`)).headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
    expect((await fetch(`${url}/tile/1/000.p/2`)).headers.get('cache-control')).toBe('public, max-age=3600');
    for (const index of [0, 255, 299]) expect(await outside.proof(await leaf(index), await text(`proof/inclusion/${index}`))).toEqual(holds);
    expect(await outside.proof(await leaf(1), await text('proof/inclusion/0'))).toMatchObject(says(''));
    expect(await outside.note(checkpoints.late.replace('\n600\n', '\n601\n'))).toMatchObject(says('invalid signature'));
  });

  it.each([
    ['a byte of an entry', 'tile/entries/000'],
    ['a byte of a tile', 'tile/0/000'],
    ['the end of the last bundle', 'tile/entries/002.p/88'],
    ['a byte of the checkpoint', 'checkpoint'],
  ])('an export with %s changed is refused, and was not before', async (_, path) => {
    const dir = join(place.secretsDir, 'export');
    rmSync(dir, { recursive: true, force: true });
    expect(await audit(['export', dir, '--url', url])).toBe(0);
    expect(await outside.fsck(`file://${dir}`)).toEqual(holds);
    const bytes = readFileSync(join(dir, path));
    if (path.includes('.p/')) writeFileSync(join(dir, path), bytes.subarray(0, -1));
    else { bytes[100]! ^= 1; writeFileSync(join(dir, path), bytes); }
    expect(await outside.fsck(`file://${dir}`)).toMatchObject(says(''));
    expect(await audit(['verify', dir, '--offline', '--key', await text('verifier-key')])).toBe(1);
  });

  it.each([
    ['edits an entry', 'update entry set leaf = set_byte(leaf, 40, 1) where index = 270', 'update entry set leaf = kept.leaf from kept where kept.index = entry.index', 270],
    ['deletes an entry', 'delete from entry where index = 17', 'insert into entry select * from kept where index = 17', 17],
    ['deletes the tail', 'delete from entry where index >= 590', 'insert into entry select * from kept where index >= 590', 590],
    ['exchanges two entries', 'update entry set leaf = kept.leaf from kept where kept.index + entry.index = 201 and entry.index in (100, 101)', 'update entry set leaf = kept.leaf from kept where kept.index = entry.index', 100],
    ['edits a tile', 'update tile set hashes = set_byte(hashes, 96, 1 - get_byte(hashes, 96) % 2) where level = 0 and n = 1', 'update tile set hashes = kept_tile.hashes from kept_tile where kept_tile.level = tile.level and kept_tile.n = tile.n', 259],
  ])('a superuser who %s is caught, and the first bad index is named', async (_, edit, undo, first) => {
    await database('create table if not exists kept as select * from entry', 'create table if not exists kept_tile as select * from tile', edit);
    expect(await outside.fsck(url)).toMatchObject(says(''));
    expect(await ownVerifier()).toMatchObject({ ok: false, firstBad: { index: first } });
    await database(undo);
    expect(await outside.fsck(url)).toEqual(holds);
  });

  it('an edited entry with its tile edited to match is caught by the tree above it', async () => {
    await database(`update entry set leaf = set_byte(leaf, 40, 1) where index = 10`, `update tile set hashes = overlay(hashes placing sha256('\\x00'::bytea || (select leaf from entry where index = 10)) from 321) where level = 0 and n = 0`);
    expect(await outside.fsck(url)).toMatchObject(says(''));
    expect(await ownVerifier()).toMatchObject({ ok: false, firstBad: { index: 0, why: expect.stringContaining('together with its tile') } });
    await database('update entry set leaf = kept.leaf from kept where kept.index = entry.index', 'update tile set hashes = kept_tile.hashes from kept_tile where kept_tile.level = tile.level and kept_tile.n = tile.n');
  });

  it('a restored backup is refused at start; started all the same, whoever kept a later checkpoint sees it', async () => {
    await services.stop('audit');
    await restore();
    await expect(services.start('audit')).rejects.toThrow('older copy');
    // What the house does instead: a new log that commits to the head of the lost one, with what the copy lacks read from the bus again.
    const heir = await startServices(place, ['audit'], { CS_AUDIT_CATALOGUE_WAIT_MS: '0', CS_LOG_ORIGIN: 'countersign.local/acme/2', CS_LOG_PREDECESSOR: 'countersign.local/acme' });
    try {
      const at = (path: string) => fromUrl(heir.urls.audit)(path).then((bytes) => Buffer.from(bytes).toString());
      const lost = parseCheckpoint(encodings, checkpoints.late)!.checkpoint;
      const first = JSON.parse(Buffer.from(decodeBundle(await fromUrl(heir.urls.audit)('tile/entries/000'))![0]!).toString()) as { type: string; states: object };
      expect(first).toMatchObject({ type: 'countersign.audit.resumed.v1', states: { predecessor: 'countersign.local/acme', size: 600, root: encodings.toBase64(lost.root), copy: 300 } });
      // With one more for what was refused.
      await until('the log goes on', async () => sizeOf(await at('checkpoint')) === 302);
      const entries = [...decodeBundle(await fromUrl(heir.urls.audit)('tile/entries/000'))!, ...decodeBundle(await fromUrl(heir.urls.audit)('tile/entries/001.p/46'))!].map((leaf) => Buffer.from(leaf).toString());
      expect(entries.filter((leaf) => leaf.includes('start_refused'))).toEqual([expect.stringContaining('log_older')]);
      const heirs = outsiders((await at('verifier-key')).trim());
      expect(await heirs.fsck(heir.urls.audit)).toEqual(holds);
      heirs.close();
      expect(await at('custody')).toContain('operator can forge: no witness');
    } finally {
      await heir.close();
    }
    // An operator who hides what was signed, in both places: the log starts, and goes on from 300 with other entries.
    rmSync(join(place.secretsDir, 'last-checkpoint.json'));
    await database('delete from checkpoint');
    await services.start('audit');
    expect(await outside.extends(checkpoints.late, url)).toMatchObject(says('had 600'));
    sent = 300;
    const forked = await record(400);
    expect(sizeOf(forked)).toBeGreaterThan(600);
    expect(await outside.fsck(url)).toEqual(holds);
    expect(await outside.extends(checkpoints.early, url)).toEqual(holds);
    expect(await outside.extends(checkpoints.late, url)).toMatchObject(says(''));
  }, 300_000);
});
