import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { BusMessage } from '@countersign/bus';
import { encodings, generateKey } from '@countersign/identity';
import { leafHash, parseProof, parseCheckpoint, tilePath, verifyInclusion } from '@countersign/tamper-log';
import { openOwnDatabase } from '@countersign/spec';
import type { OwnDatabase } from '@countersign/spec';
import { topics } from '@countersign/contracts';
import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { Fenced } from './app/ports.ts';
import { composeAudit } from './compose.ts';
import type { RefusalOf } from './inbound/writers.ts';
import { localCustody } from './outbound/custody.ts';
import { commit } from './outbound/seal.ts';
import { maxPayloadBytes } from './core/entry.ts';
import type { Leaf } from './core/entry.ts';
import { recorded } from './inbound/records.consumer.ts';
import type { Question } from './views/questions.ts';

let database: OwnDatabase;
let pool: pg.Pool;
let folder: string;

const message = (offset: number, value: Buffer = Buffer.from(JSON.stringify({ kind: 'run.ended', run: 'r1', agent: 'payer' }))): BusMessage =>
  ({ topic: 'runs.governed.v1', partition: 0, offset: BigInt(offset), timestamp: 1_700_000_000_000, key: 'r1', value, headers: { ce_id: `id-${offset}`, ce_type: 'countersign.governed.run.ended.v1', tenant: 'acme' } });

describe('the log in PostgreSQL', () => {
  const key = generateKey('audit-1');
  const open = async (keeper = 'keeper', refusalOf: RefusalOf = () => undefined) => composeAudit({
    refusalOf, pool, origin: 'countersign.test/acme', key: { privateKey: key.key, publicKey: Buffer.from(key.publicJwk.x, 'base64url') },
    tenant: 'acme', ...await localCustody(folder, join(folder, keeper)), pseudonymSecret: Buffer.alloc(32), publish: async () => undefined, now: () => 1,
  });

  beforeAll(async () => {
    database = await openOwnDatabase('audit');
    pool = new pg.Pool({ connectionString: database.url, max: 4 });
    folder = await mkdtemp(join(tmpdir(), 'audit-'));
  });
  afterAll(async () => {
    await pool.end();
    await database.close();
    await rm(folder, { recursive: true });
  });

  it('keeps what it is given once, over restarts, and proves each entry under the published checkpoint', async () => {
    const first = await open();
    await first.record(Array.from({ length: 300 }, (_, i) => message(i)));
    await first.record([message(298), message(299), message(305)]);
    const second = await open();
    await second.record([message(305), message(306)]);
    const { checkpoint } = parseCheckpoint(encodings, (await second.published.checkpoint())!)!;
    expect(checkpoint.size).toBe(302);
    const found = await second.published.find({ run: 'r1' }, 1000);
    expect(found).toHaveLength(302);
    for (const { index, leaf } of [found[0]!, found[255]!, found[301]!]) {
      const proof = parseProof(encodings, (await second.published.proof(index))!)!;
      expect(verifyInclusion(encodings.sha256, proof.index, 302, leafHash(encodings.sha256, leaf), proof.path, checkpoint.root)).toBe(true);
      const payload = (await second.published.payload(index))!;
      expect((JSON.parse(leaf.toString()) as { payload: string }).payload).toBe(commit(payload.salt, payload.body));
    }
  });

  it('fences an older owner', async () => {
    const older = await open();
    const newer = await open();
    await newer.record([message(400)]);
    await expect(older.record([message(401)])).rejects.toBeInstanceOf(Fenced);
    // It takes the log over again only when asked again, and then from what was committed.
    await older.record([message(400), message(401)]);
    expect((await older.published.find({}, 1000)).length).toBe(304);
  });

  it('takes bytes that are no JSON and NUL bytes as they are', async () => {
    const log = await open();
    await log.record([message(500, Buffer.from([0, 255, 1])), message(501, Buffer.from('"\\u0000"'))]);
    const payload = (await log.published.payload(304))!;
    expect([...payload.body]).toEqual([0, 255, 1]);
  });

  it('serves nothing beyond the published size', async () => {
    const log = await open();
    expect(await log.published.tile({ level: 'entries', n: 1, width: 256 })).toBeUndefined();
    expect(await log.published.tile({ level: 0, n: 1, width: 50 })).toHaveLength(50 * 32);
    expect(await log.published.proof(306)).toBeUndefined();
    expect(tilePath({ level: 0, n: 1, width: 50 })).toBe('tile/0/001.p/50');
  });

  it('puts holes in governed positions and ids that say two things on the record, each once', async () => {
    const log = await open();
    const size = log.sequencer.size();
    const positioned = (offset: number, position: number, change: Partial<BusMessage> = {}) => ({ ...message(offset, Buffer.from(JSON.stringify({ kind: 'run.ended', run: 'r2', position }))), partition: 7, headers: { ...message(offset).headers, ce_id: `p7-${offset}` }, ...change });
    await log.record([positioned(0, 0), positioned(1, 1), positioned(2, 4)]);
    await log.sequencer.close();
    const next = await open();
    await next.record([positioned(3, 5), positioned(4, 6, { headers: message(299).headers })]);
    await next.sequencer.close();
    const again = await open();
    await again.sequencer.state();
    const { rows } = await pool.query<{ leaf: Buffer }>('select leaf from entry where index >= $1 order by index', [size]);
    const states = rows.map(({ leaf }) => (JSON.parse(leaf.toString()) as { states: object | null }).states).filter((one) => one !== null);
    expect(states).toEqual([
      { topic: 'runs.governed.v1', partition: 7, expected: 2, found: 4 },
      { what: 'same_id_other_content', index: size + 5, earlier: expect.any(Number) },
    ]);
    expect(again.sequencer.size()).toBe(size + 7);
  });

  it('takes what is as large as a topic allows, a version that nobody knows and a clock from the future: a small leaf that says so, and the bytes as they came', async () => {
    const log = await open();
    const index = log.sequencer.size();
    expect(recorded.map((name) => Object.values(topics).find((one) => one.name === name)!).every(({ maxMessageBytes }) => maxMessageBytes < maxPayloadBytes)).toBe(true);
    const body = Buffer.concat([Buffer.from('{"kind":"run.ended","run":"r9","text":"'), Buffer.alloc(500_000, 'x'), Buffer.from('"}')]);
    const odd = { ...message(900, body), headers: { ce_id: 'odd', ce_type: 'countersign.governed.run.ended.v9', ce_time: new Date(message(0).timestamp + 3_600_000).toISOString(), tenant: 'acme' } };
    await log.record([odd]);
    const leaf = (await log.published.leaves([index])).get(index)!;
    expect(leaf.length).toBeLessThan(1_024);
    expect(JSON.parse(leaf.toString())).toMatchObject({ type: 'countersign.governed.run.ended.v9', run: 'r9', skew: 3_600_000, states: null });
    expect((await log.published.payload(index))!.body.equals(body)).toBe(true);
  });

  it('keeps of a megabyte its digest and where it was read, and opens no more large payloads at once than fit', async () => {
    const log = await open();
    const index = log.sequencer.size();
    const body = Buffer.concat([Buffer.from('{"kind":"run.ended","run":"r10","text":"'), Buffer.alloc(1 << 20, 'x'), Buffer.from('"}')]);
    await log.record([message(910, body), ...[911, 912, 913].map((offset) => message(offset, Buffer.concat([body.subarray(0, 400_000), Buffer.from('"}')])))]);
    expect(JSON.parse((await log.published.leaves([index])).get(index)!.toString())).toMatchObject({ run: 'r10', states: { what: 'payload_by_reference', bytes: body.length } });
    expect(JSON.parse((await log.published.payload(index))!.body.toString())).toEqual({ reference: { topic: 'runs.governed.v1', partition: 0, offset: '910', bytes: body.length, sha256: createHash('sha256').update(body).digest('base64url') } });
    const { rows: [row] } = await pool.query<{ bytes: number }>('select octet_length(body) as bytes from sealed_payload where index = $1', [index]);
    expect(row!.bytes).toBeLessThan(1_024);
    const four = [0, 1, 2, 3].map((n) => index + n);
    expect([await log.published.portion(four, 1_000_000), await log.published.portion(four.slice(1), 1), await log.published.portion(four)]).toEqual([four.slice(0, 3), [index + 1], four]);
  });

  it('keeps what is not its writer\'s word as it came, as nobody\'s word and no story\'s', async () => {
    const log = await open('keeper', ({ topic }) => (topic === 'supervision.halts.v1' ? 'missing_header' : undefined));
    const index = log.sequencer.size();
    const said = { op: 'halt', kind: 'run.started', stream: 'halts', version: 1, run: 'r1', agent: 'ghost', by: 'ann', scope: { kind: 'run', id: 'r1' }, reason: 'said by a stranger' };
    const forged = { ...message(0, Buffer.from(JSON.stringify(said))), topic: 'supervision.halts.v1' };
    // The mark is audit's own: a stranger's takes nothing away from a genuine record.
    await log.record([forged, { ...message(950), headers: { ...message(950).headers, cs_audit_refused: 'x' } }]);
    const leaves = await log.published.leaves([index, index + 1]);
    const [leaf, genuine] = [index, index + 1].map((at) => JSON.parse(leaves.get(at)!.toString()) as Leaf);
    expect(leaf).toMatchObject({ type: 'countersign.audit.rejected.v1', stream: null, run: null, agent: null, oversight: [], states: { what: 'event_rejected', code: 'missing_header' }, source: { topic: 'supervision.halts.v1' } });
    expect((await log.published.payload(index))!.body.equals(forged.value!)).toBe(true);
    expect(genuine).toMatchObject({ type: 'countersign.governed.run.ended.v1', run: 'r1', states: null });
    while (await log.questions.step() > 0);
    const found = async (question: Question) => (await log.questions.ask(question, { after: index - 1, limit: 10 })).map((one) => one.index);
    expect([await found({ text: 'stranger' }), await found({ run: 'r1' }), await found({ person: 'ann' }), await found({ agent: 'ghost' })]).toEqual([[index], [index + 1], [], []]);
  });

  it('refuses to start on a database older than what it signed', async () => {
    await open();
    await pool.query('update log set size = size - 1');
    await expect(open()).rejects.toThrow('older copy');
    await pool.query('update log set size = size + 1');
  });
});
