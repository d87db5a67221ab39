import { topic } from '@countersign/contracts';
import type { HaltNotice } from '@countersign/contracts';
import { createHaltSet, isHaltNotice } from './halt-set.ts';
import type { HaltSet, HaltView } from './halt-set.ts';
import { createHaltReporter } from './halt-report.ts';
import type { ReportingPoint } from './halt-report.ts';
import { followSignedSet } from './signed-set-view.ts';
import type { LiveSignedSet, SignedSetOptions } from './signed-set-view.ts';

/** `topic`: default `supervision.halts.v1`. */
export interface HaltViewOptions extends SignedSetOptions {
  /** Told of each valid notice, once it counts, and where in the topic it stands. */
  readonly onNotice?: (notice: HaltNotice, offset: bigint) => void;
  /** Has the view say what it has heard: a stop is confirmed by everybody who enforces it. */
  readonly report?: ReportingPoint;
}

export interface LiveHaltView extends HaltView, LiveSignedSet {
  /** The pause under which new actions of this target wait, if any. */
  readonly paused: HaltSet['paused'];
  /** Halts and pauses in force. */
  readonly size: number;
}

/** Follows the halts and their lifts that supervision signed. */
export const createHaltView = (options: HaltViewOptions): LiveHaltView => {
  const set = createHaltSet();
  const reporter = options.report && createHaltReporter(options.bus, options.report, options.now, (error) => options.onError?.(error));
  const followed = followSignedSet(options, {
    signer: 'supervision', topic: topic.supervisionHalts, maxBytes: 65_536,
    onBeat: (offset) => reporter?.seen(offset, false),
    take: (notice, key, offset) => {
      if (!isHaltNotice(notice) || key !== `${notice.halt}:${notice.op}`) return false;
      set.add(notice);
      options.onNotice?.(notice, offset);
      reporter?.seen(offset, true);
      return true;
    },
  });
  return {
    ...followed, halted: (target, except) => set.halted(target, except), paused: (target) => set.paused(target), get size() { return set.size; },
    stop: async () => { await followed.stop(); await reporter?.stop(); },
  };
};
