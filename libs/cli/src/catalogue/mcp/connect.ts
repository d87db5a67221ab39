import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import type { Tool } from '@modelcontextprotocol/sdk/types.js';
import { CannotRun } from '../../errors.ts';
import { inert } from '../../people/inert.ts';

export interface Listed { readonly server: string; readonly tools: readonly Tool[] }

/** The first answer takes the start of the server with it, which npx may have to fetch. */
const requestMs = 40_000, wholeMs = 60_000, mostPages = 100, mostTools = 1_000, mostBytes = 8 * 2 ** 20;
const loopback = new Set(['127.0.0.1', 'localhost', '[::1]']);

/** Words of a command line; quotes keep spaces together, nothing else is expanded and no shell is asked. */
export const wordsOf = (line: string): string[] => [...line.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map(([, double, single, bare]) => double ?? single ?? bare!);

/** Answers of more than the bound are cut off with an error; redirects lead where nobody said. */
const carefulFetch = async (url: string | URL, init?: RequestInit): Promise<Response> => {
  const response = await fetch(url, { ...init, redirect: 'error' });
  let bytes = 0;
  const counted = response.body?.pipeThrough(new TransformStream<Uint8Array, Uint8Array>({
    transform: (chunk, controller) => {
      bytes += chunk.byteLength;
      if (bytes > mostBytes) controller.error(new Error(`more than ${mostBytes} bytes`));
      else controller.enqueue(chunk);
    },
  }));
  return new Response(counted ?? null, { status: response.status, statusText: response.statusText, headers: response.headers });
};

/** `stdio:COMMAND …` or `http:URL` (also the URL alone): https, or http on this machine. */
export const transportTo = async (address: string): Promise<Transport> => {
  if (address.startsWith('stdio:')) {
    const [command, ...args] = wordsOf(address.slice('stdio:'.length));
    if (command === undefined) throw new CannotRun('Say which command: --mcp "stdio:COMMAND ARGUMENTS".');
    const { StdioClientTransport } = await import('@modelcontextprotocol/sdk/client/stdio.js');
    return new StdioClientTransport({ command, args, stderr: 'ignore' });
  }
  const text = address.replace(/^http:(?=https?:)/, '');
  if (!URL.canParse(text)) throw new CannotRun('--mcp is stdio:COMMAND or http:URL.');
  const url = new URL(text);
  if (url.username !== '' || url.password !== '') throw new CannotRun('An address with a password in it ends up in histories of shells: not taken.');
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && loopback.has(url.hostname))) throw new CannotRun(`--mcp takes https, and http on this machine only: not ${url.protocol}//${url.hostname}.`);
  const { StreamableHTTPClientTransport } = await import('@modelcontextprotocol/sdk/client/streamableHttp.js');
  return new StreamableHTTPClientTransport(url, { fetch: carefulFetch }) as Transport;
};

/** Everything a server offers, page by page. What the server says is text: it is bounded here and nothing of it is run or compiled. */
export const listTools = async (address: string): Promise<Listed> => {
  const transport = await transportTo(address);
  const [{ Client }, { ListToolsResultSchema }] = await Promise.all([import('@modelcontextprotocol/sdk/client/index.js'), import('@modelcontextprotocol/sdk/types.js')]);
  const client = new Client({ name: 'countersign', version: '1' });
  const signal = AbortSignal.timeout(wholeMs);
  const options = { timeout: requestMs, maxTotalTimeout: wholeMs, signal };
  try {
    await client.connect(transport, options);
    const tools: Tool[] = [], cursors = new Set<string>();
    let bytes = 0;
    for (let cursor: string | undefined, page = 1; ; page++) {
      const answer = await client.request({ method: 'tools/list', params: cursor === undefined ? {} : { cursor } }, ListToolsResultSchema, options);
      tools.push(...answer.tools);
      bytes += JSON.stringify(answer).length;
      if (tools.length > mostTools || bytes > mostBytes) throw new CannotRun(`The server offers more than ${mostTools} tools or ${mostBytes} bytes: nothing was imported.`);
      cursor = answer.nextCursor;
      if (cursor === undefined) return { server: client.getServerVersion()?.name ?? '', tools };
      if (page >= mostPages || cursors.has(cursor)) throw new CannotRun('The pages of the server do not end: nothing was imported.');
      cursors.add(cursor);
    }
  } catch (error) {
    throw error instanceof CannotRun ? error : new CannotRun(`The MCP server could not be asked (${inert((error as Error).message, 200)}). Try its command or address by itself.`);
  } finally {
    await client.close().catch(() => undefined);
  }
};
