import { topic } from '@countersign/contracts';
import type { HaltNotice } from '@countersign/contracts';
import { createHaltSet, isHaltNotice } from './halt-set.ts';
import type { HaltView } from './halt-set.ts';
import { followSignedSet } from './signed-set-view.ts';
import type { LiveSignedSet, SignedSetOptions } from './signed-set-view.ts';

/** `topic`: default `supervision.halts.v1`. */
export interface HaltViewOptions extends SignedSetOptions {
  /** Told of each valid notice, once it counts. */
  readonly onNotice?: (notice: HaltNotice) => void;
}

export interface LiveHaltView extends HaltView, LiveSignedSet {}

/** Follows the halts and their lifts that supervision signed. */
export const createHaltView = (options: HaltViewOptions): LiveHaltView => {
  const set = createHaltSet();
  const followed = followSignedSet(options, {
    signer: 'supervision', topic: topic.supervisionHalts, maxBytes: 65_536,
    take: (notice, key) => {
      if (!isHaltNotice(notice) || key !== `${notice.halt}:${notice.op}`) return false;
      set.add(notice);
      options.onNotice?.(notice);
      return true;
    },
  });
  return { ...followed, halted: (target, except) => set.halted(target, except) };
};
