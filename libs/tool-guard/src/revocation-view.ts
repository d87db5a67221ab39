import { followSnapshot, isHeartbeat } from '@countersign/bus';
import type { Bus, BusMessage } from '@countersign/bus';
import { topic, validateRevocation } from '@countersign/contracts';
import type { Revocation } from '@countersign/contracts';
import { parseStrictJson, verifyServiceMessage } from '@countersign/identity';
import type { KeySet } from '@countersign/identity';
import { createRevocationSet } from './revocation-set.ts';
import type { RevocationSet, RevocationView } from './revocation-set.ts';

export interface RevocationViewOptions {
  readonly bus: Bus;
  /** Public keys, the registry's among them. */
  readonly jwks: KeySet;
  /** Milliseconds. */
  readonly now: () => number;
  /** Default `registry.revocations.v1`. */
  readonly topic?: string;
  /** Default 3,000. */
  readonly staleAfterMs?: number;
  /** Told of each valid entry, once it counts. */
  readonly onRevoked?: (entry: Revocation) => void;
  readonly onError?: (error: Error) => void;
}

export interface LiveRevocationView extends RevocationView {
  /** Resolves when everything revoked before the start is in. Until then the view is stale. */
  readonly ready: Promise<void>;
  /** Counts an entry at once that is still on its way here. */
  readonly add: RevocationSet['add'];
  stop(): Promise<void>;
}

/** Follows what the registry revoked: only what it signed counts, entries and heartbeats alike. A tombstone takes nothing back; a heartbeat's time must go forward. */
export const createRevocationView = (options: RevocationViewOptions): LiveRevocationView => {
  const set = createRevocationSet();
  const lastBeat = new Map<number, number>();

  const signed = (message: BusMessage): unknown => {
    const type = message.headers['ce_type'] ?? '';
    if (message.value === null || !type.startsWith('countersign.registry.') || !verifyServiceMessage(message, options.jwks, { [type]: ['registry'] }).ok) return undefined;
    const parsed = parseStrictJson(message.value, { maxBytes: 16_384 });
    return parsed.ok ? parsed.value : undefined;
  };

  const snapshot = followSnapshot<true>(options.bus, {
    topic: options.topic ?? topic.registryRevocations, now: options.now, staleAfterMs: options.staleAfterMs ?? 3_000,
    ...(options.onError && { onError: options.onError }),
    accept: (message) => {
      const entry = signed(message);
      if (!validateRevocation(entry) || message.key !== entry.revocation) return undefined;
      set.add(entry);
      options.onRevoked?.(entry);
      return { value: true };
    },
    acceptTombstone: () => false,
    acceptHeartbeat: (message) => {
      const at = isHeartbeat(message) ? (signed(message) as { at?: unknown } | undefined)?.at : undefined;
      if (typeof at !== 'number' || at <= (lastBeat.get(message.partition) ?? Number.NEGATIVE_INFINITY)) return false;
      lastBeat.set(message.partition, at);
      return true;
    },
  });
  return { ready: snapshot.ready, add: set.add, token: set.token, work: set.work, key: set.key, get size() { return set.size; }, isStale: () => snapshot.isStale(), stop: () => snapshot.stop() };
};
