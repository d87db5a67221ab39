/** Fetch to one origin and nowhere else: no redirects, an end in time, an answer of bounded size. Throws otherwise. */
export const boundedFetch = (origin: string, { timeoutMs, maxBytes, get = fetch }: { readonly timeoutMs: number; readonly maxBytes: number; readonly get?: typeof fetch }) =>
  async (url: string, init: { readonly method: string; readonly headers: Record<string, string>; readonly body?: unknown }): Promise<Response> => {
    if (new URL(url).origin !== origin) throw new Error(`${new URL(url).origin} is not ${origin}`);
    const signal = AbortSignal.timeout(timeoutMs);
    const answer = await get(url, { method: init.method, headers: init.headers, signal, redirect: 'error', ...(init.body !== undefined && { body: init.body as NonNullable<RequestInit['body']> }) });
    const parts: Uint8Array[] = [];
    let size = 0;
    for await (const part of answer.body ?? []) {
      size += part.byteLength;
      if (size > maxBytes) throw new Error(`the answer is larger than ${maxBytes} bytes`);
      parts.push(part);
    }
    return new Response(answer.status === 204 || answer.status === 304 ? null : Buffer.concat(parts), { status: answer.status, headers: answer.headers });
  };
