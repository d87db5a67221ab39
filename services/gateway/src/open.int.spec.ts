import { expect, it } from '@jest/globals';
import { createKafkaBus } from '@countersign/bus/kafka';
import { topic, topics } from '@countersign/contracts';
import { generateKey } from '@countersign/identity';
import { startService } from '@countersign/service-host';
import { until } from '@countersign/spec';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig } from './config.ts';
import { openGateway } from './open.ts';

it.each([{ redis: process.env['CS_TEST_REDIS'] }, { redis: undefined }])('starts from its environment on Kafka, with Redis and without, and drains: %p', async ({ redis }) => {
  const brokers = process.env['CS_TEST_KAFKA']!;
  const admin = await createKafkaBus({ brokers: brokers.split(','), clientId: 'gateway-test' });
  await admin.ensureTopics([topic.runsGoverned, topic.runsReplies, topic.registryPeople].map((one) => topics[one]));
  await admin.close();
  const secrets = await mkdtemp(join(tmpdir(), 'gateway-'));
  await writeFile(join(secrets, 'jwks.json'), JSON.stringify({ keys: [generateKey('registry-1').publicJwk, generateKey('policy-1').publicJwk] }));
  await writeFile(join(secrets, 'gateway.key.json'), JSON.stringify(generateKey('gateway-1').privateJwk), { mode: 0o600 });
  const service = await startService(await openGateway(loadConfig({ CS_BUS: 'kafka', CS_KAFKA_BROKERS: brokers, CS_HTTP_PORT: '0', CS_SECRETS_DIR: secrets, CS_LOG_LEVEL: 'silent', ...(redis !== undefined && { CS_REDIS_URL: redis }) })));
  try {
    await until('it is ready', async () => (await fetch(`${service.url}/readyz`)).ok, 60_000);
    const answer = await fetch(`${service.url}/runs`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ client_assertion: 'a.b.c', instruction: { text: 'x' } }) });
    expect(answer.status).toBeGreaterThanOrEqual(400);
  } finally {
    await service.close();
    await rm(secrets, { recursive: true });
  }
});
