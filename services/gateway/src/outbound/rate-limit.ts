import type { HotState } from '@countersign/hot-state';
import { CodedError } from '@countersign/service-host';
import type { RateLimit } from '../app/ports.ts';

const windowMs = 60_000;

/** A count per agent and minute in the hot state, shared by all gateways. Store gone: refused (hot_state_unavailable). */
export const createRateLimit = (store: HotState, tenant: string, perMinute: number): RateLimit => {
  const keyOf = (agent: string): string => `gateway:rate:${tenant}:${agent}`;
  const refuse = (): never => { throw new CodedError('rate_limited', `${perMinute} a minute for one agent are used up`, { retryAfterS: windowMs / 1000 }); };
  return {
    check: async (agent) => { if (Number(await store.get(keyOf(agent)) ?? 0) >= perMinute) refuse(); },
    count: async (agent) => { if (await store.increment(keyOf(agent), windowMs) > perMinute) refuse(); },
  };
};
