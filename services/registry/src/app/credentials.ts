import { jwkThumbprint, publicKeyOf } from '@countersign/identity';
import type { AddAgentKeyRequest, AgentKey, PublicJwk, Revocation, RevokeRequest } from '@countersign/contracts';
import type { EventStore, OutboxMessage } from '@countersign/event-store';
import { fold, refused } from '@countersign/kernel';
import type { Refused } from '@countersign/kernel';
import { credentialsDecider, longestSessionMs, revocationId } from '../core/credentials.ts';
import type { AgentKeyState, Credentials as CredentialsState, CredentialsCode, CredentialsCommand, CredentialsEvent } from '../core/credentials.ts';
import { keyClaimDecider } from '../core/key-claim.ts';
import { tokenLifeMs } from '../core/run.ts';
import type { CredentialBook, Messages, RevocationMessages } from './ports.ts';
import { decideTogether, part } from './together.ts';
import type { Part } from './together.ts';

export interface Credentials {
  /** Takes a key for an agent, for good: the part of whatever else is done with it, all of it or nothing. Refused where it is no key. */
  claim(agent: string, key: PublicJwk): Part | Refused<'invalid_request'>;
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
  const partOf = (agent: string, command: CredentialsCommand, by: string): Part => {
    const stream = `${prefix}${agent}`;
    return part<CredentialsCommand, CredentialsEvent, CredentialsState, CredentialsCode>({
      stream, decider: credentialsDecider, command, by,
      outbox: (events, _, last) => [...revokedBy(events).map((entry) => messages.revocation(entry)), ...messages.events(stream, events, last, by, command.now)],
      row: async ({ keys }, version, events) => {
        await row(agent, version, keys, revokedBy(events));
        revokedBy(events).forEach(onRevoked);
      },
    });
  };
  const handle = async (agent: string, command: CredentialsCommand, by: string): Promise<Refused<CredentialsCode> | undefined> =>
    await decideTogether(store, [partOf(agent, command, by)]) as Refused<CredentialsCode> | undefined;
  const row = async (agent: string, version: number, keys: readonly AgentKeyState[], entries: readonly Revocation[]): Promise<void> => {
    // Entries first: a crash in between leaves the keys' version behind, and catchUp does both again.
    await book.addRevocations(entries);
    await book.putKeys(agent, version, keys);
  };
  const keyPart = (agent: string, key: PublicJwk, more: { readonly notAfter: number; readonly retireOthersAt: number | null; readonly reason: string }, by: string): Part =>
    partOf(agent, { type: 'add_key', tenant, agent, key, thumbprint: jwkThumbprint(key), ...more, by, now: now() }, by);

  const claim: Credentials['claim'] = (agent, key) => {
    if (publicKeyOf(key) === undefined || !/^[A-Za-z0-9_-]{1,64}$/.test(key.kid)) return refused('invalid_request', 'key must be an Ed25519 public JWK (RFC 8037) whose kid has 1 to 64 characters of A-Z, a-z, 0-9, _ and -');
    return part({ stream: `key:${jwkThumbprint(key)}`, decider: keyClaimDecider, command: { type: 'claim', agent, now: now() }, by: agent, outbox: () => [], row: async () => undefined });
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
    first: async (agent, key, by) => {
      const taken = claim(agent, key);
      // Of an agent that registered it before, or has had it taken over by another key since: nothing to add.
      if (!('status' in taken)) await decideTogether(store, [taken, keyPart(agent, key, { notAfter: now() + keyLifeMs, retireOthersAt: null, reason: 'registered with it' }, by)]);
    },
    add: async (agent, { key, lifeMs, retireOthersAfterMs, reason }, by) => {
      if (lifeMs !== undefined && lifeMs > keyLifeMs) return refused('invalid_request', `a key lives at most ${keyLifeMs / 86_400_000} days here`);
      const taken = claim(agent, key);
      if ('status' in taken) return taken;
      const added = keyPart(agent, key, { notAfter: now() + (lifeMs ?? keyLifeMs), retireOthersAt: retireOthersAfterMs === undefined ? null : now() + retireOthersAfterMs, reason }, by);
      return await decideTogether(store, [taken, added]) as Refused<CredentialsCode> | undefined;
    },
    keys: async (agent) => (await book.keys(agent)).slice(-64).map(({ kid, thumbprint, key, notBefore, notAfter, addedBy, replaced }) => ({
      kid, thumbprint, key, notBefore, notAfter, addedBy, status: notAfter <= now() ? 'over' as const : notBefore > now() ? 'not_yet' as const : replaced ? 'retiring' as const : 'live' as const,
    })),
    revoke: async (agent, request, by) => {
      const entries = await entriesOf(agent, request, by);
      if ('status' in entries) return entries;
      return await handle(agent, { type: 'revoke', revocations: entries, now: now() }, by) ?? entries;
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
