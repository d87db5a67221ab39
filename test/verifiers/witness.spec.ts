import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createKeySet, encodings, generateKey } from '@countersign/identity';
import { parseCheckpoint, verifierKey } from '@countersign/tamper-log';
import pg from 'pg';
import { composeAudit } from '../../services/audit/src/compose.ts';
import type { Audit } from '../../services/audit/src/compose.ts';
import { localCustody } from '../../services/audit/src/outbound/custody.ts';
import { createRefusals } from '../../services/audit/src/inbound/writers.ts';
import { readWitnessPolicy } from '../../services/audit/src/outbound/witness-policy-file.ts';
import { governedRecords } from '../../libs/cli/src/bench/governed-records.ts';
import { startLitewitness } from './litewitness.ts';
import type { Witness } from './litewitness.ts';
import { built, outsiders, unlessSkipped } from './outsiders.ts';
import type { Outsiders } from './outsiders.ts';

const origin = 'countersign.test/witnessed';

(('why' in built) ? describe.skip : describe)(`the log before torchwood's litewitness${unlessSkipped}`, () => {
  const key = generateKey('audit-1');
  const publicKey = Buffer.from(key.publicJwk.x, 'base64url');
  const name = `witness_${process.pid}_${Date.now()}`;
  let admin: pg.Client;
  let folder: string;
  let witness: Witness;
  let outside: Outsiders;
  let log: Audit;
  const pools: pg.Pool[] = [];
  const alarms: string[] = [];

  /** The log of this origin and key, on a database of its own. */
  const open = async (copy: string): Promise<Audit> => {
    await admin.query(`create database ${name}_${copy}`);
    const pool = new pg.Pool({ connectionString: Object.assign(new URL(process.env['CS_TEST_POSTGRES']!), { pathname: `/${name}_${copy}` }).href, max: 3 });
    pools.push(pool);
    return composeAudit({
      refusalOf: createRefusals(createKeySet([])), pool, origin, key: { privateKey: key.key, publicKey }, tenant: 'acme', ...await localCustody(join(folder, copy), join(folder, `last-${copy}`)), pseudonymSecret: Buffer.alloc(32, 7), publish: async () => undefined, now: Date.now,
      witnesses: await readWitnessPolicy(join(folder, 'policy')), alarm: (who, why) => alarms.push(`${who}: ${why}`),
    });
  };
  const sizeOf = (note: string | undefined): number | undefined => note === undefined ? undefined : parseCheckpoint(encodings, note)!.checkpoint.size;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'countersign-witnessed-'));
    const vkey = verifierKey(encodings, origin, publicKey);
    witness = await startLitewitness(origin, vkey);
    const policy = `witness lite ${witness.verifierKey} ${witness.url}\nquorum lite\n`;
    writeFileSync(join(folder, 'policy'), policy);
    outside = outsiders(vkey, policy);
    admin = new pg.Client(process.env['CS_TEST_POSTGRES']!);
    await admin.connect();
    log = await open('log');
  }, 120_000);
  afterAll(async () => {
    await Promise.all(pools.map((pool) => pool.end()));
    for (const copy of ['log', 'fork', 'short']) await admin?.query(`drop database if exists ${name}_${copy}`);
    await admin?.end();
    outside?.close();
    await witness?.close();
    if (folder) rmSync(folder, { recursive: true, force: true });
  });

  it('serves a checkpoint once it is cosigned, and torchwood accepts proofs under it by a policy that asks for the witness', async () => {
    await log.record(governedRecords(300, 1));
    expect(await log.published.checkpoint()).toBeUndefined();
    await log.witnessing.round();
    expect(sizeOf(await log.published.checkpoint())).toBe(300);
    await log.record(governedRecords(100, 1, 300));
    expect(sizeOf(await log.published.checkpoint())).toBe(300);
    await log.witnessing.round();
    expect(sizeOf(await log.published.checkpoint())).toBe(400);
    const [first] = await log.published.find({}, 1);
    const proof = (await log.published.proof(0))!;
    expect(await outside.proof(first!.leaf, proof)).toEqual({ holds: true });
    const unwitnessed = proof.split('\n').filter((line) => !line.startsWith('— witness.test/lite')).join('\n');
    expect(await outside.proof(first!.leaf, unwitnessed)).toMatchObject({ holds: false, why: expect.stringContaining('policy') });
    expect(alarms).toEqual([]);
  });

  it('is not cosigned on a second history: longer or shorter, the witness refuses, the alarm is raised, nothing is served', async () => {
    for (const [copy, count] of [['fork', 500], ['short', 200]] as const) {
      const other = await open(copy);
      await other.record(governedRecords(count, 1));
      await other.witnessing.round();
      expect(await other.published.checkpoint()).toBeUndefined();
    }
    expect(alarms).toEqual([expect.stringContaining('no beginning of this log'), expect.stringContaining('it has seen a tree of 400 entries, and this log has 200')]);
  });
});
