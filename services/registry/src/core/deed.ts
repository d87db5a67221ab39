import type { GovernedRecord } from '@countersign/contracts';

/** An action as policy last decided about it. `agentVersion`: of the snapshot that it rested on; times are epoch ms. */
export interface Deed {
  readonly run: string; readonly action: string; readonly agent: string; readonly agentVersion: number; readonly tool: string; readonly at: number;
  readonly decision: string; readonly tier: number; readonly policyVersion: string; readonly rules: readonly string[];
  readonly votes: readonly { readonly person: string; readonly vote: string }[];
}

/** One deed per action: the last decision, and whoever voted in any of its rounds. Where no rule fired in the last one, as when the run ended meanwhile, those of the round before stand. */
export const deedsIn = (records: readonly GovernedRecord[]): readonly Deed[] => {
  const deeds = new Map<string, Deed>();
  for (const record of records) {
    if (record.kind !== 'action.decided' || record.run === null || record.agent === null) continue;
    const { run, action, agent, tool, now: at, decision: { decision, tier, policyVersion, rules } } = record;
    const key = `${run} ${action}`;
    const before = deeds.get(key), fired = rules.length === 0 && before !== undefined ? before : { rules: rules.map(({ id }) => id), policyVersion };
    const votes = record.resolved?.votes.map(({ person, vote }) => ({ person, vote })) ?? before?.votes ?? [];
    deeds.set(key, { run, action, agent, agentVersion: record.snapshots.agent, tool, at, decision, tier, policyVersion: fired.policyVersion, rules: fired.rules, votes });
  }
  return [...deeds.values()];
};
