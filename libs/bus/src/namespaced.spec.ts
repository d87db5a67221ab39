import { describe, expect, it } from '@jest/globals';
import { busContract } from '@countersign/spec';
import { createMemoryBus, createMemoryLog } from './memory/index.ts';
import { namespacedBus } from './namespaced.ts';

busContract('memory under a namespace', async () => {
  const log = createMemoryLog();
  const open = () => namespacedBus(createMemoryBus(log), 'cell-1');
  const bus = open();
  return { bus, another: async () => open(), forget: async (topic, partition, below) => log.forget(`cell-1.${topic}`, partition, below), close: () => bus.close() };
});

describe('two namespaces of one bus', () => {
  it('have topics of their own', async () => {
    const log = createMemoryLog();
    const [one, other] = [namespacedBus(createMemoryBus(log), 'one'), namespacedBus(createMemoryBus(log), 'other')];
    for (const bus of [one, other]) await bus.ensureTopics([{ name: 't.v1', partitions: 1, compacted: false, retentionMs: 1e6, maxMessageBytes: 1e6 }]);
    await one.publish([{ topic: 't.v1', key: 'k', value: Buffer.from('v') }]);
    expect([await one.ends('t.v1'), await other.ends('t.v1')]).toEqual([[1n], [0n]]);
    await Promise.all([one.close(), other.close()]);
  });
});
