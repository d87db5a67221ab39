import { describe, expect, it } from '@jest/globals';
import { accepted, nothingNew, refused } from '@countersign/kernel';
import type { Decider } from '@countersign/kernel';
import { createMemoryEventStore } from '@countersign/spec';
import { eventStoreContract } from '@countersign/spec';
import { decideAndAppend, StreamContended } from './decide-and-append.ts';

eventStoreContract('memory', async () => {
  const store = createMemoryEventStore();
  return { store, outbox: async () => store.outbox };
});

type Event = { type: 'added'; n: number };
const counter: Decider<number, Event, number, 'too_much'> = {
  initialState: 0,
  evolve: (state, event) => state + event.n,
  decide: (n, state) => (n === 0 ? nothingNew : state + n > 10 ? refused('too_much', 'at most 10') : accepted({ type: 'added', n })),
};
const add = (store: ReturnType<typeof createMemoryEventStore>, n: number, attempts?: number) => decideAndAppend({
  store, decider: counter, stream: 's', command: n, at: 1, by: 'x', ...(attempts ? { attempts } : {}),
  outbox: (_, state, version) => [{ topic: 't', key: 's', value: Buffer.from(`${state}@${version}`), headers: {} }],
});

describe('decideAndAppend', () => {
  it('writes events with their messages, and nothing where nothing happened', async () => {
    const store = createMemoryEventStore();
    expect(await add(store, 7)).toMatchObject({ outcome: { status: 'accepted' }, state: 7, version: 1 });
    expect(await add(store, 7)).toMatchObject({ outcome: { status: 'refused', code: 'too_much' }, state: 7, version: 1 });
    expect(await add(store, 0)).toMatchObject({ outcome: { status: 'nothing-new' }, version: 1 });
    expect(store.outbox.map((message) => message.value!.toString())).toEqual(['7@1']);
  });

  it('decides again after losing a race, on what the winner left', async () => {
    const store = createMemoryEventStore();
    const results = await Promise.all([4, 4, 4].map((n) => add(store, n)));
    expect(results.map((result) => result.outcome.status).sort()).toEqual(['accepted', 'accepted', 'refused']);
    expect((await store.load('s')).version).toBe(2);
  });

  it('gives up retryably when others always win', async () => {
    const store = createMemoryEventStore();
    const contended = { ...store, append: async () => ({ status: 'conflict' as const, version: 9 }) };
    await expect(add(contended, 1, 3)).rejects.toThrow(StreamContended);
  });
});
