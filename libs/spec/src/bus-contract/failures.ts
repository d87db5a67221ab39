import { describe, expect, it } from '@jest/globals';
import { PoisonMessage, deadLetterOf, putBack } from '@countersign/bus';
import { gapless, numbered, readAll, text } from './harness.ts';
import { until } from '../until.ts';
import type { Tools } from './harness.ts';

export const failureCases = ({ under, topic, group, running }: Tools): void => {
  const withDeadLetters = async (): Promise<{ name: string; dead: string }> => {
    const name = await topic(1);
    const dead = deadLetterOf(name);
    await under().bus.ensureTopics([{ name: dead, partitions: 1, compacted: false, retentionMs: 3_600_000, maxMessageBytes: 1_010_000 }]);
    return { name, dead };
  };

  describe('failures', () => {
    it('takes poison aside with its bytes and place, moves on, and puts it back', async () => {
      const { bus } = under();
      const { name, dead } = await withDeadLetters();
      const seen = new Set<string>();
      let cured = false;
      await running(bus.subscribe({ group: group(), topics: [name], from: 'start', deadLetters: dead, onBatch: async (batch) => {
        for (const message of batch) {
          if (!cured && (text(message) === 'key-0:3' || text(message) === 'key-0:5')) throw new PoisonMessage(message, 'schema_invalid', 'not what the schema says');
          seen.add(text(message));
        }
      } }));
      await bus.publish(numbered(name, 10, 1).map((one) => ({ ...one, headers: { ce_id: one.value!.toString() } })));
      await until('all but the poison', () => seen.size === 8);
      expect(seen.has('key-0:3') || seen.has('key-0:5')).toBe(false);
      await until('the dead letters', async () => (await bus.ends(dead))[0]! > 0n && (await readAll(bus, dead)).length >= 2);
      const letters = await readAll(bus, dead);
      expect(letters.map(text)).toEqual(['key-0:3', 'key-0:5']);
      expect(letters[0]).toMatchObject({ key: 'key-0', headers: { ce_id: 'key-0:3', cs_dead_code: 'schema_invalid', cs_dead_detail: 'not what the schema says', cs_dead_topic: name, cs_dead_partition: '0', cs_dead_offset: '3' } });
      cured = true;
      const back = putBack(letters[0]!)!;
      expect(back.headers).toEqual({ ce_id: 'key-0:3' });
      await bus.publish([back]);
      await until('the letter put back', () => seen.has('key-0:3'));
    });

    it('holds the partition at poison when there are no dead letters', async () => {
      const { bus } = under();
      const name = await topic(1);
      const seen: string[] = [];
      let refusals = 0;
      let cured = false;
      await running(bus.subscribe({ group: group(), topics: [name], from: 'start', maxBatch: 1, onBatch: async (batch) => {
        for (const message of batch) {
          if (!cured && text(message) === 'key-0:1') { refusals += 1; throw new PoisonMessage(message, 'schema_invalid', 'bad'); }
          seen.push(text(message));
        }
      } }));
      await bus.publish(numbered(name, 3, 1));
      await until('the poison to be tried again', () => refusals >= 3);
      expect(seen).toEqual(['key-0:0']);
      cured = true;
      await until('the rest', () => seen.length >= 3);
      expect(gapless(seen)).toBe(true);
    });

    it('waits out an infrastructure failure: nothing skipped, order kept, other partitions unharmed', async () => {
      const { bus } = under();
      const name = await topic(2);
      const seen: [string[], string[]] = [[], []];
      const told: Error[] = [];
      let failing = 5;
      await running(bus.subscribe({ group: group(), topics: [name], from: 'start', maxBatch: 3, onError: (error) => told.push(error), onBatch: async (batch, context) => {
        if (context.partition === 0 && seen[0].length >= 3 && failing > 0) { failing -= 1; throw new Error('database away'); }
        seen[context.partition as 0 | 1].push(...batch.map(text));
      } }));
      const into = (partition: number) => numbered(name, 12, 1).map((one) => ({ ...one, partition }));
      await bus.publish([...into(0), ...into(1)]);
      await until('both partitions whole', () => seen[0].length >= 12 && seen[1].length >= 12);
      expect(failing).toBe(0);
      expect(told.filter((error) => error.message.includes('database away')).length).toBe(5);
      expect(seen.map((values) => [values.length, gapless(values)])).toEqual([[12, true], [12, true]]);
    });

    it('stops, loudly, at an offset that the log has forgotten', async () => {
      const { bus, forget } = under();
      if (forget === undefined) return;
      const name = await topic(1);
      const same = group();
      await bus.publish(numbered(name, 10, 1));
      const seen: string[] = [];
      let fails = false;
      const first = await running(bus.subscribe({ group: same, topics: [name], from: 'start', maxBatch: 2, onBatch: async (batch) => {
        if (seen.length >= 2) { fails = true; throw new Error('stay here'); }
        seen.push(...batch.map(text));
      } }));
      await until('the group to stand at 2', () => fails);
      await first.stop();
      await forget(name, 0, 6n);
      const after: string[] = [];
      const second = await running(bus.subscribe({ group: same, topics: [name], from: 'start', onBatch: async (batch) => { after.push(...batch.map(text)); } }));
      await expect(second.ended).rejects.toThrow(/out of range/i);
      expect(after).toEqual([]);
      expect((await readAll(bus, name)).map(text)).toEqual(['key-0:6', 'key-0:7', 'key-0:8', 'key-0:9']);
    });
  });
};
