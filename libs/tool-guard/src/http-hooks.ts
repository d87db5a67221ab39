import type { GrantClaims } from '@countersign/contracts';
import type { ToolGuard } from './guard.ts';
import { problemOf } from './refusal.ts';

/** The parts of a Fastify request and reply the hook uses; a FastifyRequest fits. */
export interface HookRequest {
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: unknown;
  /** Set when the call was let through. */
  countersign?: GrantClaims;
}
export interface HookReply {
  code(status: number): HookReply;
  header(name: string, value: string): HookReply;
  send(payload: unknown): unknown;
}

export interface HookOptions<R> {
  /** Which tool this request calls, from its route. */
  readonly tool: (request: R) => string;
  readonly definition?: (request: R) => string | undefined;
}

const callOf = <R extends HookRequest>(request: R, options: HookOptions<R>) => ({
  grant: one(request.headers['cs-grant']) ?? '', claim: one(request.headers['cs-claim']), sessionProof: one(request.headers['cs-session-proof']),
  tool: options.tool(request), arguments: request.body ?? {}, definition: options.definition?.(request),
});

/** A header sent twice is no header. */
const one = (value: string | string[] | undefined): string | undefined => (typeof value === 'string' ? value : undefined);

/**
 * A Fastify `preHandler`: reads `cs-grant`, `cs-claim`, `cs-session-proof`, takes the body as the arguments, and either
 * puts the grant's claims on `request.countersign` or answers with problem+json.
 */
export const toolGuardHook = <R extends HookRequest>(guard: ToolGuard, options: HookOptions<R>) =>
  async (request: R, reply: HookReply): Promise<unknown> => {
    const result = await guard.check(callOf(request, options));
    if (result.ok) {
      request.countersign = result.claims;
      return undefined;
    }
    return reply.code(result.status).header('content-type', 'application/problem+json').send(JSON.stringify(problemOf(result)));
  };

/** The same as Express middleware; needs the JSON body parser before it. */
export const toolGuardMiddleware = <R extends HookRequest>(guard: ToolGuard, options: HookOptions<R>) =>
  (request: R, response: { status(code: number): { type(type: string): { send(body: string): unknown } } }, next: (error?: unknown) => void): void => {
    guard.check(callOf(request, options)).then((result) => {
      if (!result.ok) {
        response.status(result.status).type('application/problem+json').send(JSON.stringify(problemOf(result)));
        return;
      }
      request.countersign = result.claims;
      next();
    }).catch(next);
  };
