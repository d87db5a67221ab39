import { createServer } from 'node:net';
import type { Socket } from 'node:net';
import { randomBytes } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { hotStateContract } from '@countersign/spec';
import { createRedisHotState } from './index.ts';

const url = process.env['CS_TEST_REDIS'];
if (url === undefined) throw new Error('CS_TEST_REDIS is not set: run through npm test, which starts Redis');

hotStateContract('redis', async () => createRedisHotState({ url, prefix: `test:${randomBytes(6).toString('hex')}:` }), async () => createRedisHotState({ url: 'redis://127.0.0.1:1', timeoutMs: 300 }));

describe('redis hot state', () => {
  it('shares single use between instances', async () => {
    const prefix = `test:${randomBytes(6).toString('hex')}:`;
    const [a, b] = [createRedisHotState({ url, prefix }), createRedisHotState({ url, prefix })];
    const won = await Promise.all([a.setIfAbsent('k', 10_000), b.setIfAbsent('k', 10_000)]);
    expect(won.filter(Boolean)).toHaveLength(1);
    // The server's own start, as each works it out from its uptime: to the second, and to how long the answer took.
    expect(Math.abs((await a.startedAt()) - (await b.startedAt()))).toBeLessThan(10_000);
    await Promise.all([a.close(), b.close()]);
  });

  it('rejects within its time when the server accepts and then says nothing', async () => {
    const sockets: Socket[] = [];
    const silent = createServer((socket) => sockets.push(socket));
    const port = await new Promise<number>((resolve) => silent.listen(0, '127.0.0.1', () => resolve((silent.address() as { port: number }).port)));
    const store = createRedisHotState({ url: `redis://127.0.0.1:${port}`, timeoutMs: 200 });
    // (Without its time-out it would never come back.)
    await expect(store.setIfAbsent('k', 1_000)).rejects.toMatchObject({ code: 'hot_state_unavailable' });
    await store.close();
    for (const socket of sockets) socket.destroy();
    silent.close();
  });
});
