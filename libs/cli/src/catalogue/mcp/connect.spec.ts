import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { listTools, transportTo, wordsOf } from './connect.ts';

const everything = 'node_modules/@modelcontextprotocol/server-everything/dist/index.js', files = 'node_modules/@modelcontextprotocol/server-filesystem/dist/index.js';

/** A server that says over HTTP whatever a test wants it to. */
const scripted = async (answer: (cursor: string | undefined) => object) => {
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => { body += chunk; });
    request.on('end', () => {
      const { id, method, params } = (body === '' ? {} : JSON.parse(body)) as { id?: number; method?: string; params?: { cursor?: string; protocolVersion?: string } };
      if (request.method !== 'POST') { response.writeHead(405).end(); return; }
      if (id === undefined) { response.writeHead(202).end(); return; }
      const result = method === 'initialize' ? { protocolVersion: params!.protocolVersion, capabilities: { tools: {} }, serverInfo: { name: 'scripted', version: '1' } } : answer(params?.cursor);
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ jsonrpc: '2.0', id, result }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { server, url: `http:http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp` };
};
const tool = (name: string) => ({ name, inputSchema: { type: 'object' } });

describe('an MCP server', () => {
  it.each([['everything', everything, 'echo'], ['filesystem', `${files} /tmp`, 'write_file']])('of npm is listed over stdio: %s', async (_, line, name) => {
    const { server, tools } = await listTools(`stdio:${process.execPath} ${line}`);
    expect(server).not.toBe('');
    expect(tools.map((one) => one.name)).toContain(name);
  });

  describe('over HTTP', () => {
    const open: Awaited<ReturnType<typeof scripted>>[] = [];
    const serve = async (answer: (cursor: string | undefined) => object): Promise<string> => { const one = await scripted(answer); open.push(one); return one.url; };
    let moved: ReturnType<typeof createServer>;
    beforeAll(async () => { moved = createServer((_, response) => { response.writeHead(307, { location: 'http://127.0.0.1:1/' }).end(); }); await new Promise<void>((resolve) => moved.listen(0, '127.0.0.1', resolve)); });
    afterAll(() => { moved.close(); for (const { server } of open) { server.closeAllConnections(); server.close(); } });

    it('is read page by page', async () => {
      const url = await serve((cursor) => (cursor === undefined ? { tools: [tool('a')], nextCursor: '2' } : { tools: [tool('b')] }));
      expect(await listTools(url)).toMatchObject({ server: 'scripted', tools: [{ name: 'a' }, { name: 'b' }] });
    });

    it.each<[string, (cursor: string | undefined) => object, RegExp]>([
      ['whose pages go round', (cursor) => ({ tools: [], nextCursor: cursor === '1' ? '2' : '1' }), /do not end/], ['with too many tools', () => ({ tools: Array.from({ length: 1_001 }, (_, i) => tool(`t${i}`)) }), /more than 1000 tools/],
      ['that sends megabytes', () => ({ tools: [{ ...tool('a'), description: 'x'.repeat(9_000_000) }] }), /could not be asked|bytes/], ['that answers nonsense', () => ({ tools: 'all of them' }), /could not be asked/],
    ])('is left where it is: one %s', async (_, answer, message) => { await expect(listTools(await serve(answer))).rejects.toThrow(message); });

    it('follows no redirect', async () => { await expect(listTools(`http://127.0.0.1:${(moved.address() as AddressInfo).port}/mcp`)).rejects.toThrow(/could not be asked/); });
  });

  it.each(['http://example.org/mcp', 'https://user:secret@example.org/mcp', 'ftp://127.0.0.1/', 'nothing', 'stdio:'])('is not reached by %s', async (address) => { await expect(transportTo(address)).rejects.toThrow(); });
  it('is started without a shell: quotes keep words together and nothing is expanded', () => expect(wordsOf('npx -y "a b" \'c d\' $HOME;ls')).toEqual(['npx', '-y', 'a b', 'c d', '$HOME;ls']));
});
