import { describe, expect, it } from '@jest/globals';
import { followSnapshot, publishSnapshot, startHeartbeats } from '@countersign/bus';
import type { BusMessage } from '@countersign/bus';
import { fresh, numbered, readAll, text } from './harness.ts';
import { until } from '../until.ts';
import type { Tools } from './harness.ts';

interface Tool { readonly name: string; readonly version: number }

const accept = (message: BusMessage): { value: Tool; version: number } | undefined => {
  const tool = JSON.parse(text(message)) as Partial<Tool>;
  return typeof tool.version === 'number' ? { value: tool as Tool, version: tool.version } : undefined;
};

export const snapshotCases = ({ under, topic, another }: Tools): void => {
  describe('snapshots', () => {
    it('is ready after heartbeats in every partition, holds the newest of each key, and goes stale', async () => {
      const { bus } = under();
      const name = await topic(2, { compacted: true });
      const write = (tool: Tool) => publishSnapshot(bus, name, { key: tool.name, value: Buffer.from(JSON.stringify(tool)) });
      await write({ name: 'a', version: 1 });
      await write({ name: 'a', version: 3 });
      await write({ name: 'a', version: 2 });
      await write({ name: 'gone', version: 1 });
      await publishSnapshot(bus, name, { key: 'gone', value: null });
      await publishSnapshot(bus, name, { key: 'forged', value: Buffer.from('{}') });
      let clock = Date.now();
      const now = (): number => clock;
      let ready = false;
      const snapshot = followSnapshot<Tool>(await another(), { topic: name, accept, now, staleAfterMs: 3_000 });
      snapshot.ready.then(() => { ready = true; }, () => undefined);
      try {
        await until('the newest of a', () => snapshot.get('a')?.version === 3);
        expect(ready).toBe(false);
        expect(snapshot.isStale()).toBe(true);
        const heart = startHeartbeats(bus, name, { everyMs: 20, now });
        await snapshot.ready;
        expect(snapshot.isStale()).toBe(false);
        expect([...snapshot.entries()].map(([key, tool]) => [key, tool.version])).toEqual([['a', 3]]);
        expect(snapshot.size).toBe(1);
        expect(snapshot.dropped()).toBe(1);
        await heart.stop();
        clock += 10_000;
        await until('stale', () => snapshot.isStale());
        const again = startHeartbeats(bus, name, { everyMs: 20, now });
        await until('fresh again', () => !snapshot.isStale());
        const before = snapshot.version();
        await write({ name: 'b', version: 1 });
        await until('b', () => snapshot.get('b') !== undefined);
        expect(snapshot.version()).toBeGreaterThan(before);
        await again.stop();
      } finally { await snapshot.stop(); }
    });

    it('is not ready by heartbeats that were written before it began', async () => {
      const { bus } = under();
      const name = await topic(1, { compacted: true });
      const heart = startHeartbeats(bus, name, { everyMs: 20, now: Date.now });
      await until('an old heartbeat', async () => (await bus.ends(name))[0]! > 0n);
      await heart.stop();
      let ready = false;
      const seen: string[] = [];
      const snapshot = followSnapshot<string>(bus, { topic: name, accept: (message) => ({ value: text(message) }), onChange: (key) => { seen.push(key); }, now: Date.now });
      snapshot.ready.then(() => { ready = true; }, () => undefined);
      try {
        await bus.publish(numbered(name, 1, 1));
        await until('what came after the old heartbeats', () => seen.length === 1);
        expect(ready).toBe(false);
        expect(snapshot.size).toBe(1);
      } finally { await snapshot.stop(); }
    });

    it('keeps every key of a compacted topic', async () => {
      const { bus } = under();
      const name = await topic(1, { compacted: true });
      const key = fresh('key');
      await bus.publish([{ topic: name, key, value: Buffer.from('one') }, { topic: name, key: 'other', value: Buffer.from('x') }, { topic: name, key, value: Buffer.from('two') }]);
      const newest = new Map((await readAll(bus, name)).map((message) => [message.key, text(message)]));
      expect(newest).toEqual(new Map([[key, 'two'], ['other', 'x']]));
    });
  });
};
