import Fastify from 'fastify';
import type { Bus } from '@countersign/bus';
import { createRedisHotState } from '@countersign/hot-state/redis';
import { generateKey } from '@countersign/identity';
import type { KeySet, SigningKey } from '@countersign/identity';
import type { JsonObject } from '@countersign/contracts';
import type { Permission } from '@countersign/sdk';
import { createHaltView, createRevocationView, createToolGuard, toolGuardHook } from '@countersign/tool-guard';
import { audience } from './desk.ts';
import { call, patiently } from './http.ts';
import type { Answer } from './http.ts';
import { until } from '../until.ts';

/** A tool server as anyone would write it: a Fastify behind the guard's hook. */
export interface ToolServer {
  readonly url: string;
  /** With which its guard confirms halts, once it is enrolled as `desk`. */
  readonly guardKey: SigningKey;
  /** What really ran, in order. */
  readonly executed: readonly { readonly tool: string; readonly arguments: unknown }[];
  /** Calls a tool with these headers, again while its guard does not see the halts at this moment; the permission of an SDK action has the right ones. */
  invoke(tool: string, args: JsonObject, headers?: Permission['headers'] | Readonly<Record<string, string>>): Promise<Answer>;
  /** For run.guard and action.execute: throws where the server refuses. @param again a code that is waited out */
  execute(tool: string, again?: { readonly while: string }): (args: JsonObject, permission: Permission) => Promise<string>;
  close(): Promise<void>;
}

export const startToolServer = async (bus: Bus, jwks: KeySet, redis: string): Promise<ToolServer> => {
  const store = createRedisHotState({ url: redis });
  const guardKey = generateKey('desk-1');
  const halts = createHaltView({ bus, jwks, now: Date.now, report: { point: 'guard/desk', kind: 'guard', key: guardKey, tenant: 'acme' } });
  const revocations = createRevocationView({ bus, jwks, now: Date.now });
  await Promise.all([halts.ready, revocations.ready]);
  const guard = createToolGuard({ audience, jwks, store, halts, revocations, now: Date.now });
  const executed: { tool: string; arguments: unknown }[] = [];
  const app = Fastify();
  app.post<{ Params: { tool: string } }>('/:tool', { preHandler: toolGuardHook(guard, { tool: (request: never) => (request as { params: { tool: string } }).params.tool }) as never }, (request) => {
    executed.push({ tool: request.params.tool, arguments: request.body });
    return { done: request.params.tool, n: executed.length };
  });
  const url = await app.listen({ port: 0, host: '127.0.0.1' });
  const invoke: ToolServer['invoke'] = (tool, args, headers = {}) => patiently(() => call('POST', `${url}/${tool}`, args, headers));
  return {
    url, guardKey, executed, invoke,
    execute: (tool, again) => async (args, permission) => {
      const answer = await until(`${tool} answers`, async () => { const one = await invoke(tool, args, permission.headers); return (again === undefined || one.body['code'] !== again.while) && one; });
      if (answer.status !== 200) throw new Error(`${String(answer.body['code'])}: ${String(answer.body['detail'])}`);
      return JSON.stringify(answer.body);
    },
    close: async () => { await app.close(); await halts.stop(); await revocations.stop(); await store.close(); },
  };
};
