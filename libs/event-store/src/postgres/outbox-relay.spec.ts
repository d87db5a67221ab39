import { describe, expect, it } from '@jest/globals';
import { EventEmitter } from 'node:events';
import { startOutboxRelay } from './outbox-relay.ts';

/** An outbox of which each look is let go on by the test. */
const setUp = () => {
  const rows: { id: string; topic: string; key: string; value: null; headers: object }[] = [];
  const looks: (() => void)[] = [];
  let looking = (): void => undefined;
  const client = Object.assign(new EventEmitter(), {
    release: () => undefined,
    query: async (text: string) => {
      if (text.includes('advisory')) return { rows: [{ mine: true }] };
      if (text.startsWith('DELETE')) { rows.length = 0; return { rows: [] }; }
      const seen = [...rows];
      await new Promise<void>((resolve) => { looks.push(resolve); looking(); });
      return { rows: seen };
    },
  });
  let published = (_: readonly unknown[]): void => undefined;
  const publishing = new Promise<readonly unknown[]>((resolve) => { published = resolve; });
  // It rests for hours: only a wake makes it look again.
  const relay = startOutboxRelay({ pool: { connect: async () => client } as never, bus: { publish: async (messages) => { published(messages); } }, shard: 's', idleMs: 2 ** 30 });
  const nextLook = async (): Promise<() => void> => {
    if (looks.length === 0) await new Promise<void>((resolve) => { looking = resolve; });
    return looks.shift()!;
  };
  return { relay, rows, nextLook, publishing };
};

describe('a relay that is woken', () => {
  it('while it is looking at the queue already, looks again at once: what it was woken for came too late for that look', async () => {
    const { relay, rows, nextLook, publishing } = setUp();
    (await nextLook())();
    // given that it was woken once out of its rest
    await new Promise(setImmediate);
    relay.wake();
    const second = await nextLook();
    // when a row is written, and it is woken, while it looks
    rows.push({ id: '1', topic: 't', key: 'k', value: null, headers: {} });
    relay.wake();
    second();
    // then that row goes out
    (await nextLook())();
    expect(await publishing).toEqual([{ topic: 't', key: 'k', value: null, headers: {} }]);
    (await nextLook())();
    await relay.stop();
  });
});
