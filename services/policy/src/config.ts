import { availableParallelism } from 'node:os';
import { basename, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { baseConfig, integer, optional, postgresField, readConfig, text } from '@countersign/service-host';
import { defaultRecordBounds } from './core/record-standing.ts';

/** Reads and checks the environment; prints every problem and exits 2 where it cannot start. */
export const loadConfig = (env: NodeJS.ProcessEnv = process.env) => {
  const config = readConfig(env, {
    ...baseConfig({ port: 7102 }), postgres: postgresField,
    bundle: optional('CS_POLICY_BUNDLE'),
    bundleName: optional('CS_POLICY_BUNDLE_NAME'),
    publishers: optional('CS_POLICY_PUBLISHERS'),
    recordRaiseMs: integer('CS_RECORD_LAG_RAISE_MS', { default: defaultRecordBounds.raiseMs, min: 1_000 }),
    recordDenyMs: integer('CS_RECORD_LAG_DENY_MS', { default: defaultRecordBounds.denyMs, min: 1_000 }),
    audience: text('CS_TOKEN_AUDIENCE', { default: 'countersign' }),
    anomalyEffect: text<'record' | 'raise'>('CS_ANOMALY_EFFECT', { default: 'raise', oneOf: ['record', 'raise'] }),
    delegationDepth: integer('CS_DELEGATION_DEPTH', { default: 3, min: 0, max: 16 }),
    delegationChildren: integer('CS_DELEGATION_CHILDREN', { default: 16, min: 0, max: 1_000 }),
    grantMs: integer('CS_GRANT_MS', { default: 30_000, min: 1_000, max: 300_000 }),
    checkpointRecords: integer('CS_CHECKPOINT_RECORDS', { default: 20_000, min: 1 }),
    checkpointMs: integer('CS_CHECKPOINT_MS', { default: 30_000, min: 100 }),
    // On two cores a second thread takes from the broker what it gives: 1.1 times the throughput, and a p99 that is a third longer.
    threads: integer('CS_POLICY_THREADS', { default: Math.min(4, Math.max(1, Math.floor(availableParallelism() / 2))), min: 1, max: 64 }),
    maxBatch: integer('CS_POLICY_BATCH', { default: 1_000, min: 1, max: 1_000 }),
  });
  const bundle = config.bundle ?? fileURLToPath(new URL('../packs/demo', import.meta.url));
  return Object.freeze({
    ...config, bundle,
    // Orders and reviews are signed for a bundle of this name: it must not change with where the folder lies.
    bundleName: nameOf(config.bundleName ?? basename(resolve(bundle))),
    publishers: config.publishers === undefined ? null : new Set(config.publishers.split(',').map((person) => person.trim()).filter((person) => person !== '')),
  });
};

const nameOf = (text: string): string => {
  if (/^[a-z0-9][a-z0-9._-]{0,63}$/.test(text)) return text;
  process.stderr.write(`Cannot start: "${text}" is no name of a bundle. Set CS_POLICY_BUNDLE_NAME to up to 64 lower-case letters, digits, . _ and -.\n`);
  process.exit(2);
};

export type PolicyConfig = ReturnType<typeof loadConfig>;
