import { readFile } from 'node:fs/promises';
import { availableParallelism, loadavg, totalmem } from 'node:os';
import pg from 'pg';
import type { Local } from '../local.ts';

export interface Machine { readonly cores: number; readonly memoryGb: number; readonly node: string; readonly kafka: string; readonly postgres: string; /** One-minute load when the bench began: above 1 others were at work. */ readonly loadBefore: number }

/** The broker does not tell its version over the protocol we speak: this is what infra/local starts, unless somebody else's brokers were named. */
const kafkaVersion = async (): Promise<string> => {
  const pom = await readFile(new URL('../../../../infra/local/kafka/pom.xml', import.meta.url), 'utf8').catch(() => '');
  return /<artifactId>kafka_[^<]*<\/artifactId><version>([^<]+)</.exec(pom)?.[1] ?? 'unknown';
};

export const machine = async (local: Local): Promise<Machine> => {
  const client = new pg.Client(local.postgres['audit']);
  await client.connect();
  try {
    const { rows: [row] } = await client.query<{ server_version: string }>('show server_version');
    return { cores: availableParallelism(), memoryGb: Number((totalmem() / 2 ** 30).toFixed(1)), node: process.version, kafka: local.bus === 'kafka' ? await kafkaVersion() : 'none', postgres: row!.server_version, loadBefore: Number(loadavg()[0]!.toFixed(2)) };
  } finally {
    await client.end();
  }
};
