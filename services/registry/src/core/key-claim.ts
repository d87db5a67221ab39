import { accepted, nothingNew, refused } from '@countersign/kernel';
import type { Decider } from '@countersign/kernel';

/** A stream per public key, named by its thumbprint: the first agent to register it has it for good. No two agents share a credential. */
export interface KeyClaimed { readonly type: 'key.claimed'; readonly agent: string; readonly at: number }
export interface ClaimKey { readonly type: 'claim'; readonly agent: string; readonly now: number }

export const keyClaimDecider: Decider<ClaimKey, KeyClaimed, { readonly agent: string | null }, 'key_in_use'> = {
  initialState: { agent: null },
  decide: ({ agent, now }, state) => {
    if (state.agent === null) return accepted({ type: 'key.claimed', agent, at: now });
    // Whose it is stays unsaid.
    return state.agent === agent ? nothingNew : refused('key_in_use', 'this key cannot be registered for this agent: make a new key pair');
  },
  evolve: (_, event) => ({ agent: event.agent }),
};
