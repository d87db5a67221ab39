import { randomBytes } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import type { BusMessage } from '../port.ts';
import { createKafkaBus } from './index.ts';
import type { KafkaBusConfig } from './index.ts';

interface Listener { readonly brokers: string; readonly mechanism: 'scram-sha-256'; readonly username: string; readonly password: string; readonly ca?: string }

const given = process.env['CS_TEST_KAFKA_SCRAM'];
const listener = given === undefined ? undefined : JSON.parse(given) as Listener;
if (listener === undefined) process.stderr.write('kafka-scram.int.spec.ts: CS_TEST_KAFKA_SCRAM is not set, so security is not tried. `npm test` sets it, or: node infra/local/run.mjs up --test --scram --tls\n');

const config = ({ brokers, mechanism, username, password, ca }: Listener): KafkaBusConfig => ({
  brokers: brokers.split(','), clientId: 'scram', sasl: { mechanism, username, password }, ...(ca === undefined ? {} : { ssl: { ca: [ca] } }),
});

describe('Kafka with TLS and SCRAM', () => {
  it('has a listener to be tried against where everything is required', () => {
    if (process.env['CI'] === 'true') expect(given).toBeDefined();
  });

  (listener === undefined ? describe.skip : describe)('given a SASL_SSL listener', () => {
    const secured = listener!;

    it('publishes, follows and processes exactly once', async () => {
      const bus = await createKafkaBus(config(secured));
      try {
        const id = randomBytes(4).toString('hex');
        const [input, output] = [`scram.in-${id}.v1`, `scram.out-${id}.v1`] as const;
        await bus.ensureTopics([input, output].map((name) => ({ name, partitions: 2, compacted: false, retentionMs: 600_000, maxMessageBytes: 1_000_000 })));
        const seen: BusMessage[] = [];
        let enough = (): void => undefined;
        const all = new Promise<void>((resolve) => { enough = resolve; });
        await bus.follow({ topics: [output], from: 'start', onBatch: (batch) => { seen.push(...batch); if (seen.length >= 20) enough(); } });
        await bus.process({ group: `scram-${id}`, input, outputs: [output], own: async () => ({ handle: (batch) => batch.map(({ key, value }) => ({ topic: output, key: key!, value })) }) });
        await bus.publish(Array.from({ length: 20 }, (_, n) => ({ topic: input, key: `k${n}`, value: Buffer.from(String(n)) })));
        await all;
        expect(seen.map(({ value }) => Number(value!.toString())).toSorted((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, n) => n));
      } finally { await bus.close(); }
    });

    it('says that the password is wrong', async () => {
      await expect(createKafkaBus(config({ ...secured, password: 'wrong' }))).rejects.toMatchObject({ code: 'bus_not_authenticated', message: expect.stringContaining('CS_KAFKA_SASL') });
    });

    it('refuses a broker whose certificate nobody it trusts has signed', async () => {
      const { ca: _, ...without } = config(secured).ssl as { ca: string[] };
      await expect(createKafkaBus({ ...config(secured), ssl: without })).rejects.toMatchObject({ code: 'bus_not_trusted', message: expect.stringContaining('CS_KAFKA_CA_FILE') });
    });
  });
});
