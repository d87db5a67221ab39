import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { namespacedBus } from '@countersign/bus';
import type { Bus } from '@countersign/bus';
import { createKafkaBus } from '@countersign/bus/kafka';
import { topics } from '@countersign/contracts';
import type { Local } from '../local.ts';
import { createClient } from '../people/client.ts';
import type { Client } from '../people/client.ts';
import { enrol, invite } from '../people/enrol.ts';
import { keyOf } from '../people/local-people.ts';
import type { LocalPerson } from '../people/local-people.ts';
import { answersReady, startNode } from './child.ts';
import type { Child } from './child.ts';
import { writeBundle } from './thousand-rules.ts';
import type { benchPack } from './thousand-rules.ts';

type Service = 'registry' | 'policy' | 'approvals' | 'supervision' | 'gateway';
const main = (service: Service): string => fileURLToPath(new URL(`../../../../services/${service}/dist/main.js`, import.meta.url));

/**
 * Services as processes of their own, on topics of their own; policy with 1,000 rules. Whoever is not among them is played by heartbeats.
 * @param env which services, and what each is given beside its addresses
 */
export const startServices = async (local: Local, place: string, pack: Awaited<ReturnType<typeof benchPack>>, env: Readonly<Partial<Record<Service, Readonly<Record<string, string>>>>>): Promise<{ readonly bus: Bus; /** Of its topics. */ readonly namespace: string; readonly stop: () => Promise<void>; /** Resident memory of one of them, MB. */ readonly memoryMb: (service: Service) => number; /** Seconds of processor time that one of them has used. */ readonly cpuSeconds: (service: Service) => number }> => {
  const namespace = `bench-${randomBytes(4).toString('hex')}`;
  const bus = namespacedBus(await createKafkaBus({ brokers: local.kafka!.split(','), clientId: 'bench' }), namespace);
  const started: Child[] = [];
  const byService = new Map<Service, Child>();
  const stop = async (): Promise<void> => {
    await Promise.all(started.splice(0).map((child) => child.stop()));
    await bus.close();
  };
  const start = async (service: Service): Promise<void> => {
    const child = await startNode(service, [main(service)], {
      env: {
        CS_BUS: 'kafka', CS_BUS_NAMESPACE: namespace, CS_KAFKA_BROKERS: local.kafka!, CS_HTTP_PORT: new URL(local.http[service]).port, CS_SECRETS_DIR: local.secrets, CS_TENANT: 'acme', CS_LOG_LEVEL: 'warn',
        CS_REGISTRY_URL: local.http.registry, CS_POLICY_URL: local.http.policy, CS_SUPERVISION_URL: local.http.supervision, ...(local.postgres[service] === undefined ? {} : { CS_POSTGRES_URL: local.postgres[service] }), ...(local.redis === undefined ? {} : { CS_REDIS_URL: local.redis }),
        ...(service === 'policy' && { CS_POLICY_BUNDLE: await writeBundle(join(place, 'bundle'), pack.spec) }), ...env[service],
      },
      ready: answersReady(local.http[service]),
    });
    started.push(child);
    byService.set(service, child);
  };
  try {
    await bus.ensureTopics(Object.values(topics));
    const beats = fileURLToPath(new URL('./heartbeats.js', import.meta.url));
    started.push(await startNode('heartbeats', [beats, local.kafka!, local.secrets, 'acme', namespace, ...('supervision' in env ? ['anomaly'] : [])], { ready: async (printed) => printed.includes('beating') }));
    const results = await Promise.allSettled((Object.keys(env) as Service[]).map(start));
    for (const one of results) if (one.status === 'rejected') throw one.reason;
    return { bus, namespace, stop, memoryMb: (service) => byService.get(service)?.memoryMb() ?? Number.NaN, cpuSeconds: (service) => byService.get(service)?.cpuSeconds() ?? Number.NaN };
  } catch (error) {
    await stop();
    throw error;
  }
};

/** The first operator and others, enrolled through the registry's own door with keys kept in `place`. */
export const staff = async (local: Local, place: string, others: readonly LocalPerson[]): Promise<Client> => {
  const nobody = createClient({ http: local.http });
  const code = (await readFile(join(local.secrets, 'operator-enrolment'), 'utf8')).trim();
  await enrol(nobody, place, code, { person: 'operator', name: 'First operator', roles: ['operator'] });
  const operator = createClient({ http: local.http, as: { person: 'operator', key: keyOf(place, 'operator') } });
  for (const one of others) await enrol(nobody, place, (await invite(operator, one)).code, one);
  return operator;
};
