import { accepted, assertNever, nothingNew, refused } from '@countersign/kernel';
import type { Decider } from '@countersign/kernel';
import type { PublicJwk, Revocation } from '@countersign/contracts';

/** A public key of an agent; times in epoch ms. `replaced`: another took its place, it ends with the overlap. */
export interface AgentKeyState { readonly kid: string; readonly thumbprint: string; readonly key: PublicJwk; readonly notBefore: number; readonly notAfter: number; readonly addedBy: string; readonly replaced: boolean; /** Its end was announced. */ readonly announced: boolean }

export type CredentialsEvent =
  | { readonly type: 'credentials.key_added'; readonly kid: string; readonly thumbprint: string; readonly key: PublicJwk; readonly notBefore: number; readonly notAfter: number; readonly by: string; readonly reason: string; readonly at: number }
  | { readonly type: 'credentials.key_retired'; readonly kid: string; readonly thumbprint: string; readonly notAfter: number; readonly revocation: Revocation; readonly at: number }
  | { readonly type: 'credentials.key_expiring'; readonly kid: string; readonly thumbprint: string; readonly notAfter: number; readonly at: number }
  | { readonly type: 'credentials.revoked' | 'credentials.revocation_restored'; readonly revocation: Revocation; readonly at: number };

export type CredentialsCommand =
  | { readonly type: 'add_key'; readonly tenant: string; readonly agent: string; readonly key: PublicJwk; readonly thumbprint: string; readonly notAfter: number; /** Null: the other keys stay. */ readonly retireOthersAt: number | null; readonly by: string; readonly reason: string; readonly now: number }
  | { readonly type: 'revoke'; readonly revocations: readonly Revocation[]; readonly now: number }
  /** What the topic has and this database has not: it was restored from a backup, or is new. */
  | { readonly type: 'restore'; readonly revocations: readonly Revocation[]; readonly now: number }
  /** Announces keys that end before `until`. */
  | { readonly type: 'announce_expiry'; readonly until: number; readonly now: number };

export type CredentialsCode = 'key_in_use' | 'key_limit' | 'invalid_request';

export interface Credentials { readonly keys: readonly AgentKeyState[]; readonly revoked: ReadonlySet<string> }

/** Most keys an agent may have that are not over. */
export const mostLiveKeys = 8;
/** A run lives a day at most: whatever a key opened is over a day after the key. */
export const longestSessionMs = 86_400_000;

export const revocationId = (kind: Revocation['kind'], subject: string, from: number): string => `${kind}:${subject}:${from}`;

export const credentialsDecider: Decider<CredentialsCommand, CredentialsEvent, Credentials, CredentialsCode> = {
  initialState: { keys: [], revoked: new Set() },
  decide: (command, state) => {
    const { now } = command;
    switch (command.type) {
      case 'add_key': return addKey(command, state);
      case 'revoke':
      case 'restore': {
        const type = command.type === 'revoke' ? 'credentials.revoked' : 'credentials.revocation_restored';
        const fresh = command.revocations.filter(({ revocation }) => !state.revoked.has(revocation));
        return fresh.length === 0 ? nothingNew : accepted(...fresh.map((revocation) => ({ type, revocation, at: now } as const)));
      }
      case 'announce_expiry': {
        const ending = state.keys.filter((key) => !key.announced && !key.replaced && key.notAfter > now && key.notAfter <= command.until && !state.revoked.has(revocationId('key', key.thumbprint, 0)));
        return ending.length === 0 ? nothingNew : accepted(...ending.map(({ kid, thumbprint, notAfter }) => ({ type: 'credentials.key_expiring', kid, thumbprint, notAfter, at: now } as const)));
      }
      default: return assertNever(command, 'credentials command');
    }
  },
  evolve: (state, event) => {
    switch (event.type) {
      case 'credentials.key_added': {
        const { kid, thumbprint, key, notBefore, notAfter, by } = event;
        return { ...state, keys: [...state.keys, { kid, thumbprint, key, notBefore, notAfter, addedBy: by, replaced: false, announced: false }] };
      }
      case 'credentials.key_retired':
        return { keys: change(state, event.thumbprint, { notAfter: event.notAfter, replaced: true }), revoked: new Set([...state.revoked, event.revocation.revocation]) };
      case 'credentials.key_expiring':
        return { ...state, keys: change(state, event.thumbprint, { announced: true }) };
      case 'credentials.revoked':
      case 'credentials.revocation_restored':
        return { ...state, revoked: new Set([...state.revoked, event.revocation.revocation]) };
      default: return assertNever(event, 'credentials event');
    }
  },
};

const change = ({ keys }: Credentials, thumbprint: string, to: Partial<AgentKeyState>): readonly AgentKeyState[] => keys.map((key) => (key.thumbprint === thumbprint ? { ...key, ...to } : key));

const addKey = (command: Extract<CredentialsCommand, { type: 'add_key' }>, state: Credentials) => {
  const { tenant, agent, key, thumbprint, notAfter, retireOthersAt, by, reason, now } = command;
  const { kid } = key;
  const same = state.keys.find((one) => one.thumbprint === thumbprint);
  // The answer to the first request was lost.
  if (same !== undefined && same.kid === kid && same.notAfter > now && !same.replaced && ![...state.revoked].some((id) => id.startsWith(`key:${thumbprint}:`))) return nothingNew;
  if (same !== undefined) return refused('key_in_use', 'this key was registered before and is over: make a new key pair');
  if (state.keys.some((one) => one.kid === kid)) return refused('key_in_use', `a key of this agent has the kid ${kid} already: give the new one another`);
  if (notAfter <= now) return refused('invalid_request', 'the key would be over before it began');
  const live = state.keys.filter((one) => one.notAfter > now);
  const staying = retireOthersAt === null ? live : live.filter((one) => Math.min(one.notAfter, retireOthersAt) > now);
  if (staying.length >= mostLiveKeys) return refused('key_limit', `an agent has at most ${mostLiveKeys} keys that are not over`);
  const retired = retireOthersAt === null ? [] : live.filter((one) => one.notAfter > retireOthersAt || !one.replaced).map((one) => {
    const from = Math.min(one.notAfter, retireOthersAt);
    const revocation: Revocation = { revocation: revocationId('key', one.thumbprint, from), tenant, agent, kind: 'key', subject: one.thumbprint, from, until: one.notAfter + longestSessionMs, reason, by, at: now };
    return { type: 'credentials.key_retired', kid: one.kid, thumbprint: one.thumbprint, notAfter: from, revocation, at: now } as const;
  });
  return accepted({ type: 'credentials.key_added', kid, thumbprint, key, notBefore: now, notAfter, by, reason, at: now } as const, ...retired);
};
