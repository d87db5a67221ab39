import { afterAll, afterEach, beforeAll, describe } from '@jest/globals';
import type { Bus, Subscription } from '@countersign/bus';
import { deliveryCases } from './bus-contract/delivery.ts';
import { exactlyOnceCases } from './bus-contract/exactly-once.ts';
import { failureCases } from './bus-contract/failures.ts';
import { followCases } from './bus-contract/following.ts';
import { fresh } from './bus-contract/harness.ts';
import type { BusUnderTest, Tools } from './bus-contract/harness.ts';
import { rebalanceCases } from './bus-contract/rebalance.ts';
import { scanCases } from './bus-contract/scanning.ts';
import { snapshotCases } from './bus-contract/snapshots.ts';
import { topicCases } from './bus-contract/topics.ts';

export { exactlyOnceCases } from './bus-contract/exactly-once.ts';
export type { BusUnderTest } from './bus-contract/harness.ts';

const allCases = [topicCases, deliveryCases, failureCases, followCases, scanCases, exactlyOnceCases, rebalanceCases, snapshotCases] as const;

/** What every bus adapter must do (DESIGN 6). `makeBus` opens the adapter on a real log; the suite uses topics and groups of its own. `cases`: a part of it, for a second way of doing that part. */
export const busContract = (name: string, makeBus: () => Promise<BusUnderTest>, cases: readonly ((tools: Tools) => void)[] = allCases): void => {
  describe(`bus contract: ${name}`, () => {
    let opened: BusUnderTest;
    let subscriptions: Subscription[] = [];
    let others: Bus[] = [];
    beforeAll(async () => { opened = await makeBus(); });
    afterAll(async () => { await opened.close(); });
    afterEach(async () => {
      await Promise.all(subscriptions.map((one) => one.stop().catch(() => undefined)));
      await Promise.all(others.map((one) => one.close()));
      subscriptions = [];
      others = [];
    });

    const tools: Tools = {
      under: () => opened,
      topic: async (partitions = 3, change = {}) => {
        const topic = `${fresh('spec.topic')}.v1`;
        await opened.bus.ensureTopics([{ name: topic, partitions, compacted: false, retentionMs: 3_600_000, maxMessageBytes: 1_000_000, ...change }]);
        return topic;
      },
      group: () => fresh('spec-group'),
      running: async (starting) => {
        const subscription = await starting;
        subscription.ended.catch(() => undefined);
        subscriptions.push(subscription);
        return subscription;
      },
      another: async () => {
        const bus = await opened.another();
        others.push(bus);
        return bus;
      },
    };
    for (const some of cases) some(tools);
  });
};
