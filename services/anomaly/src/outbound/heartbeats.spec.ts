import { describe, expect, it } from '@jest/globals';
import type { Bus, BusMessage, Outgoing, Ownership } from '@countersign/bus';
import { topic } from '@countersign/contracts';
import { generateKey } from '@countersign/identity';
import { createProgress, mostBehindMs } from '../app/progress.ts';
import { tracked } from '../inbound/tracked.ts';
import { createVoice, startLevelHeartbeats } from './heartbeats.ts';

/** Partitions spoken for by the first beat, and what it reported; ends are at 100 everywhere. */
const firstBeat = async (prepare: (of: { readonly take: (what: 'scoring' | 'rekeying', partition: number, next: bigint) => Promise<ReturnType<typeof handling>>; readonly hang: (partition: number) => void; readonly pass: (ms: number) => void }) => Promise<void> | void) => {
  let time = 1_000;
  const scoring = createProgress(() => time), rekeying = createProgress(() => time);
  const take = async (what: 'scoring' | 'rekeying', partition: number, next: bigint) => handling(await tracked(what === 'scoring' ? scoring : rekeying, async () => ({ handle: () => [] }))({ partition, next } as Ownership));
  await prepare({ take, hang: (partition) => { void tracked(scoring, () => new Promise(() => undefined))({ partition, next: 0n } as Ownership); }, pass: (ms) => { time += ms; } });
  const errors: string[] = [];
  const published: Outgoing[] = [];
  const bus = { partitions: async () => 3, ends: async () => [100n, 100n, 100n], publish: async (messages: readonly Outgoing[]) => { published.push(...messages); } } as unknown as Bus;
  // The first beat goes out before stopping ends.
  await startLevelHeartbeats({ bus, key: generateKey('anomaly-1'), tenant: 'acme', now: () => time, scoring, rekeying, onError: (error) => errors.push(error.message) }).stop();
  expect(published.every((one) => one.topic === topic.anomalyLevels && one.headers?.['cs_signature'] !== undefined)).toBe(true);
  return { spokenFor: published.map(({ partition }) => partition), errors };
};
const handling = (owner: Awaited<ReturnType<ReturnType<typeof tracked>>>) => owner;
const batch: readonly BusMessage[] = [];

describe('heartbeats of levels', () => {
  it('speak for the partitions that are scored here and get on', async () => {
    expect(await firstBeat(async ({ take }) => { for (const partition of [0, 2]) await take('scoring', partition, 100n); await take('rekeying', 1, 100n); })).toEqual({ spokenFor: [0, 2], errors: [] });
  });

  it('do not speak for one whose checkpoint still loads, nor for one that is behind', async () => {
    expect(await firstBeat(async ({ take, hang }) => { hang(0); await take('scoring', 1, 20n); await take('scoring', 2, 100n); })).toEqual({ spokenFor: [2], errors: [] });
  });

  it('do not speak for one that was given up', async () => {
    expect((await firstBeat(async ({ take }) => { (await take('scoring', 0, 100n)).discard!(); await take('scoring', 1, 100n); })).spokenFor).toEqual([1]);
  });

  it('speak for none while re-keying waits: runs of any agent may stand there', async () => {
    const waits = await firstBeat(async ({ take, pass }) => { await take('scoring', 0, 100n); await (await take('rekeying', 1, 100n)).handle(batch); pass(10_001); });
    expect(waits).toEqual({ spokenFor: [], errors: [] });
  });

  it('tell once what does not get on for long, and nothing of a start that catches up', () => {
    let time = 1_000;
    const errors: string[] = [];
    const scoring = createProgress(() => time), rekeying = createProgress(() => time);
    const voice = createVoice({ now: () => time, scoring, rekeying, onError: (error) => errors.push(error.message) });
    const beat = () => voice.speaksFor({ governed: [100n], actions: [100n] });
    scoring.owned(0, 20n);
    expect([beat(), errors]).toEqual([[], []]);
    scoring.committed(0, 100n);
    expect([beat(), errors]).toEqual([[0], []]);
    rekeying.owned(0, 20n);
    for (let n = 0; n < 5; n++) { expect(beat()).toEqual([]); time += mostBehindMs / 2; }
    expect(errors).toEqual([expect.stringContaining(`re-keying of ${topic.runsGoverned}/0`)]);
  });
});
