import type { Bus } from '@countersign/bus';
import { topic } from '@countersign/contracts';
import type { GovernedDecided } from '@countersign/contracts';
import { readGoverned } from '@countersign/service-host';
import { lineOf } from './lines.ts';

export interface Seen {
  readonly ready: Promise<void>;
  /** The latest decision of each action that waits for people, oldest first. */
  waiting(): readonly GovernedDecided[];
  /** The same of each that waits for a fact. */
  deferred(): readonly GovernedDecided[];
  /** What agents did alone, of which people are told (tier 2), oldest first. */
  told(): readonly GovernedDecided[];
  /** What the round has to show, by tier and by decision: how often each was decided. */
  counts(): { readonly byTier: Readonly<Record<string, number>>; readonly byDecision: Readonly<Record<string, number>> };
  /** Messages that policy refused: a runtime that works has none. */
  problems(): number;
  stop(): Promise<void>;
}

const mostTold = 100;

/** Prints every governed record worth a line as it appears, whoever caused it: what is shown is the record, not what an agent says of itself. */
export const watch = (bus: Bus, options: { readonly out: (line: string) => void; readonly colour: boolean; readonly startedAt: number; readonly now: () => number }): Seen => {
  const waiting = new Map<string, GovernedDecided>(), deferred = new Map<string, GovernedDecided>(), told: GovernedDecided[] = [];
  const byTier: Record<string, number> = {};
  const byDecision: Record<string, number> = {};
  let problems = 0;
  let first = true;

  const decided = (record: GovernedDecided): void => {
    const { decision, tier } = record.decision;
    const key = `${record.run}/${record.action}`;
    byTier[tier] = (byTier[tier] ?? 0) + 1;
    byDecision[decision] = (byDecision[decision] ?? 0) + 1;
    if (decision === 'step_up') waiting.set(key, record); else waiting.delete(key);
    if (decision === 'defer') deferred.set(key, record); else deferred.delete(key);
    if (tier === 2 && decision === 'allow' && told.length < mostTold) told.push(record);
    if (!first) return;
    first = false;
    options.out(`First governed action after ${((options.now() - options.startedAt) / 1000).toFixed(1)} s since npm start.`);
  };

  const following = bus.follow({
    topics: [topic.runsGoverned], from: 'now',
    onBatch: (messages) => {
      for (const message of messages) {
        const record = readGoverned(message);
        const line = lineOf(record, options.colour);
        if (line !== undefined) options.out(line);
        if (record.kind === 'action.decided') decided(record);
        else if (record.kind === 'message.refused') problems++;
        else if (record.kind === 'run.ended') for (const action of record.denied) waiting.delete(`${record.run}/${action}`);
        else if (record.kind === 'action.cancelled') for (const held of [waiting, deferred]) held.delete(`${record.run}/${record.action}`);
      }
    },
  });
  return {
    ready: following.then((one) => one.ready),
    waiting: () => [...waiting.values()], deferred: () => [...deferred.values()], told: () => told, counts: () => ({ byTier: { ...byTier }, byDecision: { ...byDecision } }), problems: () => problems,
    stop: async () => (await following).stop(),
  };
};
