import type { AgentReviewList, Raci, RegisterAgentRequest } from '@countersign/contracts';
import { CannotRun } from '../errors.ts';
import type { Client } from './client.ts';

const stages = ['trigger', 'context', 'generation', 'validation', 'execution', 'logging', 'escalation', 'incident'] as const satisfies readonly (keyof Raci)[];

/** One person accountable for every stage: for companies of one team. */
export const raciOf = (person: string): Raci => Object.fromEntries(stages.map((stage) => [stage, { accountable: person }]));

/** What a governance review wants to know of an agent that only plays: bench, replay, journeys. */
export const governed = (owner: string): Pick<RegisterAgentRequest, 'raci' | 'euAiAct' | 'baselinePlan'> =>
  ({ raci: raciOf(owner), euAiAct: { category: 'minimal', annexIII: null }, baselinePlan: 'It plays: nobody else is like it, and its findings are read at the end.' });

const batch = 64;

/** Reviews agents and lets them loose. Throws with the gaps where a review fails. */
export const activate = async (client: Client, agents: readonly string[], reason: string): Promise<void> => {
  for (let i = 0; i < agents.length; i += batch) {
    const { reviews } = await client.request<AgentReviewList>('registry', 'POST', '/agents/reviews', { agents: agents.slice(i, i + batch) });
    for (const { agent, passed, checks } of reviews) {
      if (!passed) throw new CannotRun(`${agent} does not pass its governance review. ${checks.filter((one) => !one.passed).map(({ check, why, remedy }) => `${check}: ${why}. ${remedy ?? ''}`).join(' ')}`);
      await client.request('registry', 'POST', `/agents/${agent}/activate`, { reason });
    }
  }
};
