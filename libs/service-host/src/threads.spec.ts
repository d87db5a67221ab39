import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { createMetrics } from '@countersign/telemetry';
import { until } from '@countersign/spec';
import type { ServiceOptions } from './service.ts';
import { startThreads } from './threads.ts';

/** A member that says, as runThread does, that it is ready and has counted two; told to drain, it ends. */
const script = (said: string): URL => new URL(`data:text/javascript,${encodeURIComponent(`
  import { parentPort } from 'node:worker_threads';
  const counted = [{ help: 'h', name: 'countersign_test_total', type: 'counter', values: [{ value: 2, labels: { what: 'records', service: 'test' } }], aggregator: 'sum' }];
  parentPort.postMessage({ ready: ${said}, metrics: counted });
  parentPort.on('message', () => process.exit(0));
`)}`);

describe('a service on several threads of its process', () => {
  let drained = 0;
  const metrics = createMetrics('test', { defaults: false });
  const one = (): ServiceOptions => ({ name: 'test', http: { host: '127.0.0.1', port: 0 }, module: class {}, log: undefined as never, metrics, ready: () => ({ ok: true, why: '' }), onDrain: async () => { drained += 1; } });
  const exit = jest.spyOn(process, 'exit').mockImplementation((() => undefined) as never);
  beforeEach(() => { drained = 0; exit.mockClear(); });
  afterEach(() => { metrics.counter('countersign_test_total', 'h', ['what']).reset(); });

  it('is ready when all members are, counts what all count, and drains them all', async () => {
    const service = startThreads(script("{ ok: true, why: '' }"), 2).of(one());
    expect(service.ready!()).toEqual({ ok: false, why: 'a thread is starting' });
    await until('both threads are ready', () => service.ready!().ok);
    metrics.counter('countersign_test_total', 'h', ['what']).inc({ what: 'records' }, 3);
    expect(await service.metrics!.text()).toMatch(/^countersign_test_total\{[^}]*\} 7$/m);
    await service.onDrain!();
    expect([drained, exit.mock.calls.length]).toEqual([1, 0]);
  });

  it('says what a member waits for', async () => {
    const service = startThreads(script("{ ok: false, why: 'waiting for partitions' }"), 1).of(one());
    await until('the one that is not ready is named', () => service.ready!().why === 'waiting for partitions');
    await service.onDrain!();
  });

  it('ends with any member that fails: a restart reads everything back', async () => {
    startThreads(new URL('data:text/javascript,process.exit(3)'), 1);
    await until('the process ends', () => exit.mock.calls.length === 1);
    expect(exit.mock.calls).toEqual([[1]]);
  });

  it('is the plain service where there is to be one thread', () => {
    const plain = one();
    expect(startThreads(script('{}'), 0).of(plain)).toBe(plain);
  });
});
