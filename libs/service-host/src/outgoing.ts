import { request as requestHttp } from 'node:http';
import type { IncomingMessage, RequestOptions } from 'node:http';
import { request as requestHttps } from 'node:https';
import { lookup as lookupDns } from 'node:dns/promises';
import ipaddr from 'ipaddr.js';

/** Why something that was sent out did not arrive. Permanent ones are not tried again: that changes nothing. */
export class OutgoingFailed extends Error {
  readonly permanent: boolean;
  /** Milliseconds that the server asked to wait for. */
  readonly retryAfterMs: number;
  constructor(detail: string, options: { readonly permanent?: boolean; readonly retryAfterMs?: number; readonly cause?: unknown } = {}) {
    super(detail, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'OutgoingFailed';
    this.permanent = options.permanent ?? false;
    this.retryAfterMs = options.retryAfterMs ?? 0;
  }
}

export interface OutgoingAnswer { readonly status: number; readonly headers: IncomingMessage['headers']; readonly text: string }
export interface OutgoingRequest { readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH'; readonly url: string; readonly headers?: Readonly<Record<string, string>>; readonly body?: string }
export type Outgoing = (request: OutgoingRequest) => Promise<OutgoingAnswer>;

export interface OutgoingOptions {
  /** What the operator vouches for, as an origin (`http://127.0.0.1:8080`) or a host with any port: it may be private, and may be http. */
  readonly allow: readonly string[];
  readonly timeoutMs?: number;
  readonly maxBytes?: number;
  /** All addresses of a name; for tests. */
  readonly resolve?: (host: string) => Promise<readonly string[]>;
}

const resolveAll = async (host: string): Promise<readonly string[]> => (await lookupDns(host, { all: true })).map(({ address }) => address);

/** Whether an address is on the public internet: not loopback, private, link-local (cloud metadata), carrier-grade, multicast, reserved, nor an IPv6 form that hides an IPv4 one. */
export const isPublic = (address: string): boolean => {
  if (!ipaddr.isValid(address)) return false;
  const known = ipaddr.process(address);
  return known.range() === 'unicast' && !(known instanceof ipaddr.IPv6 && known.match(ipv4Compatible));
};
/** RFC 4291 2.5.5.1: an IPv4 address in the last 32 bits, which the library takes for any other unicast address. */
const ipv4Compatible = ipaddr.IPv6.parseCIDR('::/96');

/** Whether the operator vouches for a place. */
const vouchedFor = (allow: readonly string[]): ((url: URL) => boolean) => {
  const origins = new Set(allow.filter((one) => one.includes('://')).map((one) => new URL(one).origin));
  const hosts = new Set(allow.filter((one) => !one.includes('://')).map((one) => bare(one)));
  return (url) => origins.has(url.origin) || hosts.has(bare(url.hostname));
};
const bare = (host: string): string => host.replace(/^\[|\]$/g, '').toLowerCase();

export interface Address { readonly address: string; readonly family: 4 | 6 }

/** Finds the address to connect to, and refuses what is not on the public internet unless it is vouched for. Throws OutgoingFailed. */
export const createAddressCheck = ({ allow, resolve = resolveAll }: Pick<OutgoingOptions, 'allow' | 'resolve'>) => {
  const mayBeInside = vouchedFor(allow);
  return async (url: URL): Promise<Address> => {
    const host = bare(url.hostname);
    const addresses = ipaddr.isValid(host) ? [host] : await resolve(host).catch((cause: unknown) => { throw new OutgoingFailed(`${host} has no address`, { cause }); });
    if (addresses.length === 0) throw new OutgoingFailed(`${host} has no address`);
    if (!mayBeInside(url) && !addresses.every(isPublic)) throw new OutgoingFailed(`${url.host} is not on the public internet: if it is meant, list it under "allow"`, { permanent: true });
    return { address: addresses[0]!, family: addresses[0]!.includes(':') ? 6 : 4 };
  };
};

/**
 * The one client for everything that leaves to other people's servers: only https, only to public addresses, and connected to the very
 * address that was checked (a name that resolves to something else a moment later gains nothing). Redirects are not followed: the answer
 * to one is an answer. Throws OutgoingFailed.
 */
export const createOutgoing = ({ allow, timeoutMs = 10_000, maxBytes = 262_144, resolve = resolveAll }: OutgoingOptions): Outgoing => {
  const addressFor = createAddressCheck({ allow, resolve });
  const mayBeHttp = vouchedFor(allow);

  return async ({ method, url: text, headers = {}, body }) => {
    const url = new URL(text);
    if (url.username !== '' || url.password !== '') throw new OutgoingFailed('an address with credentials in it is not called', { permanent: true });
    if (url.protocol !== 'https:' && !(url.protocol === 'http:' && mayBeHttp(url))) throw new OutgoingFailed(`${url.origin} is not https: if it is meant, list it under "allow"`, { permanent: true });
    const { address, family } = await addressFor(url);
    const options: RequestOptions = {
      method, headers: { 'user-agent': 'countersign', accept: 'application/json', ...headers, ...(body !== undefined && { 'content-length': String(Buffer.byteLength(body)) }) }, agent: false,
      // Node asks this for the address of the name, with or without `all`; it only ever hears the one that was checked. Later, as from a real
      // lookup: a connection that fails while it is being made (no route) would tell its error before anybody listens, and end the process.
      lookup: (_host, asked, done) => { setImmediate(() => { if (asked.all === true) done(null, [{ address, family }]); else done(null, address, family); }); },
    };
    return new Promise((answered, failed) => {
      const give = (why: string, cause?: unknown): void => {
        clearTimeout(late);
        failed(new OutgoingFailed(`${url.origin}: ${why}`, { cause }));
        outgoing.destroy();
      };
      const outgoing = (url.protocol === 'https:' ? requestHttps : requestHttp)(url, options, (response) => {
        const chunks: Buffer[] = [];
        let size = 0;
        response.on('data', (chunk: Buffer) => {
          size += chunk.length;
          if (size > maxBytes) give(`its answer is larger than ${maxBytes} bytes`);
          else chunks.push(chunk);
        });
        response.on('end', () => { clearTimeout(late); answered({ status: response.statusCode ?? 0, headers: response.headers, text: Buffer.concat(chunks).toString('utf8') }); });
        response.on('error', (error) => give(error.message, error));
      });
      // Of the whole exchange: a server that answers a byte a second keeps nobody.
      const late = setTimeout(() => give(`no whole answer within ${timeoutMs} ms`), timeoutMs);
      outgoing.on('error', (error) => give(error.message, error));
      outgoing.end(body);
    });
  };
};

/** The answer of an API, as JSON; throws OutgoingFailed, permanent where the server says that the request itself is wrong. */
export const expectJson = (answer: OutgoingAnswer, what: string): Readonly<Record<string, unknown>> => {
  expectOk(answer, what);
  try {
    const value: unknown = JSON.parse(answer.text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Readonly<Record<string, unknown>>;
  } catch { /* said below */ }
  throw new OutgoingFailed(`${what} did not answer with JSON`);
};

export const expectOk = ({ status, headers, text }: OutgoingAnswer, what: string): void => {
  if (status >= 200 && status < 300) return;
  const after = Number(headers['retry-after']);
  throw new OutgoingFailed(`${what} answered ${status}: ${text.slice(0, 200)}`, { permanent: status < 500 && status !== 429 && status !== 408 && status !== 425, ...(Number.isFinite(after) && { retryAfterMs: after * 1_000 }) });
};
