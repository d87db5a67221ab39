import type { GovernedDecided } from '@countersign/contracts';
import { compareStrictness } from './beside.ts';
import type { Mode } from './events.ts';

export type Change = 'same' | 'stricter' | 'looser';
export interface Difference { readonly version: string; readonly mode: Mode; readonly change: Change; /** Rules that fired in one version only. */ readonly rules: readonly string[]; readonly before: string; readonly after: string }

/** Denied after the rules had spoken: not a matter of their version. */
const notOfRules: ReadonlySet<string> = new Set(['budget_exceeded']);

/** What the version beside would have changed about a decision; undefined where none stood beside. */
export const differenceOf = ({ decision }: Pick<GovernedDecided, 'decision'>): Difference | undefined => {
  const { beside } = decision;
  if (beside === undefined) return undefined;
  const active = beside.overruled ?? { ...decision, rules: decision.rules.map(({ id }) => id) };
  const by = decision.code !== null && notOfRules.has(decision.code) ? 0 : compareStrictness(active as never, beside as never);
  const differing = [...beside.rules.filter((id) => !active.rules.includes(id)), ...active.rules.filter((id) => !beside.rules.includes(id))];
  const own = differing.filter((id) => !id.startsWith('builtin:'));
  return {
    version: beside.version, mode: beside.mode, change: by === 0 ? 'same' : by > 0 ? 'stricter' : 'looser', rules: own.length > 0 ? own : differing,
    before: `${active.decision}, tier ${active.tier}`, after: `${beside.decision}, tier ${beside.tier}`,
  };
};
