import { followSnapshot, isHeartbeat } from '@countersign/bus';
import type { Bus, BusMessage } from '@countersign/bus';
import type { HaltNotice } from '@countersign/contracts';
import { parseStrictJson, verifyServiceMessage } from '@countersign/identity';
import type { KeySet } from '@countersign/identity';
import { createHaltSet, isHaltNotice } from './halt-set.ts';
import type { HaltView } from './halt-set.ts';

export interface HaltViewOptions {
  readonly bus: Bus;
  /** Public keys, supervision's among them. */
  readonly jwks: KeySet;
  /** Milliseconds. */
  readonly now: () => number;
  /** Default `supervision.halts.v1`. */
  readonly topic?: string;
  /** Default 3,000. */
  readonly staleAfterMs?: number;
  /** Told of each valid notice, once it counts. */
  readonly onNotice?: (notice: HaltNotice) => void;
  readonly onError?: (error: Error) => void;
}

export interface LiveHaltView extends HaltView {
  /** Resolves when every halt issued before the start is in. Until then the view is stale. */
  readonly ready: Promise<void>;
  stop(): Promise<void>;
}

/**
 * Follows the halts: only what supervision signed counts, notices and heartbeats alike. A tombstone takes nothing back, for both sets only grow;
 * a heartbeat sent again keeps nothing alive, for its time must go forward.
 */
export const createHaltView = (options: HaltViewOptions): LiveHaltView => {
  const set = createHaltSet();
  const lastBeat = new Map<number, number>();

  const signed = (message: BusMessage): unknown => {
    const type = message.headers['ce_type'] ?? '';
    if (message.value === null || !type.startsWith('countersign.supervision.')) return undefined;
    if (!verifyServiceMessage(message, options.jwks, { [type]: ['supervision'] }).ok) return undefined;
    const parsed = parseStrictJson(message.value, { maxBytes: 65_536 });
    return parsed.ok ? parsed.value : undefined;
  };

  const snapshot = followSnapshot<HaltNotice>(options.bus, {
    topic: options.topic ?? 'supervision.halts.v1', now: options.now, staleAfterMs: options.staleAfterMs ?? 3_000,
    ...(options.onError && { onError: options.onError }),
    accept: (message) => {
      const notice = signed(message);
      if (!isHaltNotice(notice) || message.key !== `${notice.halt}:${notice.op}`) return undefined;
      set.add(notice);
      options.onNotice?.(notice);
      return { value: notice };
    },
    acceptTombstone: () => false,
    acceptHeartbeat: (message) => {
      const at = isHeartbeat(message) ? (signed(message) as { at?: unknown } | undefined)?.at : undefined;
      if (typeof at !== 'number' || at <= (lastBeat.get(message.partition) ?? Number.NEGATIVE_INFINITY)) return false;
      lastBeat.set(message.partition, at);
      return true;
    },
  });
  return { ready: snapshot.ready, halted: (target, except) => set.halted(target, except), isStale: () => snapshot.isStale(), stop: () => snapshot.stop() };
};
