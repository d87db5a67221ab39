import { jwkThumbprint, publicKeyOf } from '@countersign/identity';
import type { AddAgentKeyRequest, AgentKey, PublicJwk, Revocation, RevokeRequest } from '@countersign/contracts';
import { decideAndAppend } from '@countersign/event-store';
import type { EventStore, OutboxMessage } from '@countersign/event-store';
import { fold, refused } from '@countersign/kernel';
import type { Refused } from '@countersign/kernel';
import { credentialsDecider, longestSessionMs, revocationId } from '../core/credentials.ts';
import type { AgentKeyState, CredentialsCode, CredentialsCommand, CredentialsEvent } from '../core/credentials.ts';
import { keyClaimDecider } from '../core/key-claim.ts';
import { tokenLifeMs } from '../core/run.ts';
import type { CredentialBook, Messages, RevocationMessages } from './ports.ts';

export interface Credentials {
  /** Takes a key for an agent, for good. */
  claim(agent: string, key: PublicJwk): Promise<Refused<'key_in_use' | 'invalid_request'> | undefined>;
  /** The key an agent was registered with becomes its first; done again it changes nothing. */
  first(agent: string, key: PublicJwk, by: string): Promise<void>;
  add(agent: string, request: AddAgentKeyRequest, by: string): Promise<Refused<CredentialsCode> | undefined>;
  keys(agent: string): Promise<readonly AgentKey[]>;
  /** Undefined where the agent has no such key. */
  revoke(agent: string, request: RevokeRequest, by: string): Promise<readonly Revocation[] | Refused<CredentialsCode>>;
  revocations(agent: string): Promise<readonly Revocation[]>;
  /** Brings rows up to their streams. */
  catchUp(): Promise<void>;
  /** Takes in what the topic has and this database has not. How many there were. */
  merge(entries: readonly Revocation[]): Promise<number>;
  /** Everything revoked, as messages for the topic. */
  snapshots(): Promise<readonly OutboxMessage[]>;
  /** What time does: announces keys about to end; forgets revocations a day after all they cover has expired. */
  tick(): Promise<readonly OutboxMessage[]>;
}

export interface CredentialOptions {
  readonly store: EventStore;
  readonly book: CredentialBook;
  readonly messages: Pick<Messages, 'events'> & RevocationMessages;
  readonly tenant: string;
  readonly now: () => number;
  /** Longest life of a key, ms. */
  readonly keyLifeMs: number;
  /** Told of a revocation as soon as it is in the database. */
  readonly onRevoked: (entry: Revocation) => void;
}

/** How long before its end a key is announced as expiring. */
const noticeMs = 14 * 86_400_000;
/** A revoked key takes the sessions with it that it opened; where they are more, everything of the agent up to now. */
const mostSessions = 500;
const prefix = 'credentials:';

export const createCredentials = ({ store, book, messages, tenant, now, keyLifeMs, onRevoked }: CredentialOptions): Credentials => {
  const handle = async (agent: string, command: CredentialsCommand, by: string) => {
    const stream = `${prefix}${agent}`;
    const { outcome, state, version } = await decideAndAppend({
      store, decider: credentialsDecider, stream, command, at: command.now, by,
      outbox: (events, _, last) => [...revokedBy(events).map((entry) => messages.revocation(entry)), ...messages.events(stream, events, last, by, command.now)],
    });
    if (outcome.status === 'accepted') {
      await row(agent, version, state.keys, revokedBy(outcome.events));
      revokedBy(outcome.events).forEach(onRevoked);
    }
    return outcome;
  };
  const row = async (agent: string, version: number, keys: readonly AgentKeyState[], entries: readonly Revocation[]): Promise<void> => {
    // Entries first: a crash in between leaves the keys' version behind, and catchUp does both again.
    await book.addRevocations(entries);
    await book.putKeys(agent, version, keys);
  };
  const addKey = (agent: string, key: PublicJwk, more: { readonly notAfter: number; readonly retireOthersAt: number | null; readonly reason: string }, by: string) =>
    handle(agent, { type: 'add_key', tenant, agent, key, thumbprint: jwkThumbprint(key), ...more, by, now: now() }, by);

  const claim: Credentials['claim'] = async (agent, key) => {
    if (publicKeyOf(key) === undefined || !/^[A-Za-z0-9_-]{1,64}$/.test(key.kid)) return refused('invalid_request', 'key must be an Ed25519 public JWK (RFC 8037) whose kid has 1 to 64 characters of A-Z, a-z, 0-9, _ and -');
    const { outcome } = await decideAndAppend({ store, decider: keyClaimDecider, stream: `key:${jwkThumbprint(key)}`, command: { type: 'claim', agent, now: now() }, at: now(), by: agent });
    return outcome.status === 'refused' ? refused(outcome.code, outcome.detail) : undefined;
  };

  /** What a request comes to, as entries of the set. */
  const entriesOf = async (agent: string, { kind, subject, before, reason }: RevokeRequest, by: string): Promise<readonly Revocation[] | Refused<CredentialsCode>> => {
    const at = now();
    const entry = (what: Revocation['kind'], of: string, from: number, until: number): Revocation => ({ revocation: revocationId(what, of, from), tenant, agent, kind: what, subject: of, from, until, reason, by, at });
    if (kind === 'agent') {
      if (subject !== undefined && subject !== agent) return refused('invalid_request', 'kind agent is about the agent of the address: leave subject out');
      const from = Math.min(before ?? at, at);
      return [entry('agent', agent, from, from + longestSessionMs)];
    }
    if (subject === undefined || before !== undefined) return refused('invalid_request', subject === undefined ? `say which ${kind}: subject is missing` : 'before goes with kind agent');
    if (kind !== 'key') return [entry(kind, subject, at, at + (kind === 'token' ? tokenLifeMs : longestSessionMs))];
    const key = (await book.keys(agent)).find(({ kid, thumbprint }) => subject === thumbprint || subject === kid);
    if (key === undefined) return refused('invalid_request', 'the agent has no such key: countersign agent keys AGENT lists them');
    const sessions = await book.sessionsOf(agent, key.thumbprint, at, mostSessions + 1);
    return [
      entry('key', key.thumbprint, 0, Math.max(key.notAfter, at) + longestSessionMs),
      ...(sessions.length > mostSessions ? [entry('agent', agent, at, at + longestSessionMs)] : sessions.map((jkt) => entry('session', jkt, at, at + longestSessionMs))),
    ];
  };

  return {
    claim,
    first: async (agent, key, by) => { await addKey(agent, key, { notAfter: now() + keyLifeMs, retireOthersAt: null, reason: 'registered with it' }, by); },
    add: async (agent, { key, lifeMs, retireOthersAfterMs, reason }, by) => {
      if (lifeMs !== undefined && lifeMs > keyLifeMs) return refused('invalid_request', `a key lives at most ${keyLifeMs / 86_400_000} days here`);
      const taken = await claim(agent, key);
      if (taken !== undefined) return taken;
      const outcome = await addKey(agent, key, { notAfter: now() + (lifeMs ?? keyLifeMs), retireOthersAt: retireOthersAfterMs === undefined ? null : now() + retireOthersAfterMs, reason }, by);
      return outcome.status === 'refused' ? refused(outcome.code, outcome.detail) : undefined;
    },
    keys: async (agent) => (await book.keys(agent)).slice(-64).map(({ kid, thumbprint, key, notBefore, notAfter, addedBy, replaced }) => ({
      kid, thumbprint, key, notBefore, notAfter, addedBy, status: notAfter <= now() ? 'over' as const : notBefore > now() ? 'not_yet' as const : replaced ? 'retiring' as const : 'live' as const,
    })),
    revoke: async (agent, request, by) => {
      const entries = await entriesOf(agent, request, by);
      if ('status' in entries) return entries;
      const outcome = await handle(agent, { type: 'revoke', revocations: entries, now: now() }, by);
      return outcome.status === 'refused' ? refused(outcome.code, outcome.detail) : entries;
    },
    revocations: (agent) => book.revocations(agent),
    catchUp: async () => {
      const versions = await book.keyVersions();
      for (const stream of await store.streams(prefix)) {
        const agent = stream.slice(prefix.length);
        const { events, version } = await store.load(stream);
        if (versions.get(agent) === version) continue;
        const all = events.map((event) => event.data as CredentialsEvent);
        await row(agent, version, fold(credentialsDecider, all).keys, revokedBy(all).filter(({ until }) => until + longestSessionMs > now()));
      }
    },
    merge: async (entries) => {
      const known = await book.known(entries.map(({ revocation }) => revocation));
      const missing = Map.groupBy(entries.filter(({ revocation }) => !known.has(revocation)), ({ agent }) => agent);
      for (const [agent, revocations] of missing) await handle(agent, { type: 'restore', revocations, now: now() }, 'registry');
      return [...missing.values()].flat().length;
    },
    snapshots: async () => (await book.revocations()).map((entry) => messages.revocation(entry)),
    tick: async () => {
      for (const agent of await book.expiring(now() + noticeMs)) await handle(agent, { type: 'announce_expiry', until: now() + noticeMs, now: now() }, 'registry');
      const forgotten = await book.prune(now() - longestSessionMs);
      return forgotten.map((revocation) => messages.forgotten(revocation));
    },
  };
};

const revokedBy = (events: readonly CredentialsEvent[]): readonly Revocation[] => events.flatMap((event) => ('revocation' in event ? [event.revocation] : []));
