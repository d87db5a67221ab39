import type { ProcessOptions } from '@countersign/bus';
import type { Progress } from '../app/progress.ts';

/** Owners of partitions whose progress is told. */
export const tracked = (progress: Progress, own: ProcessOptions['own']): ProcessOptions['own'] => async (ownership) => {
  const { partition, next } = ownership;
  const owner = await own(ownership);
  progress.owned(partition, next);
  return {
    handle: (messages) => { progress.began(partition); return owner.handle(messages); },
    committed: (through) => { progress.committed(partition, through); return owner.committed?.(through); },
    discard: () => { progress.lost(partition); owner.discard?.(); },
  };
};
