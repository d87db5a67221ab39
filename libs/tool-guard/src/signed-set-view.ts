import { createHeartbeatCheck, followSnapshot } from '@countersign/bus';
import type { Bus, BusMessage } from '@countersign/bus';
import { parseStrictJson, verifyServiceMessage } from '@countersign/identity';
import type { KeySet } from '@countersign/identity';

export interface SignedSetOptions {
  readonly bus: Bus;
  /** Public keys, the signing service's among them. */
  readonly jwks: KeySet;
  /** Milliseconds. */
  readonly now: () => number;
  /** Default: the topic of this set in topics.yaml. */
  readonly topic?: string;
  /** Default 3,000. */
  readonly staleAfterMs?: number;
  readonly onError?: (error: Error) => void;
}

/** One grow-only set of signed entries on a compacted topic. */
export interface SignedSet {
  /** The service that signs it: its name in the key set, and in the message types `countersign.SERVICE.…`. */
  readonly signer: string;
  readonly topic: string;
  /** Longest entry, bytes. */
  readonly maxBytes: number;
  /** Takes an entry whose signature holds; false where it is no such entry or stands under another key. */
  readonly take: (entry: unknown, key: string, offset: bigint) => boolean;
  /** Told of each heartbeat that counts. */
  readonly onBeat?: (offset: bigint) => void;
}

export interface LiveSignedSet {
  /** Resolves when everything said before the start is in. Until then the view is stale. */
  readonly ready: Promise<void>;
  /** True when the view may have missed an entry: nothing heard for `staleAfterMs`, or not ready yet. */
  isStale(): boolean;
  stop(): Promise<void>;
}

/**
 * Follows a set that only grows: only what its service signed counts, entries and heartbeats alike. A tombstone takes nothing back;
 * a heartbeat sent again keeps nothing alive, for its time must go forward and be now.
 */
export const followSignedSet = (options: SignedSetOptions, { signer, topic, maxBytes, take, onBeat }: SignedSet): LiveSignedSet => {
  const signed = (message: BusMessage): unknown => {
    const type = message.headers['ce_type'] ?? '';
    if (message.value === null || !type.startsWith(`countersign.${signer}.`) || !verifyServiceMessage(message, options.jwks, { [type]: [signer] }).ok) return undefined;
    const parsed = parseStrictJson(message.value, { maxBytes });
    return parsed.ok ? parsed.value : undefined;
  };
  const beat = createHeartbeatCheck({ signed: (message) => signed(message) !== undefined, now: options.now, staleAfterMs: options.staleAfterMs });
  const snapshot = followSnapshot<true>(options.bus, {
    topic: options.topic ?? topic, now: options.now, staleAfterMs: options.staleAfterMs ?? 3_000,
    ...(options.onError && { onError: options.onError }),
    accept: (message) => {
      const entry = signed(message);
      return message.key !== null && entry !== undefined && take(entry, message.key, message.offset) ? { value: true } : undefined;
    },
    acceptTombstone: () => false,
    acceptHeartbeat: (message) => {
      if (!beat(message)) return false;
      onBeat?.(message.offset);
      return true;
    },
  });
  return { ready: snapshot.ready, isStale: () => snapshot.isStale(), stop: () => snapshot.stop() };
};
