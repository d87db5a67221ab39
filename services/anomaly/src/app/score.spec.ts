import { describe, expect, it } from '@jest/globals';
import { partitionOf } from '../core/partition.ts';
import type { AgentState } from '../core/partition.ts';
import type { Checkpoint, CheckpointStore } from './ports.ts';
import { openScorer } from './score.ts';
import type { Placed } from './score.ts';

const minute = 60_000;
const log: readonly Placed[] = Array.from({ length: 300 }, (_, i) => ({
  offset: BigInt(i * 2), // Kafka leaves gaps
  seen: {
    kind: 'action', tenant: 'acme', agent: `agent-${i % 3}`, run: 'r', action: `a${i}`, tool: 't', group: 'g', owner: 'o', version: 1, consequential: true, reversible: true, impact: 'medium',
    targets: [i > 250 ? `new-${i}` : 'known'], trust: 'instruction', from: null, signs: [], denied: false, now: i * minute / 6,
  },
}));
const memoryStore = () => {
  let kept: { next: bigint; minute: number; agents: Map<string, AgentState> } | undefined;
  let broken = false;
  const store: CheckpointStore = {
    load: async () => kept && { ...kept, agents: new Map(kept.agents) },
    save: async (_, { next, minute, agents }: Checkpoint) => {
      if (broken) throw new Error('away');
      if (kept && kept.next >= next) return false;
      kept = { next, minute, agents: new Map([...(kept?.agents ?? []), ...agents]) };
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
    const said = await work(whole, 0, 300);
    expect(said.levels.length).toBeGreaterThan(0);
    for (const cut of [0, 1, 30, 130, 275, 299]) {
      const { store } = memoryStore();
      const first = await open(store, 0n);
      const before = await work(first, 0, cut);
      const second = await open(store, cut === 0 ? 0n : log[cut - 1]!.offset + 1n);
      expect(second.state).toEqual(first.state);
      const after = await work(second, cut, 300);
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
    expect(partitionOf(kept()!.agents, kept()!.minute)).toEqual(scorer.state);
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
    await work(await open(store, 0n), 0, 300);
    const fresh = await open(store, 0n);
    expect([fresh.state.agents.size, kept()]).toEqual([0, undefined]);
  });
});
