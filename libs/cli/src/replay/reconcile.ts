import type { Bus, BusMessage } from '@countersign/bus';
import { topic as topics } from '@countersign/contracts';
import type { GovernedRecord } from '@countersign/contracts';

/** What an independent reader of runs.governed.v1 saw of each proposal: judged by nobody who took part. */
export interface Reconciler {
  readonly follow: () => Promise<void>;
  readonly proposed: (run: string, action: string) => void;
  /** Resolves once every proposal has been seen decided, or after `timeoutMs`: `result` then tells what is lost. */
  settled(timeoutMs: number): Promise<void>;
  result(): { readonly records: number; readonly lost: number; readonly duplicates: number; readonly gaps: number };
  stop(): Promise<void>;
}

interface Seen { rounds: Set<number>; terminal: number; repeated: number }

/** Decisions that end an action; step_up and defer have further rounds. */
const isTerminal = (decision: string): boolean => decision === 'allow' || decision === 'modify' || decision === 'deny';

/** @param keep told of every governed record as it was written */
export const createReconciler = (bus: Bus, keep: (partition: number, record: Buffer) => void = () => undefined, topic = topics.runsGoverned): Reconciler => {
  /** Proposed and not yet seen decided. */
  const awaited = new Set<string>();
  const seen = new Map<string, Seen>();
  const nextPosition = new Map<number, number>();
  let records = 0;
  let gaps = 0;
  let stop = async (): Promise<void> => undefined;
  let wake = (): void => undefined;

  const take = (message: BusMessage): void => {
    const record = JSON.parse(message.value!.toString()) as GovernedRecord;
    records++;
    keep(message.partition, message.value!);
    const due = nextPosition.get(message.partition) ?? 0;
    if (record.position !== due) gaps++;
    nextPosition.set(message.partition, record.position + 1);
    if (record.kind !== 'action.decided') return;
    const key = `${record.run}/${record.action}`;
    const one = seen.get(key) ?? { rounds: new Set<number>(), terminal: 0, repeated: 0 };
    if (one.rounds.has(record.round)) one.repeated++;
    one.rounds.add(record.round);
    if (isTerminal(record.decision.decision)) one.terminal++;
    seen.set(key, one);
    awaited.delete(key);
    if (awaited.size === 0) wake();
  };

  return {
    follow: async () => {
      const subscription = await bus.follow({ topics: [topic], from: 'start', onBatch: (messages) => { for (const message of messages) take(message); } });
      await subscription.ready;
      stop = () => subscription.stop();
    },
    proposed: (run, action) => { if (!seen.has(`${run}/${action}`)) awaited.add(`${run}/${action}`); },
    settled: async (timeoutMs) => {
      const end = Date.now() + timeoutMs;
      while (awaited.size > 0 && Date.now() < end) await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, 200);
        wake = () => { clearTimeout(timer); resolve(); };
      });
    },
    result: () => {
      let duplicates = 0;
      for (const one of seen.values()) duplicates += one.repeated + Math.max(0, one.terminal - 1);
      return { records, lost: awaited.size, duplicates, gaps };
    },
    stop: () => stop(),
  };
};
