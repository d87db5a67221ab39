import { randomUUID } from 'node:crypto';
import { signPersonStatement } from '@countersign/identity';
import type { SigningKey } from '@countersign/identity';
import { CannotRun } from '../errors.ts';
import type { Local } from '../local.ts';

export type ServiceName = keyof Local['http'];

/** A service said no: its code (contracts/errors.yaml) and what it said. Exit code 1. */
export class Refused extends Error {
  readonly code: string;
  readonly status: number;
  readonly retryable: boolean;
  readonly detail: string;
  /** What was asked for; empty where this machine refused. */
  readonly path: string;
  constructor(code: string, detail: string, status: number, retryable: boolean, path = '') {
    super(`${code}: ${detail}`);
    this.detail = detail;
    this.path = path;
    this.code = code;
    this.status = status;
    this.retryable = retryable;
  }
}

export interface Client {
  /** Sends a request as the person (or as nobody) and gives the JSON of the answer. Throws Refused, or CannotRun where nothing answers. */
  request<T>(service: ServiceName, method: 'GET' | 'POST' | 'PUT' | 'PATCH', path: string, body?: unknown): Promise<T>;
  /** Server-sent events, each as it comes, until the service ends the stream or `signal` does. Throws as `request`. @param after id of the last event seen */
  events(service: ServiceName, path: string, after: string | undefined, signal: AbortSignal): AsyncIterable<{ readonly id: string; readonly event: string; readonly data: string }>;
}

export interface ClientOptions {
  readonly http: Readonly<Record<string, string>>;
  /** Who asks; a new login statement is signed for each request, for it counts once. */
  readonly as?: { readonly person: string; readonly key: SigningKey };
  readonly now?: () => number;
  readonly fetch?: typeof fetch;
  /** Default 30 s; more where rules are compared or tested while one waits, and for a whole system graph. */
  readonly timeoutMs?: number;
}

/** What rests on a governance review has policy run the tests of its rules. */
const reviewed = /^\/agents\/(?:reviews|[^/]+\/(?:review|activate|resume))$/;
const patienceMs = (service: ServiceName, path: string): number => (service === 'policy' || path === '/graph' ? 180_000 : reviewed.test(path) ? 60_000 : 30_000);

/** Seconds a login statement lives. */
const loginLifeS = 60;

export const createClient = (options: ClientOptions): Client => {
  const now = options.now ?? Date.now;
  const send = options.fetch ?? fetch;
  const login = (service: string): Readonly<Record<string, string>> => {
    if (options.as === undefined) return {};
    const iat = Math.floor(now() / 1000);
    const { person, key } = options.as;
    return { authorization: `Bearer ${signPersonStatement('login', { sub: person, aud: service, iat, exp: iat + loginLifeS, jti: randomUUID() }, key)}` };
  };
  return {
    async *events(service, path, after, signal) {
      const base = options.http[service];
      const answer = await send(`${base}${path}`, { redirect: 'error', signal, headers: { accept: 'text/event-stream', ...login(service), ...(after !== undefined && { 'last-event-id': after }) } })
        .catch((error: unknown) => { throw new CannotRun(`${service} does not answer at ${base} (${reason(error)}). Is it running? \`npm start\` starts it.`); });
      if (!answer.ok || answer.body === null) throw refusedBy(service, path, answer.status, await answer.text());
      yield* eventsIn(answer.body);
    },
    request: async <T>(service: ServiceName, method: 'GET' | 'POST' | 'PUT' | 'PATCH', path: string, body?: unknown): Promise<T> => {
      const base = options.http[service];
      if (base === undefined) throw new CannotRun(`The address of ${service} is not known here.`);
      const answer = await send(`${base}${path}`, {
        method, redirect: 'error', signal: AbortSignal.timeout(options.timeoutMs ?? patienceMs(service, path)),
        headers: { accept: 'application/json', ...login(service), ...(body !== undefined && { 'content-type': 'application/json' }) },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      }).catch((error: unknown) => { throw new CannotRun(`${service} does not answer at ${base} (${reason(error)}). Is it running? \`npm start\` starts it.`); });
      const text = await answer.text();
      if (!answer.ok) throw refusedBy(service, path, answer.status, text);
      return (text === '' ? undefined : JSON.parse(text)) as T;
    },
  };
};

/** text/event-stream, as the services write it: `id`, `event` and `data` on a line each. */
const eventsIn = async function* (body: ReadableStream<Uint8Array>): AsyncIterable<{ readonly id: string; readonly event: string; readonly data: string }> {
  let rest = '';
  for await (const text of body.pipeThrough(new TextDecoderStream() as unknown as TransformStream<Uint8Array, string>)) {
    const frames = (rest + text).split('\n\n');
    rest = frames.pop()!;
    if (rest.length > 1_048_576) throw new Error('an event longer than a megabyte');
    for (const frame of frames) {
      const field = (name: string): string => frame.split('\n').find((one) => one.startsWith(`${name}: `))?.slice(name.length + 2) ?? '';
      if (field('data') !== '') yield { id: field('id'), event: field('event'), data: field('data') };
    }
  }
};

const reason = (error: unknown): string => {
  const { name, message, cause } = error as Error & { cause?: { code?: string } };
  return cause?.code ?? (name === 'TimeoutError' ? 'no answer in time' : message);
};

const refusedBy = (service: string, path: string, status: number, text: string): Refused => {
  try {
    const problem = JSON.parse(text) as { code?: unknown; detail?: unknown; retryable?: unknown; error?: unknown };
    if (typeof problem.code === 'string') return new Refused(problem.code, String(problem.detail ?? ''), status, problem.retryable === true, path);
  } catch { /* no problem+json: said below */ }
  return new Refused('bad_answer', `${service} answered ${status}`, status, status >= 500, path);
};
