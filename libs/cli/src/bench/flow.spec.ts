import { describe, expect, it } from '@jest/globals';
import type { Bus } from '@countersign/bus';
import { createMemoryBus } from '@countersign/bus/memory';
import { openLoop, peak } from './flow.ts';
import type { Subject } from './flow.ts';

/** An echo in this process that answers each message as often as `times` says. */
const subjectOn = async (bus: Bus, times: (index: number) => number): Promise<Subject> => {
  await bus.ensureTopics(['in.v1', 'out.v1'].map((name) => ({ name, partitions: 2, compacted: false, retentionMs: 60_000, maxMessageBytes: 10_000 })));
  let sent = 0;
  let first = 0;
  return {
    name: 'test', output: 'out.v1',
    messages: (count) => {
      first = sent;
      sent += count;
      return Array.from({ length: count }, (_, n) => ({ topic: 'in.v1', key: `k${n % 7}`, value: Buffer.from(String(first + n)) }));
    },
    start: async () => {
      const echo = await bus.subscribe({
        group: 'echo', topics: ['in.v1'], from: 'start',
        onBatch: async (messages) => bus.publish(messages.flatMap(({ key, value }) => Array.from({ length: times(Number(value!.toString())) }, () => ({ topic: 'out.v1', key: key!, value })))),
      });
      await echo.ready;
      return { stop: () => echo.stop(), cpuSeconds: () => 0, memoryMb: () => 0 };
    },
    readAnswer: ({ value }) => ({ index: Number(value!.toString()) - first }),
  };
};

describe('what goes through and comes back', () => {
  it('is counted and timed', async () => {
    const bus = await createMemoryBus();
    const subject = await subjectOn(bus, () => 1);
    expect((await peak(bus, subject, 500)).perSecond).toBeGreaterThan(0);
    const { p50, p99 } = await openLoop(bus, subject, 500, 0.5, 100);
    expect(p50).toBeGreaterThanOrEqual(0);
    expect(p99).toBeGreaterThanOrEqual(p50);
    await bus.close();
  });

  it('fails the measurement where an answer comes twice, or says something wrong', async () => {
    const bus = await createMemoryBus();
    const twice = await subjectOn(bus, (index) => (index === 250 ? 2 : 1));
    await expect(peak(bus, twice, 500)).rejects.toThrow('message 250 was answered twice');
    const wrong = { ...await subjectOn(bus, () => 1), readAnswer: () => ({ index: 0, wrong: 'denied' }) };
    await expect(peak(bus, wrong, 10)).rejects.toThrow('test:');
    await bus.close();
  });
});
