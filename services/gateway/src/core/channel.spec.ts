import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { createChannel } from './channel.ts';
import type { ChannelEvent } from './channel.ts';

describe('a channel', () => {
  it('goes on where a reader was, or says that it cannot', () => {
    fc.assert(fc.property(fc.nat(40), fc.nat(40), fc.nat(40), (published, seen, more) => {
      const channel = createChannel('e1', 10);
      for (let i = 1; i <= published; i++) channel.publish('n', i);
      const got: ChannelEvent[] = [];
      channel.subscribe(`e1-${seen}`, (event) => got.push(event));
      for (let i = 1; i <= more; i++) channel.publish('n', published + i);
      const known = seen <= published && seen >= published - 10;
      const after = Array.from({ length: more }, (_, i) => published + i + 1);
      const missed = Array.from({ length: Math.max(0, published - seen) }, (_, i) => seen + i + 1);
      expect(got[0]?.event === 'gap').toBe(!known);
      expect(got.filter((event) => event.event === 'n').map((event) => event.data)).toEqual(known ? [...missed, ...after] : after);
    }), { seed: 7, numRuns: 500 });
  });

  it('knows ids of another life for what they are', () => {
    const channel = createChannel('e2');
    channel.publish('n', 1);
    for (const id of ['e1-1', 'nonsense', '', 'e2-99']) {
      const got: ChannelEvent[] = [];
      channel.subscribe(id, (event) => got.push(event))();
      expect(got).toMatchObject([{ event: 'gap', id: 'e2-1' }]);
    }
    expect(channel.readers).toBe(0);
  });
});
