import { parseStrictJson } from '@countersign/identity';

export type HttpAnswer =
  | { readonly ok: true; readonly body: Readonly<Record<string, unknown>> }
  | { readonly ok: false; readonly status: number; readonly code: string; readonly detail: string; readonly retryable: boolean };

/** Posts and reads a bounded JSON answer; problem+json (RFC 9457) and OAuth errors become codes, a silent server a retryable one. Never throws. */
export const post = async (request: { readonly url: string; readonly body: string; readonly contentType: string; readonly headers?: Readonly<Record<string, string>>; readonly timeoutMs: number; readonly fetch: typeof fetch }): Promise<HttpAnswer> => {
  let status = 0;
  try {
    const response = await request.fetch(request.url, {
      method: 'POST', body: request.body, redirect: 'error', signal: AbortSignal.timeout(request.timeoutMs),
      headers: { ...request.headers, 'content-type': request.contentType, accept: 'application/json, application/problem+json' },
    });
    status = response.status;
    const parsed = parseStrictJson(new Uint8Array(await response.arrayBuffer()), { maxBytes: 65_536 });
    const body = parsed.ok && typeof parsed.value === 'object' && parsed.value !== null ? (parsed.value as Record<string, unknown>) : undefined;
    if (response.ok && body !== undefined) return { ok: true, body };
    return { ok: false, status, code: text(body?.['code']) ?? text(body?.['error']) ?? 'bad_answer', detail: text(body?.['detail']) ?? text(body?.['error_description']) ?? `${request.url} answered ${status}`, retryable: typeof body?.['retryable'] === 'boolean' ? body['retryable'] : status >= 500 || status === 429 };
  } catch (error) {
    return { ok: false, status, code: 'unreachable', detail: `${request.url} does not answer: ${(error as Error).message}`, retryable: true };
  }
};

const text = (value: unknown): string | undefined => (typeof value === 'string' && value.length > 0 ? value.slice(0, 1_000) : undefined);
