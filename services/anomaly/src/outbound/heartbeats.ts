import { startHeartbeats } from '@countersign/bus';
import type { Bus } from '@countersign/bus';
import { topic } from '@countersign/contracts';
import type { SigningKey } from '@countersign/identity';
import { mostBehindMs } from '../app/progress.ts';
import type { Progress } from '../app/progress.ts';
import { heartbeatHeaders } from './publish.ts';

export interface Voice {
  readonly now: () => number;
  readonly scoring: Progress;
  readonly rekeying: Progress;
  readonly onError: (error: Error) => void;
}

/**
 * The partitions that this process may speak for: those that it scores and that get on; none while what it re-keys does not, since runs of any agent
 * may wait there. Catching up after a start is ordinary; what lasts longer is told once.
 */
export const createVoice = ({ now, scoring, rekeying, onError }: Voice): { speaksFor(ends: { readonly governed: readonly bigint[]; readonly actions: readonly bigint[] }): readonly number[] } => {
  let since: number | undefined;
  let told = false;
  return {
    speaksFor: ({ governed, actions }) => {
      rekeying.ends(governed);
      scoring.ends(actions);
      const waiting = rekeying.partitions.filter((partition) => !rekeying.getsOn(partition));
      const behind = scoring.partitions.filter((partition) => !scoring.getsOn(partition));
      if (waiting.length + behind.length === 0) { since = undefined; told = false; } else since ??= now();
      if (since !== undefined && !told && now() - since >= mostBehindMs) {
        told = true;
        onError(new Error(`no heartbeat: does not get on: ${[...waiting.map((partition) => `re-keying of ${topic.runsGoverned}/${partition}`), ...behind.map((partition) => `scoring of ${topic.anomalyActions}/${partition}`)].join(', ')}`));
      }
      return waiting.length > 0 ? [] : scoring.partitions.filter((partition) => !behind.includes(partition));
    },
  };
};

export interface LevelHeartbeats extends Voice {
  readonly bus: Bus;
  readonly key: SigningKey;
  readonly tenant: string;
}

/** Says that no news of a level is good news (DESIGN 6), where it is: a level of a partition that loads, lags or fails is not known, and policy then counts it as raised. */
export const startLevelHeartbeats = ({ bus, key, tenant, ...of }: LevelHeartbeats): { stop(): Promise<void> } => {
  const voice = createVoice(of);
  const some: Bus = {
    ...bus,
    publish: async (beats) => {
      const [governed, actions] = await Promise.all([bus.ends(topic.runsGoverned), bus.ends(topic.anomalyActions)]);
      const partitions = voice.speaksFor({ governed, actions });
      const said = beats.filter(({ partition }) => partitions.includes(partition!));
      if (said.length > 0) await bus.publish(said);
    },
  };
  return startHeartbeats(some, topic.anomalyLevels, { now: of.now, onError: of.onError, sign: heartbeatHeaders(key, tenant) });
};
