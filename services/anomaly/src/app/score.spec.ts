import { describe, expect, it } from '@jest/globals';
import { hijacked, history, minute, ordinary } from '../anomaly.fixture.ts';
import { assemble } from './parts.ts';
import type { Checkpoint, CheckpointStore } from './ports.ts';
import { openScorer } from './score.ts';
import type { Placed } from './score.ts';

const log: readonly Placed[] = [
  ...history(['anna', 'bert', 'carl'], 120), ...hijacked('anna', 9_000, 126 * 12 * minute), ...ordinary('bert', 300, 127 * 12 * minute), ...hijacked('carl', 9_001, 128 * 12 * minute), ...ordinary('bert', 301, 140 * 12 * minute),
].map((entry, i) => ({ offset: BigInt(i * 2), entry })); // Kafka leaves gaps
const memoryStore = () => {
  let kept: { next: bigint; minute: number; parts: Map<string, unknown> } | undefined;
  let broken = false;
  const store: CheckpointStore = {
    load: async () => kept && structuredClone(kept),
    save: async (_, { next, minute: saved, parts }: Checkpoint) => {
      if (broken) throw new Error('away');
      if (kept && kept.next >= next) return false;
      kept = structuredClone({ next, minute: saved, parts: new Map([...(kept?.parts ?? []), ...parts]) });
      return true;
    },
    forget: async () => { kept = undefined; },
  };
  return { store, kept: () => kept, breaks: (on: boolean) => { broken = on; } };
};
const open = (store: CheckpointStore, next: bigint, errors: Error[] = []) => openScorer({
  partition: 0, next, store, every: 40, onError: (error) => errors.push(error),
  reread: async function* (from, to) { yield log.filter((one) => one.offset >= from && one.offset < to); },
});
/** Works from an offset to another in batches of 25. */
const work = async (scorer: Awaited<ReturnType<typeof open>>, from: number, to: number) => {
  const said = [];
  for (let at = from; at < to; at += 25) {
    const batch = log.slice(at, Math.min(to, at + 25));
    said.push(scorer.handle(batch));
    await scorer.committed(batch.at(-1)!.offset + 1n);
  }
  return { levels: said.flatMap((one) => one.levels), findings: said.flatMap((one) => one.findings) };
};

describe('taking a partition over', () => {
  it('rebuilds the state bit for bit and says the same from there on', async () => {
    const whole = await open(memoryStore().store, 0n);
    const said = await work(whole, 0, log.length);
    expect(said.levels.length).toBeGreaterThan(0);
    for (const cut of [0, 1, 30, 130, 483, log.length - 1]) {
      const { store } = memoryStore();
      const first = await open(store, 0n);
      const before = await work(first, 0, cut);
      const second = await open(store, cut === 0 ? 0n : log[cut - 1]!.offset + 1n);
      expect(second.state).toEqual(first.state);
      const after = await work(second, cut, log.length);
      expect(second.state).toEqual(whole.state);
      expect({ levels: [...before.levels, ...after.levels], findings: [...before.findings, ...after.findings] }).toEqual(said);
    }
  });

  it('goes on without a checkpoint store, and catches its checkpoint up later', async () => {
    const { store, kept, breaks } = memoryStore();
    const errors: Error[] = [];
    const scorer = await open(store, 0n, errors);
    breaks(true);
    await work(scorer, 0, 100);
    expect(errors.map((error) => error.message)).toEqual(['away', 'away']);
    expect(kept()).toBeUndefined();
    breaks(false);
    await work(scorer, 100, 150);
    expect(assemble(kept()!.parts, kept()!.minute)).toEqual(scorer.state);
  });

  it('never lets a slow older owner put a checkpoint back', async () => {
    const { store, kept } = memoryStore();
    const older = await open(store, 0n);
    await work(older, 0, 25);
    const newer = await open(store, log[24]!.offset + 1n);
    await work(newer, 25, 100);
    const { next } = kept()!;
    await work(older, 25, 50);
    expect(kept()!.next).toBe(next);
  });

  it('throws a checkpoint away that is ahead of the topic', async () => {
    const { store, kept } = memoryStore();
    await work(await open(store, 0n), 0, log.length);
    const fresh = await open(store, 0n);
    expect([fresh.state.detector.agents.size, kept()]).toEqual([0, undefined]);
  });
});
