import { createKeySet, jwksOf, parseStrictJson } from '@countersign/identity';
import type { KeySet } from '@countersign/identity';

export interface RemoteKeySet extends KeySet {
  /** Loads again; rejects and keeps what it had when that fails. */
  refresh(): Promise<void>;
}

export interface RemoteKeySetOptions {
  /** From configuration, never from a message. */
  readonly url: string;
  /** Default the global fetch. */
  readonly fetch?: typeof fetch;
  readonly timeoutMs?: number;
}

/** Loads the published keys once before it resolves. Look-ups stay offline; call `refresh` on a schedule of your own. */
export const loadRemoteKeySet = async (options: RemoteKeySetOptions): Promise<RemoteKeySet> => {
  const get = options.fetch ?? fetch;
  const load = async (): Promise<KeySet> => {
    const response = await get(options.url, { redirect: 'error', signal: AbortSignal.timeout(options.timeoutMs ?? 3_000), headers: { accept: 'application/json' } });
    if (!response.ok) throw new Error(`${options.url} answered ${response.status}`);
    const parsed = parseStrictJson(new Uint8Array(await response.arrayBuffer()), { maxBytes: 65_536 });
    if (!parsed.ok) throw new Error(`${options.url}: ${parsed.detail}`);
    return createKeySet(jwksOf(parsed.value, options.url));
  };
  let keys = await load();
  return { get: (kid) => keys.get(kid), refresh: async () => { keys = await load(); } };
};
