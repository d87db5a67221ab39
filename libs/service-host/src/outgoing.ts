import { lookup } from 'node:dns/promises';
import { request as overHttp } from 'node:http';
import { request as overTls } from 'node:https';
import { BlockList, isIP } from 'node:net';

/** An address that nothing of ours may call. */
export class ForbiddenAddress extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'ForbiddenAddress';
  }
}

export interface Answered { readonly status: number; readonly body: string; readonly retryAfterS: number | undefined }

export interface Outgoing {
  /** POSTs and reads a bounded answer. Rejects where nobody answers in time, or the address is forbidden. Redirects are answers like others: they are not followed. */
  post(url: string, body: string, options: { readonly headers: Readonly<Record<string, string>>; readonly timeoutMs?: number }): Promise<Answered>;
  /** The address to connect to for a host that may be called: connect to this and not to the name, which may mean another machine a moment later. */
  addressOf(host: string): Promise<{ readonly address: string; readonly family: 4 | 6 }>;
}

/** Ranges that are not the Internet (IANA special-purpose registries): what stands inside of a network, cloud metadata included. */
const inside4 = new BlockList(), inside6 = new BlockList();
for (const [net, prefix] of [['0.0.0.0', 8], ['10.0.0.0', 8], ['100.64.0.0', 10], ['127.0.0.0', 8], ['169.254.0.0', 16], ['172.16.0.0', 12], ['192.0.0.0', 24], ['192.0.2.0', 24], ['192.168.0.0', 16], ['198.18.0.0', 15], ['198.51.100.0', 24], ['203.0.113.0', 24], ['224.0.0.0', 4], ['240.0.0.0', 4]] as const) inside4.addSubnet(net, prefix, 'ipv4');
for (const [net, prefix] of [['::', 128], ['::1', 128], ['::ffff:0:0', 96], ['64:ff9b::', 96], ['64:ff9b:1::', 48], ['100::', 64], ['2001::', 23], ['2001:db8::', 32], ['2002::', 16], ['fc00::', 7], ['fe80::', 10], ['ff00::', 8]] as const) inside6.addSubnet(net, prefix, 'ipv6');

/** Whether an address is outside of every private, local and special range. */
export const isPublic = (address: string): boolean => {
  const family = isIP(address);
  return family === 4 ? !inside4.check(address, 'ipv4') : family === 6 && !inside6.check(address, 'ipv6');
};

export interface OutgoingOptions {
  /** Hosts on private networks that may be called all the same, by name or address, as an operator wrote them. */
  readonly allow: readonly string[];
  readonly resolve?: (host: string) => Promise<readonly { readonly address: string; readonly family: number }[]>;
}

const mostAnswer = 64 * 1024;

/**
 * The one way out to addresses that somebody configured: no private ranges unless the host is allowed by name, no redirects, bounded answers.
 * A name is resolved once and the connection made to that very address, so that it cannot turn into an inner one between check and call.
 */
export const createOutgoing = ({ allow, resolve = (host) => lookup(host, { all: true }) }: OutgoingOptions): Outgoing => {
  const allowed = new Set(allow.map((host) => host.toLowerCase()));

  const addressOf: Outgoing['addressOf'] = async (named) => {
    const host = named.replace(/^\[|\]$/g, '').toLowerCase();
    const found = isIP(host) ? [{ address: host, family: isIP(host) }] : await resolve(host);
    const [first] = found;
    if (first === undefined) throw new ForbiddenAddress(`${host} has no address`);
    const wrong = allowed.has(host) ? undefined : found.find(({ address }) => !isPublic(address));
    if (wrong) throw new ForbiddenAddress(`${host} is ${wrong.address}, on a private network: an operator has to allow it by name`);
    return { address: first.address, family: first.family === 6 ? 6 : 4 };
  };

  return {
    addressOf,
    post: async (text, body, { headers, timeoutMs = 10_000 }) => {
      const url = new URL(text);
      if (url.protocol !== 'https:' && url.protocol !== 'http:') throw new ForbiddenAddress('only http: and https: are called');
      if (url.username !== '' || url.password !== '') throw new ForbiddenAddress('an address with a password in it is not called');
      const { address, family } = await addressOf(url.hostname);
      return new Promise((done, failed) => {
        const send = url.protocol === 'https:' ? overTls : overHttp;
        const outgoing = send(url, {
          method: 'POST', headers: { ...headers, 'content-length': String(Buffer.byteLength(body)) }, agent: false, signal: AbortSignal.timeout(timeoutMs),
          // Node asks for one address or for all of them; either way it gets the one that was checked.
          lookup: (_host, options, found) => { if (options.all) (found as (error: null, all: { address: string; family: number }[]) => void)(null, [{ address, family }]); else found(null, address, family); },
        }, (answer) => {
          const chunks: Buffer[] = [];
          let size = 0;
          answer.on('data', (chunk: Buffer) => { if ((size += chunk.length) > mostAnswer) answer.destroy(); else chunks.push(chunk); });
          const finish = (): void => {
            const wait = Number(answer.headers['retry-after']);
            done({ status: answer.statusCode ?? 0, body: Buffer.concat(chunks).toString(), retryAfterS: Number.isFinite(wait) && wait >= 0 ? wait : undefined });
          };
          answer.on('close', finish).on('error', failed);
        });
        outgoing.on('error', failed).end(body);
      });
    },
  };
};
