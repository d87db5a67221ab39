import type { GovernedDecided, Tier } from '@countersign/contracts';
import type { Answer } from './foresee.ts';

/** What the draft made of an action that waited on the record: the later rounds depend on it. */
export interface Waiting {
  readonly draft: 'waits' | 'settled' | 'unknown';
  /** The tier at which the draft has people asked, and whom. */
  readonly tier: Tier; readonly approval: Answer['approval'];
  readonly because: readonly string[];
  /** On the record: when people were asked, and whom. */
  readonly askedAt: number; readonly recorded: GovernedDecided['decision']['approval'];
}

const most = 500_000;

/** Actions that wait, by run and action. The oldest are forgotten when there are too many; their later rounds are then judged on their own. */
export const createRounds = () => {
  const open = new Map<string, Waiting>();
  let forgotten = 0;
  const keyOf = (record: GovernedDecided): string => `${record.run ?? ''}/${record.action}`;
  return {
    /** What is known of the round before; and this one settles it, or is kept by `wait`. */
    take: (record: GovernedDecided): Waiting | undefined => {
      if (record.round === 1) return undefined;
      const key = keyOf(record);
      const found = open.get(key);
      open.delete(key);
      return found;
    },
    wait: (record: GovernedDecided, waiting: Waiting): void => {
      open.set(keyOf(record), waiting);
      if (open.size > most) {
        open.delete(open.keys().next().value!);
        forgotten++;
      }
    },
    open: () => open.size,
    forgotten: () => forgotten,
  };
};

export const waitsOn = (record: GovernedDecided): boolean => record.decision.decision === 'step_up' || record.decision.decision === 'defer';

export const waitingAs = (record: GovernedDecided, answer: Answer | null, because: readonly string[]): Waiting => ({
  draft: answer === null ? 'unknown' : answer.decision === 'step_up' || answer.decision === 'defer' ? 'waits' : 'settled',
  tier: answer?.tier ?? 1, approval: answer?.approval ?? null, because, askedAt: record.now, recorded: record.decision.approval,
});

/** Whether the approval that people gave is also one that the draft would have taken: nobody outside its route, and as many as it wants. */
export const approvalHolds = ({ approval, recorded }: Waiting): boolean =>
  approval === null || recorded === null || (recorded.route.every((role) => approval.route.includes(role)) && recorded.quorum >= approval.quorum);
