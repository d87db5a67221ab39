import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createOutgoing, expectJson, isPublic } from './outgoing.ts';

describe('what leaves for other people\'s servers', () => {
  let server: Server;
  let origin: string;
  const seen: string[] = [];
  beforeAll(async () => {
    server = createServer((request, response) => {
      seen.push(`${request.method} ${request.url} ${request.headers.host}`);
      if (request.url === '/moved') return response.writeHead(302, { location: 'http://169.254.169.254/latest/meta-data' }).end();
      if (request.url === '/large') return response.end('x'.repeat(2_000));
      if (request.url === '/slow') return undefined;
      return response.writeHead(200, { 'content-type': 'application/json' }).end('{"ok":true}');
    });
    await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve); });
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => new Promise((resolve) => { server.closeAllConnections(); server.close(resolve); }));

  it('reaches an origin that the operator vouches for', async () => {
    const answer = await createOutgoing({ allow: [origin] })({ method: 'POST', url: `${origin}/in`, body: '{}' });
    expect(expectJson(answer, 'it')).toEqual({ ok: true });
  });

  it.each([
    'https://127.0.0.1/', 'https://localhost/', 'https://[::1]/', 'https://0.0.0.0/', 'https://10.1.2.3/', 'https://192.168.0.1/', 'https://172.16.0.1/', 'https://169.254.169.254/latest/meta-data', 'https://100.64.0.1/',
    'https://2130706433/', 'https://0x7f.1/', 'https://0177.0.0.1/', 'https://[::ffff:127.0.0.1]/', 'https://[::ffff:7f00:1]/', 'https://[fe80::1]/', 'https://[fd00::1]/', 'https://[64:ff9b::7f00:1]/', 'https://[::7f00:1]/', 'https://[::127.0.0.1]/', 'https://[2002:7f00:1::]/', 'https://224.0.0.1/',
  ])('never goes to %s', async (url) => {
    await expect(createOutgoing({ allow: [] })({ method: 'POST', url })).rejects.toMatchObject({ permanent: true });
  });

  it.each([['http on the public internet', 'http://93.184.216.34/'], ['credentials in the address', 'https://user:password@93.184.216.34/'], ['a file', 'file:///etc/passwd']])('refuses %s', async (_, url) => {
    await expect(createOutgoing({ allow: [] })({ method: 'GET', url })).rejects.toMatchObject({ permanent: true });
  });

  it('refuses a name as soon as one of its addresses is private', async () => {
    const outgoing = createOutgoing({ allow: [], resolve: () => Promise.resolve(['93.184.216.34', '127.0.0.1']) });
    await expect(outgoing({ method: 'POST', url: 'https://hooks.example/in' })).rejects.toMatchObject({ permanent: true });
  });

  it('connects to the address that was checked, whatever the name resolves to a moment later', async () => {
    const { port } = new URL(origin);
    let asked = 0;
    const outgoing = createOutgoing({ allow: [`http://rebind.example:${port}`], resolve: () => Promise.resolve(asked++ === 0 ? ['127.0.0.1'] : ['10.0.0.1']) });
    expect((await outgoing({ method: 'GET', url: `http://rebind.example:${port}/name` })).status).toBe(200);
    expect([asked, seen.at(-1)]).toEqual([1, `GET /name rebind.example:${port}`]);
  });

  it('reaches a host that the operator vouches for at any port, and no other by it', async () => {
    expect((await createOutgoing({ allow: ['127.0.0.1'] })({ method: 'POST', url: `${origin}/in` })).status).toBe(200);
    await expect(createOutgoing({ allow: ['127.0.0.2'] })({ method: 'POST', url: `${origin}/in` })).rejects.toMatchObject({ permanent: true });
    await expect(createOutgoing({ allow: ['siem.internal'], resolve: () => Promise.resolve(['127.0.0.1']) })({ method: 'POST', url: `http://evil.siem.internal:${new URL(origin).port}/` })).rejects.toMatchObject({ permanent: true });
  });

  it('takes a place that no route leads to for one that does not answer, and stays alive', async () => {
    const outgoing = createOutgoing({ allow: ['https://far.test'], resolve: async () => ['255.255.255.255'] });
    await expect(outgoing({ method: 'POST', url: 'https://far.test/in', body: '{}' })).rejects.toMatchObject({ name: 'OutgoingFailed', permanent: false });
  });

  it('does not follow a redirect: it is an answer, and not a good one', async () => {
    const answer = await createOutgoing({ allow: [origin] })({ method: 'GET', url: `${origin}/moved` });
    expect(answer.status).toBe(302);
    expect(() => expectJson(answer, 'it')).toThrow('it answered 302');
  });

  it('reads no endless answer and waits for no slow one; both are tried again later', async () => {
    await expect(createOutgoing({ allow: [origin], maxBytes: 1_000 })({ method: 'GET', url: `${origin}/large` })).rejects.toMatchObject({ permanent: false, message: expect.stringContaining('larger') });
    await expect(createOutgoing({ allow: [origin], timeoutMs: 50 })({ method: 'GET', url: `${origin}/slow` })).rejects.toMatchObject({ permanent: false, message: expect.stringContaining('within 50 ms') });
  });

  it('knows a server\'s own fault from ours', () => {
    const of = (status: number, headers = {}) => { try { expectJson({ status, headers, text: '' }, 'it'); return undefined; } catch (error) { return error as { permanent: boolean; retryAfterMs: number }; } };
    expect(of(503)).toMatchObject({ permanent: false });
    expect(of(429, { 'retry-after': '30' })).toMatchObject({ permanent: false, retryAfterMs: 30_000 });
    expect(of(400)).toMatchObject({ permanent: true });
  });

  it.each(['100.64.0.1', '0.0.0.0', '198.18.0.1', '203.0.113.1', '240.0.0.1', '::', '::ffff:10.0.0.1', '64:ff9b::a00:1', '2002:a00:1::', '2001:db8::1', '::7f00:1', '::a9fe:a9fe', '::808:808'])('%s is inside', (address) => expect(isPublic(address)).toBe(false));
  it.each(['93.184.216.34', '8.8.8.8', '2606:4700::1111', '2606:4700::7f00:1'])('%s is outside', (address) => expect(isPublic(address)).toBe(true));
  it('takes no text for an address', () => expect(['', 'example.com', '999.1.1.1'].map(isPublic)).toEqual([false, false, false]));
});
