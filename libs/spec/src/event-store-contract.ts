import { beforeAll, describe, expect, it } from '@jest/globals';
import type { EventStore, OutboxMessage } from '@countersign/event-store';

/** What every event store must do. `outbox` reads what waits to go out, in order. */
export const eventStoreContract = (name: string, open: () => Promise<{ store: EventStore; outbox: () => Promise<readonly OutboxMessage[]> }>): void => {
  describe(`event-store contract: ${name}`, () => {
    let store: EventStore;
    let outbox: () => Promise<readonly OutboxMessage[]>;
    beforeAll(async () => { ({ store, outbox } = await open()); });
    const append = (stream: string, expectedVersion: number, types: readonly string[], keys: readonly string[] = []) => store.append({
      stream, expectedVersion, at: 5, by: 'olga', events: types.map((type) => ({ type, data: { type, text: 'ä "x"\u0000' } })),
      outbox: keys.map((key) => ({ topic: 't.v1', key, value: key === 'gone' ? null : Buffer.from([0, 255, 1]), headers: { ce_type: 'x' } })),
    });

    it('gives back what went in, with dense versions', async () => {
      expect(await store.load('a-none')).toEqual({ events: [], version: 0 });
      expect(await append('a', 0, ['one', 'two'])).toEqual({ status: 'ok', version: 2 });
      expect(await append('a', 2, ['three'])).toEqual({ status: 'ok', version: 3 });
      const loaded = await store.load('a');
      expect(loaded.version).toBe(3);
      expect(loaded.events.map((event) => [event.version, event.type, event.at, event.by])).toEqual([[1, 'one', 5, 'olga'], [2, 'two', 5, 'olga'], [3, 'three', 5, 'olga']]);
      expect(loaded.events[0]!.data).toEqual({ type: 'one', text: 'ä "x"\u0000' });
    });

    it('refuses another expectation and writes nothing of it, outbox included', async () => {
      const before = (await outbox()).length;
      await append('b', 0, ['one']);
      expect(await append('b', 0, ['late'], ['late'])).toEqual({ status: 'conflict', version: 1 });
      expect(await append('b', 7, ['early'], ['early'])).toEqual({ status: 'conflict', version: 1 });
      expect((await store.load('b')).version).toBe(1);
      expect(await outbox()).toHaveLength(before);
    });

    it('lets exactly one of many writers win', async () => {
      const results = await Promise.all(Array.from({ length: 12 }, (_, i) => append('race', 0, ['x'], [`race-${i}`])));
      expect(results.filter((result) => result.status === 'ok')).toHaveLength(1);
      expect((await store.load('race')).version).toBe(1);
      expect((await outbox()).filter((message) => message.key.startsWith('race-'))).toHaveLength(1);
    });

    it('keeps outbox messages in order and whole', async () => {
      await append('o', 0, ['x'], ['o-1', 'o-2', 'gone']);
      await append('o', 1, ['x'], ['o-3']);
      const mine = (await outbox()).filter((message) => message.key.startsWith('o-') || message.key === 'gone');
      expect(mine.map((message) => message.key)).toEqual(['o-1', 'o-2', 'gone', 'o-3']);
      expect(mine[0]).toEqual({ topic: 't.v1', key: 'o-1', value: Buffer.from([0, 255, 1]), headers: { ce_type: 'x' } });
      expect(mine[2]!.value).toBeNull();
    });

    it('appends to many streams at once, or to none of them', async () => {
      const one = (stream: string, expectedVersion: number, key: string) => ({ stream, expectedVersion, at: 5, by: 'olga', events: [{ type: 'x', data: { stream } }], outbox: [{ topic: 't.v1', key, value: Buffer.from([1]), headers: {} }] });
      const many = Array.from({ length: 2_500 }, (_, i) => `all:${i}`);
      expect(await store.appendAll(many.map((stream) => one(stream, 0, stream)))).toEqual({ status: 'ok' });
      expect((await store.heads('all:')).size).toBe(2_500);
      expect(await store.appendAll([...many.map((stream) => one(stream, 1, 'lost')), one('all:7777', 3, 'lost')])).toEqual({ status: 'conflict', stream: 'all:7777' });
      expect([...(await store.heads('all:')).values()].every((version) => version === 1)).toBe(true);
      const mine = (await outbox()).filter(({ key }) => key.startsWith('all:') || key === 'lost').map(({ key }) => key);
      expect(mine).toEqual(many);
      expect((await store.load('all:2499')).events).toMatchObject([{ version: 1, type: 'x', data: { stream: 'all:2499' }, at: 5, by: 'olga' }]);
    });

    it('lists streams by prefix', async () => {
      await append('p:2', 0, ['x']);
      await append('p:1', 0, ['x']);
      expect(await store.streams('p:')).toEqual(['p:1', 'p:2']);
    });
  });
};
