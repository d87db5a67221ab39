import type { ArgumentsHost, ExceptionFilter } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { throwError } from 'rxjs';
import type { Logger } from '@countersign/telemetry';
import { CodedError, problemOf } from './errors.ts';

/**
 * The one error filter. Over HTTP: problem+json. On the bus: the original error goes on to the transport, which would otherwise get
 * Nest's replacement of it and could not tell poison from a broken database.
 */
export const errorFilter = (log: Logger, statusOf: (code: string) => number | undefined): ExceptionFilter => ({
  catch(error: unknown, host: ArgumentsHost) {
    if (host.getType() !== 'http') return throwError(() => error);
    sendProblem(host.switchToHttp().getResponse<FastifyReply>(), error, log, statusOf);
    return undefined;
  },
});

const sendProblem = (reply: FastifyReply, error: unknown, log: Logger, statusOf: (code: string) => number | undefined): void => {
  const problem = problemOf(error, statusOf);
  if (problem.status >= 500) log.error({ err: error, code: problem.code }, 'request failed');
  if (reply.sent) return;
  if (error instanceof CodedError && error.retryAfterS !== undefined) reply.header('retry-after', String(error.retryAfterS));
  reply.code(problem.status).header('content-type', 'application/problem+json').header('cache-control', 'no-store').send(JSON.stringify(problem));
};
