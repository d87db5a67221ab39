import { generateKeyPairSync, randomBytes, randomInt } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';

export const serviceNames = ['registry', 'policy', 'approvals', 'supervision', 'anomaly', 'audit', 'gateway'] as const;
export type ServiceName = typeof serviceNames[number];

/** What one whole system has to itself on the shared Kafka, PostgreSQL and Redis of the test run. */
export interface Place {
  readonly namespace: string;
  readonly kafka: string;
  readonly redis: string;
  readonly secretsDir: string;
  readonly database: (service: ServiceName) => string;
  /** One statement in a service's database: what nobody can do over its doors, such as to let time have passed. */
  readonly change: (service: ServiceName, statement: string, values?: readonly unknown[]) => Promise<void>;
  /** Copies the database of a service that is stopped; what it resolves to puts the copy in its place, as a restored backup. */
  readonly backUp: (service: ServiceName) => Promise<() => Promise<void>>;
  readonly close: () => Promise<void>;
}

const given = (name: string): string => {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: npm test sets it`);
  return value;
};

/** Secrets and databases nobody has used before. */
export const openPlace = async (): Promise<Place> => {
  const [kafka, redis, postgres] = [given('CS_TEST_KAFKA'), given('CS_TEST_REDIS'), new URL(given('CS_TEST_POSTGRES'))];
  const namespace = `w${randomBytes(5).toString('hex')}`;
  const secretsDir = mkdtempSync(join(tmpdir(), `countersign-${namespace}-`));
  writeSecrets(secretsDir);
  const nameOf = (service: ServiceName): string => `${namespace}_${service}`;
  const urlOf = (service: ServiceName): string => Object.assign(new URL(postgres.href), { pathname: `/${nameOf(service)}` }).href;
  const query = async (...statements: readonly string[]): Promise<void> => {
    const client = new pg.Client({ connectionString: postgres.href });
    await client.connect();
    try {
      for (const statement of statements) await client.query(statement);
    } finally {
      await client.end();
    }
  };
  const admin = (statement: (name: string) => string): Promise<void> => query(...serviceNames.map((service) => statement(nameOf(service))));
  await admin((name) => `create database ${name}`);
  return {
    namespace, kafka, redis, secretsDir,
    database: urlOf,
    change: async (service, statement, values = []) => {
      const client = new pg.Client({ connectionString: urlOf(service) });
      await client.connect();
      try {
        await client.query(statement, [...values]);
      } finally {
        await client.end();
      }
    },
    backUp: async (service) => {
      const name = nameOf(service);
      await query(`create database ${name}_backup template ${name}`);
      return () => query(`drop database ${name} with (force)`, `alter database ${name}_backup rename to ${name}`);
    },
    close: async () => {
      await admin((name) => `drop database if exists ${name}_backup with (force)`);
      await admin((name) => `drop database if exists ${name} with (force)`);
      rmSync(secretsDir, { recursive: true, force: true });
    },
  };
};

/** The same files as infra/local/secrets.mjs writes. */
const writeSecrets = (dir: string): void => {
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const write = (name: string, text: string): void => writeFileSync(join(dir, name), text, { mode: 0o600 });
  write('proof-secret', randomBytes(32).toString('base64url'));
  const keys = serviceNames.map((service) => {
    const { d, ...open } = generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' });
    const jwk = { ...open, kid: `${service}-1`, alg: 'EdDSA', use: 'sig' };
    write(`${service}.key.json`, JSON.stringify({ ...jwk, d }));
    return jwk;
  });
  write('jwks.json', JSON.stringify({ keys }));
};

/** Every worker of a test run has ports of its own, below those that the system hands out by itself. */
const lowestPort = 20_000, workers = 8, each = 1_500;
const worker = Number(process.env['JEST_WORKER_ID'] ?? 0) % workers;
let candidate = randomInt(each);

/** Ports that are free now, and that nobody takes between now and when they are listened on: no other worker, and no connection that somebody opens meanwhile. */
export const freePorts = async (count: number): Promise<number[]> => {
  const ports: number[] = [];
  for (let tried = 0; ports.length < count; tried++) {
    if (tried === each) throw new Error(`no ${count} of ${each} ports from ${lowestPort} on are free`);
    const port = lowestPort + (candidate++ % each) * workers + worker;
    if (await isFree(port)) ports.push(port);
  }
  return ports;
};

const isFree = (port: number): Promise<boolean> => new Promise((resolve) => {
  const server = createServer().once('error', () => resolve(false)).listen(port, '127.0.0.1', () => { server.close(() => resolve(true)); });
});
