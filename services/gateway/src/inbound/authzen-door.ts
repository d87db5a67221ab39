import { CodedError } from '@countersign/service-host';
import type { HttpDoor } from '@countersign/service-host';

/** What AuthZEN's HTTPS binding asks of every answer, errors included: the caller's request id comes back, and what is no JSON is a 400. */
export const authzenDoor: HttpDoor = (fastify) => {
  fastify.addHook('onRequest', async (request, reply) => {
    if (!request.url.startsWith('/access/')) return;
    const id = request.headers['x-request-id'];
    if (typeof id === 'string') reply.header('x-request-id', id);
    if (request.method === 'POST' && !/^application\/json(?:\s*;|$)/i.test(request.headers['content-type'] ?? '')) throw new CodedError('invalid_request', 'send a body as application/json', { status: 400 });
  });
};
