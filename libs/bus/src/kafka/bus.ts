import { BusError } from '../errors.ts';
import type { Bus, Subscription } from '../port.ts';
import { createClient } from './client.ts';
import type { KafkaBusConfig } from './config.ts';
import { explained } from './failures.ts';
import { follow } from './follow.ts';
import { processExactlyOnce } from './process.ts';
import { createPublisher } from './publisher.ts';
import { scan } from './scan.ts';
import { subscribe } from './subscribe.ts';
import { createTopics } from './topics.ts';

/** The bus on Kafka. Rejects when no broker can be reached; with BusError bus_not_authenticated or bus_not_trusted when one refuses us or cannot be trusted. */
export const createKafkaBus = async (config: KafkaBusConfig): Promise<Bus> => {
  const client = createClient(config);
  try {
    await client.raw(async () => undefined);
  } catch (error) {
    await client.close();
    throw explained(error, config.brokers);
  }
  const topics = createTopics(client);
  const publisher = createPublisher(client, topics);
  const running = new Set<Subscription>();
  let closing: Promise<void> | undefined;

  const keep = async (starting: () => Promise<Subscription>): Promise<Subscription> => {
    if (closing !== undefined) throw new BusError('bus_closed', 'the bus was closed');
    const subscription = await starting();
    running.add(subscription);
    subscription.ended.then(() => running.delete(subscription), () => running.delete(subscription));
    if (closing !== undefined) await subscription.stop();
    return subscription;
  };

  return {
    kind: 'kafka',
    ensureTopics: topics.ensure,
    publish: publisher.publish,
    subscribe: (options) => keep(() => subscribe(client, topics, publisher.publish, options)),
    follow: (options) => keep(() => follow(client, topics, options)),
    scan: async (options) => {
      if (closing !== undefined) throw new BusError('bus_closed', 'the bus was closed');
      await scan(client, topics, options);
    },
    process: (options) => keep(() => processExactlyOnce(client, topics, options)),
    ends: topics.ends,
    partitions: topics.partitions,
    close: () => (closing ??= (async () => {
      await Promise.all([...running].map((one) => one.stop()));
      await publisher.close();
      await client.close();
    })()),
  };
};
