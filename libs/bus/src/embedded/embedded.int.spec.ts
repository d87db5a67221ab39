import pg from 'pg';
import { busContract } from '@countersign/spec';
import { createEmbeddedBus } from './index.ts';

const server = process.env['CS_TEST_POSTGRES'] ?? 'postgres://countersign:countersign@127.0.0.1:25432/countersign';
const database = `bus_spec_${process.pid}_${Date.now().toString(36)}`;

busContract('embedded', async () => {
  const admin = new pg.Client({ connectionString: server });
  await admin.connect();
  await admin.query(`CREATE DATABASE ${database}`);
  const url = new URL(server);
  url.pathname = `/${database}`;
  const make = () => createEmbeddedBus({ connectionString: url.href });
  const [bus] = await Promise.all([make(), make().then((other) => other.close())]);
  return {
    bus,
    another: make,
    forget: async (topic, partition, offset) => {
      const client = new pg.Client({ connectionString: url.href });
      await client.connect();
      await client.query('DELETE FROM bus.record r USING bus.topic t WHERE t.name = $1 AND r.topic = t.id AND r.partition = $2 AND r."offset" < $3', [topic, partition, offset.toString()]);
      await client.query('UPDATE bus.partition p SET low = $3 FROM bus.topic t WHERE t.name = $1 AND p.topic = t.id AND p.partition = $2', [topic, partition, offset.toString()]);
      await client.end();
    },
    close: async () => {
      await bus.close();
      await admin.query(`DROP DATABASE ${database} WITH (FORCE)`);
      await admin.end();
    },
  };
});
