import type { AgentProcess, AgentReview, AgentSnapshot, RegisterAgentRequest } from '@countersign/contracts';
import { refused } from '@countersign/kernel';
import type { Refused } from '@countersign/kernel';
import type { AgentCode, AgentCommand, AgentProfile, FourEyes } from '../core/agent.ts';
import type { Effective } from '../core/effective-permissions.ts';
import type { EventStore } from '@countersign/event-store';
import type { Governance } from './governance.ts';
import type { Manage } from './manage.ts';
import type { Credentials } from './credentials.ts';
import type { Streams } from './permission-streams.ts';
import type { Inventory } from './ports.ts';
import { decideTogether } from './together.ts';

export type Step = 'activate' | 'suspend' | 'resume' | 'decommission';
type Changed<T> = { readonly status: 'done'; readonly value: T } | Refused<AgentCode | 'forbidden' | 'key_in_use', never>;

export interface AgentsPorts {
  readonly store: EventStore;
  readonly credentials: Pick<Credentials, 'claim'>;
  readonly agentPart: Streams['agentPart'];
  readonly manage: Manage;
  readonly inventory: Inventory;
  readonly governance: Governance;
  readonly fourEyes: FourEyes;
  readonly now: () => number;
}

/** The life of agents: registered, reviewed, let loose, stopped. */
export const createAgents = ({ store, credentials, agentPart, manage, inventory, governance, fourEyes, now }: AgentsPorts) => {
  const told = async (id: string, command: AgentCommand): Promise<Changed<AgentSnapshot>> => {
    const outcome = await manage.agent(id, command, command.by);
    return outcome.status === 'refused' ? { ...outcome, events: [] } : { status: 'done', value: (await inventory.agent(id))!.snapshot };
  };
  return {
    /** With its key, or not at all: who is refused has taken no key. `effective`: with what its roles let it do. `process`: as it stands. */
    register: async ({ euAiAct, process: _named, ...request }: RegisterAgentRequest & { readonly template?: string }, by: string, effective?: Effective, process?: AgentProcess): Promise<Changed<AgentSnapshot>> => {
      const claim = credentials.claim(request.agent, request.key);
      if ('status' in claim) return claim;
      const owner = await inventory.person(request.owner);
      const declared = euAiAct === undefined || euAiAct.category === 'prohibited' ? {} : { euAiAct: { ...euAiAct, category: euAiAct.category } };
      const profile: AgentProfile = { ...request, ...declared, ...(process && { process }), model: request.model ?? null, runtimeTrusted: request.runtimeTrusted ?? false };
      const command: AgentCommand = { type: 'register', profile, ...(euAiAct && { euAiAct }), ...(effective && { effective }), ownerExists: owner?.snapshot?.status === 'active', by, now: now() };
      const refusal = await decideTogether(store, [claim, agentPart(request.agent, command, by)]);
      return refusal === undefined ? { status: 'done', value: (await inventory.agent(request.agent))!.snapshot } : refusal as Refused<AgentCode | 'key_in_use', never>;
    },
    /** Reviews several at once, each on the record. For operators, and for the owner of all of them. */
    review: async (ids: readonly string[], by: { readonly person: string; readonly roles: readonly string[] }): Promise<Changed<readonly AgentReview[]>> => {
      if (!by.roles.includes('operator')) for (const id of ids) if ((await inventory.agent(id))?.snapshot.owner !== by.person) return refused('forbidden', 'a governance review is for operators and for the owner of the agent');
      const reviews: AgentReview[] = [];
      for (const [i, review] of (await governance.review(ids)).entries()) {
        if (review === undefined) return refused('not_found', `there is no agent ${ids[i]}`);
        const outcome = await manage.agent(review.agent, { type: 'review', review, by: by.person, now: now() }, by.person);
        if (outcome.status === 'refused') return { ...outcome, events: [] };
        reviews.push(review);
      }
      return { status: 'done', value: reviews };
    },
    /** Stopping never waits for policy; letting loose does, for it may rest on nothing that has changed. */
    change: async (id: string, type: Step, by: string, reason: string): Promise<Changed<AgentSnapshot>> => {
      if (type === 'suspend' || type === 'decommission') return told(id, { type, by, reason, now: now() });
      const known = await inventory.agent(id);
      // What the decider refuses or takes for done anyhow needs no answer of policy.
      const basis = known?.snapshot.status === (type === 'activate' ? 'draft' : 'suspended') ? await governance.basis(id) : null;
      return told(id, { type, basis, fourEyes, by, reason, now: now() });
    },
    lastReview: (id: string): Promise<AgentReview | null | undefined> => manage.lastReview(id),
  };
};
