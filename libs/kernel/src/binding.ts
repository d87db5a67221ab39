import { effectiveArguments } from './effective.ts';

interface Asked { readonly digest: string }
interface AskedRecord<Arguments> {
  readonly tenant: string; readonly run: string | null; readonly agent: string | null; readonly action: string; readonly tool: string; readonly round: number;
  readonly message: { readonly arguments: Arguments }; readonly modified?: { readonly arguments: Arguments } | null | undefined;
  readonly facts: unknown;
  readonly decision: { readonly tier: number; readonly rules: unknown; readonly policyVersion: string; readonly approval: Asked | null };
}

/**
 * All that an approval binds, as the object whose digest every vote signs: who would do what with which arguments, on what grounds, by which rules,
 * and who is asked until when. Made of the governed record alone, so anybody who has it can make it again.
 */
export const bindingOf = <Arguments>(record: AskedRecord<Arguments>): Record<string, unknown> => {
  const { digest: _, ...ask } = record.decision.approval ?? { digest: '' };
  const { tenant, run, agent, action, tool, round, facts } = record;
  return { tenant, run, agent, action, tool, round, arguments: effectiveArguments(record as never), facts, tier: record.decision.tier, rules: record.decision.rules, policy: record.decision.policyVersion, ask };
};
