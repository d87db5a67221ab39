import { startHeartbeats } from '@countersign/bus';
import type { Bus } from '@countersign/bus';
import { topic } from '@countersign/contracts';
import type { SigningKey } from '@countersign/identity';
import type { Progress } from '../app/progress.ts';
import { heartbeatHeaders } from './publish.ts';

export interface LevelHeartbeats {
  readonly bus: Bus;
  readonly key: SigningKey;
  readonly tenant: string;
  readonly now: () => number;
  readonly scoring: Progress;
  readonly rekeying: Progress;
  readonly onError: (error: Error) => void;
}

/**
 * Says that no news of a level is good news (DESIGN 6), for the partitions that this process scores and that get on: a level of one that loads, lags or
 * fails is not known, and policy then counts it as raised. While what it re-keys does not get on it speaks for none, since runs of any agent may wait there.
 */
export const startLevelHeartbeats = ({ bus, key, tenant, now, scoring, rekeying, onError }: LevelHeartbeats): { stop(): Promise<void> } => {
  let silent = '';
  const speaksFor = async (): Promise<readonly number[]> => {
    const [governed, actions] = await Promise.all([bus.ends(topic.runsGoverned), bus.ends(topic.anomalyActions)]);
    rekeying.ends(governed);
    scoring.ends(actions);
    const waiting = rekeying.partitions.filter((partition) => !rekeying.getsOn(partition));
    const behind = scoring.partitions.filter((partition) => !scoring.getsOn(partition));
    const why = [...waiting.map((partition) => `re-keying of ${topic.runsGoverned}/${partition}`), ...behind.map((partition) => `scoring of ${topic.anomalyActions}/${partition}`)].join(', ');
    if (why !== silent && why !== '') onError(new Error(`no heartbeat: does not get on: ${why}`));
    silent = why;
    return waiting.length > 0 ? [] : scoring.partitions.filter((partition) => scoring.getsOn(partition));
  };
  const some: Bus = {
    ...bus,
    publish: async (beats) => {
      const partitions = await speaksFor();
      const said = beats.filter(({ partition }) => partitions.includes(partition!));
      if (said.length > 0) await bus.publish(said);
    },
  };
  return startHeartbeats(some, topic.anomalyLevels, { now, onError, sign: heartbeatHeaders(key, tenant) });
};
