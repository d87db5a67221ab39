import { busContract } from '@countersign/spec';
import { createMemoryBus, createMemoryLog } from './index.ts';

busContract('memory', async () => {
  const log = createMemoryLog();
  const bus = createMemoryBus(log);
  return { bus, another: async () => createMemoryBus(log), forget: async (topic, partition, below) => log.forget(topic, partition, below), close: () => bus.close() };
});
