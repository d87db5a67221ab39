/** A refusal with a code of contracts/errors.yaml. Thrown by controllers; the error filter makes problem+json of it. */
export class CodedError extends Error {
  readonly code: string;
  readonly status: number | undefined;
  readonly retryAfterS: number | undefined;
  constructor(code: string, detail: string, options: { readonly status?: number; readonly retryAfterS?: number; readonly cause?: unknown } = {}) {
    super(detail, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'CodedError';
    this.code = code;
    this.status = options.status;
    this.retryAfterS = options.retryAfterS;
  }
}

/** RFC 9457 with our `code`. */
export interface Problem { readonly type: string; readonly title: string; readonly status: number; readonly detail: string; readonly code: string }

/** What any error looks like from outside. Bugs and our own failures show nothing of their inside. */
export const problemOf = (error: unknown, statusOf: (code: string) => number | undefined): Problem => {
  const { code, status, detail } = faceOf(error, statusOf);
  return { type: `urn:countersign:error:${code}`, title: code.replaceAll('_', ' '), status, detail, code };
};

const faceOf = (error: unknown, statusOf: (code: string) => number | undefined): { code: string; status: number; detail: string } => {
  const e = error as { code?: unknown; status?: unknown; statusCode?: unknown; message?: unknown; getStatus?: () => number } | null;
  const message = typeof e?.message === 'string' ? e.message : '';
  const code = typeof e?.code === 'string' ? e.code : '';
  if (error instanceof CodedError) return { code, status: error.status ?? statusOf(code) ?? 400, detail: message };
  if (/^[a-z][a-z0-9_]*_unavailable$/.test(code)) return { code, status: 503, detail: 'something this service needs does not answer; try again' };
  if (noConnection(code, message)) return { code: 'store_unavailable', status: 503, detail: 'the database does not answer: nothing was done, try again' };
  const status = typeof e?.getStatus === 'function' ? e.getStatus() : typeof e?.statusCode === 'number' ? e.statusCode : 500;
  if (status === 404) return { code: 'not_found', status, detail: message || 'there is no such resource' };
  if (status === 413) return { code: 'too_large', status, detail: 'the body is larger than 256 KB' };
  if (status === 415) return { code: 'unsupported_media_type', status, detail: 'send application/json' };
  if (status >= 400 && status < 500) return { code: status === 403 ? 'forbidden' : 'invalid_request', status, detail: message };
  return { code: 'internal', status: 500, detail: 'this is a fault of the service, not of your request; it has been logged' };
};

/** No connection to PostgreSQL could be had, so nothing was sent to it: pg-pool's words, and the server's while it starts (57P03) or is full (53300). */
const noConnection = (code: string, message: string): boolean =>
  code === '57P03' || code === '53300' || message === 'timeout exceeded when trying to connect' || message === 'Connection terminated due to connection timeout';
