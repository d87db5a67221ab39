import { randomUUID } from 'node:crypto';
import { signPersonStatement } from '@countersign/identity';
import type { SigningKey } from '@countersign/identity';
import { until } from '../until.ts';

export interface Answer { readonly status: number; readonly body: Readonly<Record<string, unknown>> }

export interface Caller { readonly person: string; readonly key: SigningKey }

/** A login statement for one request to one service. */
export const bearer = (who: Caller, service: string): string => {
  const iat = Math.floor(Date.now() / 1000);
  return `Bearer ${signPersonStatement('login', { sub: who.person, aud: service, iat, exp: iat + 60, jti: randomUUID() }, who.key)}`;
};

/** One HTTP call; whatever the status, the answer is handed back. */
export const call = async (method: string, url: string, body?: unknown, headers: Readonly<Record<string, string>> = {}): Promise<Answer> => {
  const response = await fetch(url, {
    method, signal: AbortSignal.timeout(60_000),
    headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  let parsed: unknown;
  try { parsed = JSON.parse(text); } catch { parsed = { text }; }
  return { status: response.status, body: parsed as Answer['body'] };
};

/** The same once more for as long as the answer is 503: that says that something of ours is away for a moment and that nothing was done. */
export const patiently = (ask: () => Promise<Answer>): Promise<Answer> => until('an answer other than 503', async () => { const answer = await ask(); return answer.status !== 503 && answer; });

/** A form, as OAuth endpoints take it; throws where the answer is not 200. */
export const expectForm = async (url: string, form: Readonly<Record<string, string>>): Promise<Readonly<Record<string, unknown>>> => {
  const { status, body } = await call('POST', url, new URLSearchParams(form).toString(), { 'content-type': 'application/x-www-form-urlencoded' });
  if (status !== 200) throw new Error(`${url} answered ${status}: ${JSON.stringify(body)}`);
  return body;
};
