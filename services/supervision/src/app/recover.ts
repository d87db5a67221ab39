import { refused } from '@countersign/kernel';
import type { Refused } from '@countersign/kernel';
import type { HaltNotice } from '@countersign/contracts';
import { recover, rootOf, stageOf } from '../core/recovery.ts';
import type { KnownTool, RecoveryAsked, RecoveryCode, RecoveryStep } from '../core/recovery.ts';
import { lift } from './halt.ts';
import type { HaltBook, TellRun } from './ports.ts';

export interface RecoverPorts {
  readonly book: HaltBook;
  readonly tell: TellRun;
  readonly tools: () => readonly KnownTool[];
  /** Who has not confirmed what is in force. */
  readonly missing: (notice: HaltNotice) => readonly string[];
  /** Whether this person may take it back. */
  readonly may: (notice: HaltNotice, person: string) => Refused<'forbidden'> | null;
}

/** Takes a halt to its next stage: what holds from then on is said first and counts, then what held before is lifted. */
export const recoverHalt = async (ports: RecoverPorts, halt: string, asked: RecoveryAsked): Promise<{ readonly status: 'ok'; readonly step: RecoveryStep } | Refused<RecoveryCode | 'not_found' | 'forbidden' | 'store_unavailable'>> => {
  const { book, tell, tools, missing, may } = ports;
  const [inForce, ...older] = (await book.inForce()).filter((notice) => rootOf(notice.halt) === rootOf(halt)).sort((a, b) => b.at - a.at);
  if (inForce === undefined) return refused<'not_found'>('not_found', 'nothing of this halt is in force');
  const refusal = may((await book.find(rootOf(halt))) ?? inForce, asked.by);
  if (refusal !== null) return refusal;
  const unavailable = refused<'store_unavailable'>('store_unavailable', 'a stage needs the topic and the database; one of them did not answer. What held before holds: try again');
  // An earlier stage that began and was not finished: what it took the place of still holds.
  for (const one of older) if (!await lift(book, tell, one, { by: asked.by, reason: asked.reason, now: asked.now })) return unavailable;
  if (older[0] !== undefined && stageOf(inForce.halt) === asked.stage) return { status: 'ok', step: { root: rootOf(halt), next: inForce, lift: older[0] } };
  const answer = recover(inForce, tools(), missing(inForce), asked);
  if (answer.status === 'refused') return answer;
  const { next } = answer.step;
  if (next !== null) {
    const paths = await book.add(next);
    if (!paths.topic || !paths.database) return unavailable;
  }
  return await lift(book, tell, answer.step.lift, { by: asked.by, reason: asked.reason, now: asked.now }) ? answer : unavailable;
};
