import type { FastifyInstance } from 'fastify';
import type { Metrics } from '@countersign/telemetry';

export type Readiness = () => { readonly ok: boolean; readonly why: string };

/** `/healthz`: the process answers. `/readyz`: it can do its work, or why not (503). `/metrics`: Prometheus. Not part of Nest, so they work while it starts. */
export const healthRoutes = (fastify: FastifyInstance, options: { readonly ready: Readiness; readonly metrics: Metrics }): void => {
  fastify.get('/healthz', async () => ({ ok: true }));
  fastify.get('/readyz', async (_request, reply) => {
    const state = options.ready();
    return reply.code(state.ok ? 200 : 503).send(state);
  });
  fastify.get('/metrics', async (_request, reply) => reply.header('content-type', options.metrics.contentType).send(await options.metrics.text()));
};
