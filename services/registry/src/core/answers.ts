import type { AccountabilityView, AgentSnapshot, GraphNode, PersonSnapshot } from '@countersign/contracts';
import type { Deed } from './deed.ts';
import { successorOf } from './inventory-report.ts';
import { answering, stages } from './raci.ts';

interface Given {
  readonly deed: Deed;
  /** The agent as the decision saw it, from its events. */
  readonly then: AgentSnapshot;
  readonly owners: readonly { readonly what: string; readonly owner: string | null }[];
  /** Everybody as of now. */
  readonly people: ReadonlyMap<string, PersonSnapshot>;
  /** Who owns the agent now, where it has an active owner. */
  readonly ownerNow: string | null;
}

/** Who answers for an action: the people of then, and where one has gone, whom to ask today. A stage for which neither the agent nor its process named anybody is the owner's. */
export const whoAnswers = ({ deed, then, owners, people, ownerNow }: Given): AccountabilityView => {
  const person = (id: string, heir: string | null = null): AccountabilityView['owner'] => {
    const gone = people.get(id)?.status !== 'active';
    return { person: id, gone, today: gone ? successorOf(id, people) ?? heir : id };
  };
  const all = answering(then);
  const { run, action, agent, agentVersion, tool, at, decision, tier, policyVersion, rules, votes } = deed;
  return {
    run, action, agent, agentVersion, agentStatus: then.status, tool, at, decision, tier: tier as AccountabilityView['tier'], policyVersion, rules,
    owner: person(then.owner, ownerNow), process: then.process?.process ?? null,
    stages: stages.map((stage) => {
      const named = all[stage]?.accountable;
      const from = named === undefined ? 'owner' as const : then.raci?.[stage] === undefined ? 'process' as const : 'raci' as const;
      return { stage, from, ...person(named ?? then.owner, ownerNow) };
    }),
    votes: votes.map(({ person: id, vote }) => ({ vote: vote as 'approve' | 'deny', ...person(id) })),
    systems: owners.map(({ what, owner }) => ({ what, owner })),
  };
};

/** Owners of the systems a tool belongs to, as the graph has them. */
export const systemOwners = (system: string, nodes: readonly GraphNode[]): readonly { readonly what: string; readonly owner: string | null }[] =>
  nodes.filter(({ node, status }) => status === 'live' && (node === system || node.endsWith(`/${system}`))).map(({ node, owner }) => ({ what: node, owner }));
