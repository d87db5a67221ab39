import { describe, expect, it } from '@jest/globals';
import { createBatchSize } from './batch-size.ts';

const limits = { least: 50, most: 1_000, withinMs: 100 };

describe('the size of a batch', () => {
  it('begins small, and grows to the most while messages take little', () => {
    const size = createBatchSize(limits);
    expect(size.next()).toBe(50);
    for (let n = 0; n < 20; n++) size.took(size.next(), size.next() * 0.05);
    expect(size.next()).toBe(1_000);
  });

  it('is what can be worked at in the time, where messages take long, and never less than the least', () => {
    const size = createBatchSize(limits);
    for (let n = 0; n < 40; n++) size.took(400, 400 * 0.49);
    expect(size.next()).toBe(204);
    for (let n = 0; n < 40; n++) size.took(10, 10 * 20);
    expect(size.next()).toBe(50);
  });

  it('is not thrown off for good by one batch that stood still, or by a clock that did', () => {
    const size = createBatchSize(limits);
    for (let n = 0; n < 40; n++) size.took(400, 40);
    size.took(1_000, 2_000);
    expect(size.next()).toBeLessThan(200);
    for (let n = 0; n < 20; n++) size.took(100, 0);
    expect(size.next()).toBe(1_000);
  });

  it('keeps to fewer where fewer are all that is allowed', () => {
    expect(createBatchSize({ ...limits, most: 10 }).next()).toBe(10);
  });
});
