import type { HotState } from '@countersign/hot-state';
import { HotStateUnavailable } from '@countersign/hot-state';
import { createMemoryHotState } from '@countersign/hot-state/memory';
import { createRedisHotState } from '@countersign/hot-state/redis';
import { maxClockSkewMs, sha256Text } from '@countersign/identity';

/** A login statement that is being used. Times in epoch ms. */
export interface StatementUse { readonly person: string; readonly jti: string; readonly issuedAt: number; readonly expiresAt: number }

/** Which login statements were used, over all instances of a service and over their restarts. */
export interface UsedStatements {
  /**
   * True for the first use of a statement, and for no other. Throws HotStateUnavailable where nobody can tell.
   * @param orHere whether this process's own memory will do while the store does not answer: for what must work whatever else is down
   */
  useOnce(use: StatementUse, orHere?: boolean): Promise<boolean>;
}

export interface UsedStatementsOptions { readonly service: string; readonly tenant: string; readonly now: () => number }

export const createUsedStatements = (store: HotState, { service, tenant, now }: UsedStatementsOptions): UsedStatements => {
  // Asked first: what counted without the store must not count again once it is back.
  const here = createMemoryHotState({ now });
  const inStore = async (key: string, lifeMs: number, issuedAt: number): Promise<boolean> => {
    const [first, since] = await Promise.all([store.setIfAbsent(key, lifeMs), store.forgets ? store.startedAt() : undefined]);
    if (since !== undefined && issuedAt <= since) throw new HotStateUnavailable(new Error('it remembers nothing from when this statement was signed'));
    return first;
  };
  return {
    useOnce: async ({ person, jti, issuedAt, expiresAt }, orHere = false) => {
      const key = `login:${tenant}:${service}:${sha256Text(JSON.stringify([person, jti]))}`;
      // Another instance's clock may be behind: the statement lives longer there.
      const lifeMs = Math.max(1, expiresAt - now()) + maxClockSkewMs;
      if (!await here.setIfAbsent(key, lifeMs)) return false;
      try {
        return await inStore(key, lifeMs, issuedAt);
      } catch (error) {
        if (orHere && error instanceof HotStateUnavailable) return true;
        throw error;
      }
    },
  };
};

/** In Redis; without one in this process's memory, which does for a single instance: after its restart older statements are refused. */
export const openUsedStatements = (config: { readonly redis?: string | undefined; readonly tenant: string }, service: string, onError: (error: Error) => void): UsedStatements & { close(): Promise<void> } => {
  const store = config.redis === undefined ? createMemoryHotState() : createRedisHotState({ url: config.redis, onError });
  return { ...createUsedStatements(store, { service, tenant: config.tenant, now: Date.now }), close: () => store.close() };
};
