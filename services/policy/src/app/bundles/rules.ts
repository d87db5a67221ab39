import type { GovernedRecord } from '@countersign/contracts';
import { judgeBeside } from '../../core/bundles/beside.ts';
import { judgeWith } from '../../core/judge.ts';
import type { CompiledBundle } from '../../core/rules/compile.ts';
import type { Judgement, Question } from '../../core/world.ts';
import type { CompiledTool } from '../../core/rules/compile.ts';
import type { InForce } from './evaluator.ts';

/** What a batch decides by: read once per batch, swapped whole between batches. */
export interface Deciding { readonly version: string; readonly bundle: CompiledBundle; /** Who wrote it, where somebody signed as its author. */ readonly author?: string | undefined; readonly judge: (question: Question<CompiledTool>) => Judgement }

/** Where the processor of a partition gets its rules, and tells what came of a version beside them. */
export interface Rules {
  /** undefined while nothing may decide: the partition waits. */
  current(): Deciding | undefined;
  /** Names what is not live; null when all is. */
  notLive(): string | null;
  /** A record about to be written, and whether it was. */
  note?(record: GovernedRecord, partition: number): void;
  committed?(partition: number): void;
  discard?(partition: number): void;
  stop?(): Promise<void>;
}

/** One bundle for good: for tests, and for whoever has no lifecycle. */
export const onlyBundle = (bundle: CompiledBundle): Rules => {
  const deciding: Deciding = { version: bundle.version, bundle, judge: judgeWith(bundle) };
  return { current: () => deciding, notLive: () => null };
};

/** The pointer's new content. @param cohort of the canary beside, where there is one */
export const decidingBy = (inForce: InForce, cohort: (beside: NonNullable<InForce['beside']>) => (agent: string) => boolean): Deciding => {
  const { active, beside } = inForce;
  const judge = judgeWith(active.bundle);
  return {
    version: active.version, bundle: active.bundle, author: active.author,
    judge: beside === null ? judge : judgeBeside(judge, { version: beside.version, mode: beside.mode, judge: judgeWith(beside.bundle), inCohort: cohort(beside) }),
  };
};
