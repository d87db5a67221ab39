import { topic, validateRevocation } from '@countersign/contracts';
import type { Revocation } from '@countersign/contracts';
import { createRevocationSet } from './revocation-set.ts';
import type { RevocationSet, RevocationView } from './revocation-set.ts';
import { followSignedSet } from './signed-set-view.ts';
import type { LiveSignedSet, SignedSetOptions } from './signed-set-view.ts';

/** `topic`: default `registry.revocations.v1`. */
export interface RevocationViewOptions extends SignedSetOptions {
  /** Told of each valid entry, once it counts. */
  readonly onRevoked?: (entry: Revocation) => void;
}

export interface LiveRevocationView extends RevocationView, LiveSignedSet {
  /** Counts an entry at once that is still on its way here. */
  readonly add: RevocationSet['add'];
}

/** Follows what the registry revoked and signed. */
export const createRevocationView = (options: RevocationViewOptions): LiveRevocationView => {
  const set = createRevocationSet();
  const followed = followSignedSet(options, {
    signer: 'registry', topic: topic.registryRevocations, maxBytes: 16_384,
    take: (entry, key) => {
      if (!validateRevocation(entry) || key !== entry.revocation) return false;
      set.add(entry);
      options.onRevoked?.(entry);
      return true;
    },
  });
  return { ...followed, add: set.add, token: set.token, work: set.work, key: set.key, get size() { return set.size; } };
};
