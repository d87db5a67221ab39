import type { GovernedRecord } from '@countersign/contracts';

/**
 * The one point where approve, cancel, halt and expiry race: one row per action, moved by compare-and-set (DESIGN 7, Execution).
 * open → granted → claimed → finished; cancelled and denied from open or granted. Nothing leaves finished, cancelled or denied.
 * `unknown`: its agent was stopped when it may have been under way, and only its outcome can tell.
 */
export type ActionStatus = 'open' | 'granted' | 'claimed' | 'unknown' | 'finished' | 'cancelled' | 'denied';

/** The statuses from which a move may start. */
export const moves: Readonly<Record<ActionStatus, readonly ActionStatus[]>> = {
  open: [],
  granted: ['open'],
  claimed: ['granted'],
  unknown: ['open', 'granted', 'claimed'],
  // An outcome is a fact about the world: it ends even what was never claimed.
  finished: ['open', 'granted', 'claimed', 'unknown'],
  cancelled: ['open', 'granted'],
  denied: ['open', 'granted'],
};

/** Where a governed record puts its action; undefined where it is about none. */
export const statusAfter = (record: GovernedRecord): ActionStatus | undefined => {
  switch (record.kind) {
    case 'action.decided':
      switch (record.decision.decision) {
        case 'allow':
        case 'modify':
          return 'granted';
        case 'deny':
          return 'denied';
        default:
          return 'open';
      }
    case 'action.outcome':
      // Whoever ran it does not know either: people find out (reconcile), nobody tries again.
      return record.message.status === 'unknown' ? 'unknown' : 'finished';
    case 'action.cancelled':
      return 'cancelled';
    default:
      return undefined;
  }
};
