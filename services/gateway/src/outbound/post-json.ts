import { parseStrictJson } from '@countersign/identity';
import { RunFailed } from '@countersign/sdk';

/** Posts to the registry and reads its bounded JSON answer. Throws RunFailed with the registry's code, `unreachable` where it is silent. */
export const postJson = async ({ url, body, contentType, fetch: send }: { readonly url: string; readonly body: string; readonly contentType: string; readonly fetch: typeof fetch }): Promise<Record<string, unknown>> => {
  let status = 0;
  let value: unknown;
  try {
    const response = await send(url, { method: 'POST', body, redirect: 'error', signal: AbortSignal.timeout(5_000), headers: { 'content-type': contentType, accept: 'application/json' } });
    status = response.status;
    const parsed = parseStrictJson(new Uint8Array(await response.arrayBuffer()), { maxBytes: 1_048_576 });
    value = parsed.ok ? parsed.value : undefined;
  } catch (error) {
    throw new RunFailed('unreachable', `${url} does not answer: ${(error as Error).message}`, { retryable: true });
  }
  const answer = typeof value === 'object' && value !== null ? value as Record<string, unknown> : undefined;
  if (status === 200 && answer !== undefined) return answer;
  const code = [answer?.['code'], answer?.['error'], 'bad_answer'].find((one) => typeof one === 'string') as string;
  const detail = [answer?.['detail'], answer?.['error_description'], `the registry answered ${status}`].find((one) => typeof one === 'string') as string;
  throw new RunFailed(code === 'unauthenticated' ? 'invalid_client' : code, detail.slice(0, 1_000), { retryable: status >= 500 || status === 429 });
};
