import type { GovernedDecided } from '@countersign/contracts';
import type { CompiledBundle } from '../rules/compile.ts';
import { locate } from './examples.ts';
import type { Located } from './examples.ts';
import { inquiryOf } from './inquiry.ts';
import { reproduce } from './reproduce.ts';
import type { Difference } from './reproduce.ts';

/** A decision that its own version does not make again from its own facts. */
export interface Mismatch extends Located { readonly version: string; readonly differences: readonly Difference[] }

export interface Proof {
  /** Nothing differs and no version is missing. */
  readonly ok: boolean;
  readonly reproduced: number;
  /** Made by no rule, so not made again. */
  readonly carried: number;
  readonly different: number;
  /** Decisions by version; whether its bundle was there to make them again. */
  readonly versions: Readonly<Record<string, { readonly decisions: number; readonly known: boolean }>>;
  /** Decisions of versions that nobody has any more: neither proven nor refuted. */
  readonly unproven: number;
  /** The first of those that differ, in the order read. */
  readonly mismatches: readonly Mismatch[];
}

const mostKept = 1_000, mostVersions = 1_000;

/** Makes every decision again by the version that made it. */
export const proofKeeper = (onMismatch?: (mismatch: Mismatch) => void) => {
  const counts = { reproduced: 0, carried: 0, different: 0, unproven: 0 };
  const versions = new Map<string, { decisions: number; known: boolean }>();
  const mismatches: Mismatch[] = [];
  const seen = (version: string, isKnown: boolean): { decisions: number } => {
    const found = versions.get(version) ?? { decisions: 0, known: isKnown };
    if (versions.size < mostVersions) versions.set(version, found);
    return found;
  };
  return {
    check: (record: GovernedDecided, known: (version: string) => CompiledBundle | undefined): void => {
      const bundle = known(record.decision.policyVersion);
      const version = record.decision.policyVersion;
      seen(version, bundle !== undefined).decisions++;
      if (bundle === undefined) {
        if (inquiryOf(record) === null) counts.carried++;
        else counts.unproven++;
        return;
      }
      const made = reproduce(record, bundle, record.decision.beside?.mode === 'canary' ? known(record.decision.beside.version) : undefined);
      counts[made.status]++;
      if (made.status === 'unproven') seen(made.version, false).decisions++;
      if (made.status !== 'different') return;
      const mismatch = { ...locate(record), version, differences: made.differences };
      if (mismatches.length < mostKept) mismatches.push(mismatch);
      onMismatch?.(mismatch);
    },
    result: (): Proof => ({ ok: counts.different === 0 && counts.unproven === 0, ...counts, versions: Object.fromEntries(versions), mismatches }),
  };
};
