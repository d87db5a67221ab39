import { describe, expect, it } from '@jest/globals';
import type { Lease } from '../core/lease.ts';
import { createLeaseWatch } from './leases.ts';

const world = (leases: readonly { readonly run: string; readonly until: number }[], begun = 0) => {
  let now = begun;
  const taken: string[] = [], hiccups: string[] = [];
  const watch = createLeaseWatch({
    leases: { held: async () => leases.map(({ run, until }): Lease => ({ run, until, agent: 'clerk', holder: 'w', fence: 1, heardAt: 0, released: false })) }, quarantined: async () => new Set(taken),
    quarantine: async (run) => { taken.push(run); }, hiccup: async (silent, of) => { hiccups.push(`${silent} of ${of}`); }, leaseMs: 1_000, now: () => now,
  });
  return { taken, hiccups, at: async (time: number) => { now = time; await watch.sweep(); } };
};

describe('watching who holds runs', () => {
  it('given one of four runtimes that falls silent, then its run is taken out, once', async () => {
    const w = world([{ run: 'r1', until: 5_000 }, ...['r2', 'r3', 'r4'].map((run) => ({ run, until: 99_000 }))]);
    for (const time of [5_000, 5_400, 5_501, 6_000, 7_000]) await w.at(time);
    expect([w.taken, w.hiccups]).toEqual([['r1'], []]);
  });

  it('given most of the fleet silent at once, then nobody is taken out, and it stands on the record once', async () => {
    const w = world([['r1', 5_000], ['r2', 5_300], ['r3', 5_200], ['r4', 99_000]].map(([run, until]) => ({ run: String(run), until: Number(until) })));
    for (const time of [5_100, 5_400, 5_600, 6_000, 9_000]) await w.at(time);
    expect([w.taken, w.hiccups]).toEqual([[], ['3 of 4']]);
  });

  it('a supervision that was away takes nobody out for what it could not hear', async () => {
    const w = world([{ run: 'r1', until: 5_000 }], 60_000);
    await w.at(61_000);
    expect(w.taken).toEqual([]);
    await w.at(61_600);
    expect(w.taken).toEqual(['r1']);
  });
});
