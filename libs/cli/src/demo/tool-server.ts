import type { HotState } from '@countersign/hot-state';
import { createToolGuard, toolGuardHook } from '@countersign/tool-guard';
import type { HaltView, HookReply, HookRequest, RevocationView } from '@countersign/tool-guard';
import type { KeySet } from '@countersign/identity';
import type { JsonObject, ToolSnapshot } from '@countersign/contracts';
import fastify from 'fastify';
import type { Company } from './company.ts';

export interface ToolServerOptions {
  readonly company: Company;
  readonly audience: string;
  /** Public keys of policy and supervision. */
  readonly keys: KeySet;
  readonly store: HotState;
  readonly halts: HaltView;
  readonly revocations: RevocationView;
  /** The catalogue as registered: what is not in it is no tool, and a grant for an older definition is refused. */
  readonly tools: ReadonlyMap<string, Pick<ToolSnapshot, 'definition'>>;
  readonly now: () => number;
  readonly port: number;
}

const problem = (status: number, code: string, detail: string) => ({ type: `urn:countersign:error:${code}`, title: 'The tool was not called', status, code, detail, retryable: false });
type ToolRequest = HookRequest & { readonly params: { readonly tool: string } };
const loopback = /^(127\.0\.0\.1|localhost|\[::1\])(:\d+)?$/;

/**
 * The company's systems behind one door: POST /tools/<tool> with the arguments as body. It holds the credentials, so it asks for a grant,
 * and for a claim where the grant says so. Listens on loopback only.
 */
export const startToolServer = async (options: ToolServerOptions): Promise<{ readonly url: string; close(): Promise<void> }> => {
  const guard = createToolGuard({ audience: options.audience, jwks: options.keys, store: options.store, halts: options.halts, revocations: options.revocations, now: options.now });
  const server = fastify({ bodyLimit: 65_536, logger: false, forceCloseConnections: true });
  const refuse = (reply: HookReply, status: number, code: string, detail: string): unknown => reply.code(status).header('content-type', 'application/problem+json').send(JSON.stringify(problem(status, code, detail)));

  server.addHook('onRequest', async (request, reply) => {
    const { host, origin } = request.headers;
    if (!loopback.test(host ?? '')) return refuse(reply as unknown as HookReply, 403, 'forbidden_host', 'this server answers to loopback names only');
    if (origin !== undefined && !(URL.canParse(origin) && loopback.test(new URL(origin).host))) return refuse(reply as unknown as HookReply, 403, 'forbidden_origin', 'requests from other web pages are refused');
    return undefined;
  });
  server.setErrorHandler((error: { statusCode?: number; message: string }, _request, reply) => refuse(reply as unknown as HookReply, error.statusCode ?? 500, error.statusCode === 413 ? 'too_large' : error.statusCode === undefined ? 'internal' : 'invalid_request', error.statusCode === undefined ? 'a fault of this server' : error.message));
  server.setNotFoundHandler((_request, reply) => refuse(reply as unknown as HookReply, 404, 'not_found', 'POST /tools/<tool> is all there is here'));

  const known = async (request: ToolRequest, reply: HookReply): Promise<unknown> =>
    (options.tools.has(request.params.tool) ? undefined : refuse(reply, 404, 'unknown_tool', 'there is no such tool'));
  const guarded = toolGuardHook<ToolRequest>(guard, { tool: (request) => request.params.tool, definition: (request) => options.tools.get(request.params.tool)?.definition });

  server.get('/healthz', async () => ({ status: 'ok' }));
  server.post<{ Params: { tool: string } }>('/tools/:tool', { preHandler: [known, guarded] as never }, async (request, reply) => {
    const result = options.company.call(request.params.tool, request.body as JsonObject);
    return result.ok ? reply.header('content-type', 'text/plain; charset=utf-8').send(result.text) : refuse(reply as unknown as HookReply, 404, 'not_found', result.why);
  });
  const url = await server.listen({ host: '127.0.0.1', port: options.port });
  return { url, close: () => server.close() };
};

/** A tool said no; what it said is the outcome's error. */
export class ToolFailed extends Error {}

/** Calls a tool of the server as a runtime does: arguments and the headers that its permission gives. */
export const callTool = async (url: string, tool: string, args: JsonObject, headers: Readonly<Record<string, string>>): Promise<string> => {
  const answer = await fetch(`${url}/tools/${tool}`, { method: 'POST', redirect: 'error', signal: AbortSignal.timeout(10_000), headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(args) });
  const text = await answer.text();
  if (answer.ok) return text;
  let said = `the tool server answered ${answer.status}`;
  try { const { code, detail } = JSON.parse(text) as { code?: string; detail?: string }; said = `${code}: ${detail}`; } catch { /* no problem+json */ }
  throw new ToolFailed(said);
};
