import { describe, expect, it } from '@jest/globals';
import type { BusMessage } from '@countersign/bus';
import { gapless, numbered, readAll, text } from './harness.ts';
import { until } from '../until.ts';
import type { Tools } from './harness.ts';

export const scanCases = ({ under, topic }: Tools): void => {
  describe('scanning', () => {
    const scanned = async (name: string, range: { readonly fromMs?: number; readonly toMs?: number } = {}) => {
      const seen: BusMessage[] = [];
      let told = 0n;
      await under().bus.scan({ topic: name, ...range, onBatch: (batch) => { seen.push(...batch); }, onRanges: (ranges) => { told = ranges.reduce((sum, { from, to }) => sum + to - from, 0n); } });
      return { seen, told };
    };

    it('reads all that is there, each partition in order, and ends', async () => {
      const name = await topic();
      await under().bus.publish(numbered(name, 700));
      const { seen, told } = await scanned(name);
      expect(seen).toHaveLength(700);
      expect(gapless(seen.map(text))).toBe(true);
      expect(Number(told)).toBeGreaterThanOrEqual(700);
      await expect(scanned(await topic())).resolves.toEqual({ seen: [], told: 0n });
    });

    it('reads what was appended from one time up to another', async () => {
      const name = await topic(2);
      const { bus } = under();
      for (let round = 0; round < 3; round++) {
        const before = Date.now();
        await until('time to pass', () => Date.now() > before + 5);
        await bus.publish(numbered(name, 30, 7, round * 30));
      }
      const all = await readAll(bus, name);
      const times = [...new Set(all.map(({ timestamp }) => timestamp))].sort((a, b) => a - b);
      for (const [fromMs, toMs] of [[times[0]!, times.at(-1)!], [times[1]!, times.at(-1)! + 1], [times.at(-1)! + 1, times.at(-1)! + 9], [0, times[1]!]] as const) {
        const { seen } = await scanned(name, { fromMs, toMs });
        const expected = all.filter(({ timestamp }) => timestamp >= fromMs && timestamp < toMs);
        expect(seen.map(text).sort()).toEqual(expected.map(text).sort());
      }
    });

    it('hands out one batch at a time, and ends with what its reader throws', async () => {
      const name = await topic();
      await under().bus.publish(numbered(name, 60));
      let inside = 0, most = 0;
      await under().bus.scan({ topic: name, onBatch: async () => {
        most = Math.max(most, ++inside);
        await new Promise((resolve) => setImmediate(resolve));
        inside--;
      } });
      expect(most).toBe(1);
      let after = 0;
      await expect(under().bus.scan({ topic: name, onBatch: () => { after++; throw new Error('enough'); } })).rejects.toThrow('enough');
      expect(after).toBe(1);
      await expect(under().bus.scan({ topic: 'spec.nothing.v1', onBatch: () => undefined })).rejects.toMatchObject({ code: 'topic_unknown' });
    });
  });
};
