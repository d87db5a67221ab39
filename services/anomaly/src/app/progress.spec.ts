import { describe, expect, it } from '@jest/globals';
import { createProgress, mostBehindMs } from './progress.ts';

const at = (start = 1_000) => {
  let time = start;
  return { progress: createProgress(() => time), pass: (ms: number) => { time += ms; } };
};

describe('whether a partition gets on', () => {
  it('is not said of one that is not loaded, or whose end nobody has looked at', () => {
    const { progress } = at();
    progress.owned(0, 500n);
    expect(progress.getsOn(0)).toBe(false);
    progress.ends([500n, 500n]);
    expect([progress.getsOn(0), progress.getsOn(1)]).toEqual([true, false]);
    progress.lost(0);
    expect([progress.getsOn(0), progress.partitions]).toEqual([false, []]);
  });

  it('is only said after a backlog, once what stood there at first is handled', () => {
    const { progress } = at();
    progress.owned(0, 100n);
    progress.ends([900n]);
    expect(progress.getsOn(0)).toBe(false);
    progress.committed(0, 600n);
    expect(progress.getsOn(0)).toBe(false);
    progress.committed(0, 899n); // the last offset is a marker
    expect(progress.getsOn(0)).toBe(true);
  });

  it('is no longer said when a batch hangs, or when nothing is handled of what arrives; and again when it is', () => {
    const { progress, pass } = at();
    progress.owned(0, 100n);
    progress.ends([100n]);
    progress.began(0);
    pass(mostBehindMs);
    expect(progress.getsOn(0)).toBe(true);
    pass(1);
    expect(progress.getsOn(0)).toBe(false);
    progress.committed(0, 110n);
    expect(progress.getsOn(0)).toBe(true);
    progress.ends([300n]);
    for (let waited = 0; waited < mostBehindMs; waited += 1_000) { expect(progress.getsOn(0)).toBe(true); pass(1_000); progress.ends([400n]); }
    expect(progress.getsOn(0)).toBe(false);
    progress.committed(0, 300n);
    expect(progress.getsOn(0)).toBe(true);
  });

  it('is said of a busy partition that is always a second behind', () => {
    const { progress, pass } = at();
    progress.owned(0, 0n);
    progress.ends([0n]);
    for (let second = 1n; second < 100n; second++) {
      pass(1_000);
      progress.ends([second * 5_000n]);
      progress.committed(0, (second - 1n) * 5_000n);
      expect(progress.getsOn(0)).toBe(true);
    }
  });
});
