import { describe, expect, it } from '@jest/globals';
import { PoisonMessage } from '@countersign/bus';
import type { BatchContext, Bus, BusMessage, SubscribeOptions } from '@countersign/bus';
import type { Logger } from '@countersign/telemetry';
import { BusStrategy } from './bus-strategy.ts';

const context = (partition: number) => ({ topic: 'things.v1', partition }) as unknown as BatchContext;

/** A consumer of things.v1 over a bus that hands out batches when told to. */
const consuming = async (handle: () => Promise<void>) => {
  let options: SubscribeOptions | undefined;
  let now = 1_000;
  const bus = { subscribe: (given: SubscribeOptions) => { options = given; return Promise.resolve({ ready: Promise.resolve(), ended: new Promise(() => undefined), stop: () => Promise.resolve() }); } } as unknown as Bus;
  const strategy = new BusStrategy({ service: 'test', bus, log: { error: () => undefined, fatal: () => undefined } as unknown as Logger, now: () => now });
  strategy.addHandler('things.v1', handle as never, true);
  await strategy.listen((error) => { if (error !== undefined) throw error as Error; });
  await strategy.ready();
  return { strategy, batch: (partition: number) => options!.onBatch([], context(partition)), later: (ms: number) => { now += ms; } };
};

describe('a consumer', () => {
  it('that fails again and again says so after a while, until it gets on', async () => {
    let broken = true;
    const { strategy, batch, later } = await consuming(() => (broken ? Promise.reject(new TypeError('no such member')) : Promise.resolve()));
    await expect(batch(3)).rejects.toThrow('no such member');
    expect(strategy.state()).toEqual({ ok: true, why: '' });
    later(9_999);
    await expect(batch(3)).rejects.toThrow();
    expect(strategy.state().ok).toBe(true);
    later(1);
    expect(strategy.state()).toEqual({ ok: false, why: 'things.v1/3 makes no progress: no such member' });
    broken = false;
    await batch(2);
    expect(strategy.state().ok).toBe(false);
    await batch(3);
    expect(strategy.state()).toEqual({ ok: true, why: '' });
  });

  it('that put poison aside gets on', async () => {
    const { strategy, batch, later } = await consuming(() => Promise.reject(new PoisonMessage({ topic: 'things.v1', partition: 3, offset: 1n } as BusMessage, 'invalid_schema', 'none')));
    await expect(batch(3)).rejects.toThrow(PoisonMessage);
    later(60_000);
    expect(strategy.state().ok).toBe(true);
  });
});
