import { describe, expect, it } from '@jest/globals';
import { partitionFor } from '@countersign/bus';
import { gapless, numbered, readAll, text } from './harness.ts';
import type { Tools } from './harness.ts';

export const topicCases = ({ under, topic }: Tools): void => {
  describe('topics and publishing', () => {
    it('creates topics once and refuses another number of partitions', async () => {
      const { bus } = under();
      const name = await topic(3);
      const spec = { name, partitions: 3, compacted: false, retentionMs: 3_600_000, maxMessageBytes: 1_000_000 };
      await bus.publish([{ topic: name, key: 'k', value: Buffer.from('kept') }]);
      await Promise.all([bus.ensureTopics([spec]), bus.ensureTopics([spec])]);
      expect((await readAll(bus, name)).map(text)).toEqual(['kept']);
      await expect(bus.ensureTopics([{ ...spec, partitions: 4 }])).rejects.toThrow(/partition/i);
      expect(await bus.partitions(name)).toBe(3);
    });

    it('refuses a topic that does not exist', async () => {
      await expect(under().bus.publish([{ topic: 'spec.nowhere.v1', key: 'k', value: null }])).rejects.toThrow();
      await expect(under().bus.partitions('spec.nowhere.v1')).rejects.toThrow();
    });

    it('places by murmur2 of the key, or where it is told', async () => {
      const { bus } = under();
      const name = await topic(4);
      await bus.publish([...numbered(name, 40, 20), { topic: name, key: 'told', value: Buffer.from('told'), partition: (partitionFor('told', 4) + 1) % 4 }]);
      const all = await readAll(bus, name);
      expect(all).toHaveLength(41);
      for (const message of all) {
        const natural = partitionFor(message.key!, 4);
        expect(message.partition).toBe(message.key === 'told' ? (natural + 1) % 4 : natural);
      }
      expect(new Set(all.map((message) => message.partition)).size).toBe(4);
      await expect(bus.publish([{ topic: name, key: 'k', value: null, partition: 4 }])).rejects.toThrow();
    });

    it('keeps bytes, headers, keys and tombstones as they came, and the order of a key', async () => {
      const { bus } = under();
      const name = await topic(2);
      const bytes = Buffer.from([0, 255, 195, 40, 0]);
      const before = Date.now();
      await bus.publish([{ topic: name, key: 'käy "1"', value: bytes, headers: { ce_id: 'a', 'content-type': 'application/ä' } }]);
      await bus.publish([{ topic: name, key: 'käy "1"', value: null }]);
      const all = await readAll(bus, name);
      expect(all.map((message) => message.key)).toEqual(['käy "1"', 'käy "1"']);
      expect(all[0]!.value!.equals(bytes)).toBe(true);
      expect(all[0]!.headers).toEqual({ ce_id: 'a', 'content-type': 'application/ä' });
      expect(all[1]!.value).toBeNull();
      expect(all[1]!.offset).toBeGreaterThan(all[0]!.offset);
      const after = Date.now();
      for (const { timestamp } of all) expect([timestamp > before - 2_000, timestamp < after + 2_000]).toEqual([true, true]);
    });

    it('keeps the order of every key under concurrent publishers of different keys', async () => {
      const { bus } = under();
      const name = await topic(3);
      await Promise.all(Array.from({ length: 8 }, async (_, writer) => {
        for (let n = 0; n < 10; n += 1) await bus.publish([{ topic: name, key: `w${writer}`, value: Buffer.from(`w${writer}:${n}`) }]);
      }));
      const all = await readAll(bus, name);
      expect(all).toHaveLength(80);
      expect(gapless(all.map(text))).toBe(true);
    });

    it('refuses what is larger than the topic takes', async () => {
      const name = await topic(1, { maxMessageBytes: 2_000 });
      await expect(under().bus.publish([{ topic: name, key: 'k', value: Buffer.alloc(4_000) }])).rejects.toThrow();
      expect(await readAll(under().bus, name)).toHaveLength(0);
    });

    it('tells the ends by partition', async () => {
      const { bus } = under();
      const name = await topic(2);
      expect(await bus.ends(name)).toEqual([0n, 0n]);
      await bus.publish([0, 1, 2].map((n) => ({ topic: name, key: 'k', value: Buffer.from(String(n)), partition: 1 })));
      expect(await bus.ends(name)).toEqual([0n, 3n]);
    });
  });
};
