import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createOutgoing, isPublic } from './outgoing.ts';

describe('the way out to configured addresses', () => {
  let server: Server;
  let port: number;
  const asked: string[] = [];
  beforeAll(async () => {
    server = createServer((request, answer) => {
      asked.push(`${request.method} ${request.url} ${request.headers.host}`);
      if (request.url === '/away') answer.writeHead(302, { location: 'http://169.254.169.254/latest/meta-data' }).end();
      else if (request.url === '/busy') answer.writeHead(429, { 'retry-after': '7' }).end('later');
      else if (request.url === '/flood') answer.end(Buffer.alloc(10_000_000, 'x'));
      else if (request.url !== '/silent') answer.end('taken');
    });
    await new Promise<void>((done) => { server.listen(0, '127.0.0.1', done); });
    ({ port } = server.address() as AddressInfo);
  });
  afterAll(() => { server.closeAllConnections(); server.close(); });
  const post = (url: string, allow: readonly string[] = ['127.0.0.1'], resolve?: () => Promise<{ address: string; family: number }[]>) => createOutgoing({ allow, ...(resolve && { resolve }) }).post(url, '{}', { headers: {}, timeoutMs: 400 });

  it.each(['10.1.2.3', '127.0.0.1', '169.254.169.254', '172.16.0.1', '192.168.1.1', '100.64.0.1', '0.0.0.0', '224.0.0.1', '::1', '::', 'fe80::1', 'fd00::1', '::ffff:10.0.0.1', '64:ff9b::a00:1', '2002:a00:1::', 'no address'])('%s is inside', (address) => expect(isPublic(address)).toBe(false));
  it.each(['93.184.216.34', '8.8.8.8', '2606:4700::1111'])('%s is outside', (address) => expect(isPublic(address)).toBe(true));

  it('calls nothing inside, however it is written, unless an operator allowed the host', async () => {
    const before = asked.length;
    for (const url of [`http://127.0.0.1:${port}/`, `http://2130706433:${port}/`, `http://0x7f.1:${port}/`, `http://[::ffff:127.0.0.1]:${port}/`, `http://localhost:${port}/`]) await expect(post(url, [])).rejects.toThrow('private network');
    await expect(post(`http://name.example:${port}/`, [], async () => [{ address: '93.184.216.34', family: 4 }, { address: '127.0.0.1', family: 4 }])).rejects.toThrow('private network');
    for (const url of ['file:///etc/passwd', 'ftp://x.example/', `http://user:secret@127.0.0.1:${port}/`]) await expect(post(url)).rejects.toThrow();
    expect(asked).toHaveLength(before);
    expect(await post(`http://127.0.0.1:${port}/`)).toMatchObject({ status: 200, body: 'taken' });
  });

  it('connects to the address that was checked, under the name that was asked', async () => {
    let asks = 0;
    expect(await post(`http://siem.internal:${port}/named`, ['siem.internal'], async () => { asks++; return [{ address: '127.0.0.1', family: 4 }]; })).toMatchObject({ status: 200 });
    expect([asks, asked.at(-1)]).toEqual([1, `POST /named siem.internal:${port}`]);
  });

  it('follows no redirect, reads no flood, waits for nobody', async () => {
    expect(await post(`http://127.0.0.1:${port}/away`)).toMatchObject({ status: 302 });
    expect(await post(`http://127.0.0.1:${port}/busy`)).toMatchObject({ status: 429, retryAfterS: 7 });
    expect((await post(`http://127.0.0.1:${port}/flood`)).body.length).toBeLessThanOrEqual(64 * 1024);
    await expect(post(`http://127.0.0.1:${port}/silent`)).rejects.toThrow();
  });
});
