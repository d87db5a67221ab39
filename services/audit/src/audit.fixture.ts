import { generateKey } from '@countersign/identity';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { composeAudit } from './compose.ts';
import type { Audit, AuditPorts } from './compose.ts';
import type { RefusalOf } from './inbound/writers.ts';
import { localCustody } from './outbound/custody.ts';

/** A database of its own with a log in it. */
export interface Logbook { readonly pool: pg.Pool; /** Of its keys and its last signed head. */ readonly folder: string; readonly audit: Audit; /** What audit found changed. */ readonly alarms: readonly string[]; /** The service started again on the same database, secrets and keys. */
  again(over?: Partial<AuditPorts>): Promise<Audit>; close(): Promise<void> }

/** @param refusalOf whose word a message is; the stories of most tests are unsigned */
export const openLogbook = async (server: string, refusalOf: RefusalOf = () => undefined): Promise<Logbook> => {
  const name = `audit_${process.pid}_${Date.now()}_${Math.floor(performance.now())}`;
  const admin = new pg.Client(server);
  await admin.connect();
  await admin.query(`create database ${name}`);
  const pool = new pg.Pool({ connectionString: Object.assign(new URL(server), { pathname: `/${name}` }).href, max: 4 });
  const folder = await mkdtemp(join(tmpdir(), 'audit-'));
  const alarms: string[] = [];
  const key = generateKey('audit-1');
  const again = async (over: Partial<AuditPorts> = {}): Promise<Audit> => composeAudit({
    refusalOf, alarm: (what, why) => alarms.push(`${what}: ${why}`), pool, origin: 'countersign.test/acme', key: { privateKey: key.key, publicKey: Buffer.from(key.publicJwk.x, 'base64url') },
    tenant: 'acme', ...await localCustody(folder, join(folder, 'keeper')), pseudonymSecret: Buffer.alloc(32), publish: async () => undefined, now: () => 1, ...over,
  });
  const audit = await again();
  return {
    pool, folder, audit, alarms, again,
    close: async () => {
      await audit.sequencer.close();
      await pool.end();
      await admin.query(`drop database ${name}`);
      await admin.end();
      await rm(folder, { recursive: true });
    },
  };
};
