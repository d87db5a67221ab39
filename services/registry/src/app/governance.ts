import { argumentsDigest } from '@countersign/identity';
import type { AgentReview, StandingRequest } from '@countersign/contracts';
import { basisOf, mostTools, permitted, reviewAgent } from '../core/governance-review.ts';
import type { Reviewed, Standing } from '../core/governance-review.ts';
import type { AgentProfile } from '../core/agent.ts';
import type { Effective } from '../core/effective-permissions.ts';
import type { Inventory, ToolEntry } from './ports.ts';

type Asked = StandingRequest['agents'][number];
/** What the rules in force say of the tools of these agents, in order. Throws a coded error where policy does not answer. */
export type AskPolicy = (agents: readonly Asked[]) => Promise<readonly Standing[]>;

export interface Governance {
  /** Reviews agents as they stand; undefined where there is none of that id. */
  review(agents: readonly string[]): Promise<readonly (AgentReview | undefined)[]>;
  /** What a review of the agent would rest on now; null where there is no such agent. */
  basis(agent: string): Promise<string | null>;
}

/**
 * Governance reviews: everything a review looks at, gathered from the inventory and from policy.
 * @param declared what was declared of an agent, whatever became of it: a ceiling that is lowered for now is not what is reviewed
 */
export const createGovernance = (inventory: Inventory, declared: (agent: string) => Promise<(AgentProfile & Partial<Effective>) | undefined>, askPolicy: AskPolicy): Governance => {
  const gather = async (ids: readonly string[]): Promise<readonly (Omit<Reviewed, 'standing'> | undefined)[]> => {
    const [agents, tools, people, profiles] = await Promise.all([inventory.agents(), inventory.tools(), inventory.people(), Promise.all(ids.map(declared))]);
    const active = new Set(people.flatMap(({ person, snapshot }) => (snapshot?.status === 'active' ? [person] : [])));
    return ids.map((id, n) => {
      const profile = profiles[n];
      if (profile === undefined) return undefined;
      const peers = agents.filter(({ agent, snapshot }) => agent !== id && snapshot.status === 'active' && profile.peerGroup !== undefined && snapshot.peerGroup === profile.peerGroup).length;
      return { profile, isActive: (person) => active.has(person), tools: permitted(profile, tools.map((row: ToolEntry) => row.snapshot)), peers };
    });
  };
  const standings = async (all: readonly (Omit<Reviewed, 'standing'> | undefined)[]): Promise<readonly (Reviewed | undefined)[]> => {
    const there = all.filter((one) => one !== undefined);
    const answers = there.length === 0 ? [] : await askPolicy(there.map(({ profile, tools }) => ({
      agent: profile.agent, roles: profile.roles, environment: profile.environment, ceiling: profile.ceiling, runtimeTrusted: profile.runtimeTrusted,
      tools: tools.slice(0, mostTools).map(({ tool, definition }) => ({ tool, definition })),
    })));
    return all.map((one) => one && { ...one, standing: answers[there.indexOf(one)]! });
  };
  const reviewed = async (ids: readonly string[]): Promise<readonly (Reviewed | undefined)[]> => standings(await gather(ids));
  return {
    review: async (ids) => (await reviewed(ids)).map((one) => one && reviewAgent(one, argumentsDigest(basisOf(one)))),
    basis: async (id) => {
      const [one] = await reviewed([id]);
      return one === undefined ? null : argumentsDigest(basisOf(one));
    },
  };
};
