import type { Bus, Snapshot } from '@countersign/bus';
import { topic, validateAgentSnapshot } from '@countersign/contracts';
import type { AgentSnapshot } from '@countersign/contracts';
import type { KeySet } from '@countersign/identity';
import { followSigned } from '@countersign/service-host';
import { hash } from 'node:crypto';
import type { Registered } from '../app/rekey.ts';

/**
 * What an agent is declared to be, as a number: the first 48 bits of a digest. Another model, prompt or purpose makes it another, and so does a
 * baseline taken anew, which two people agreed on. Who owns it and how it stands are no part of it.
 */
export const declaredAs = ({ model, purpose, roles, permissions, environment, promptVersion, baseline }: Pick<AgentSnapshot, 'model' | 'purpose' | 'roles' | 'permissions' | 'environment' | 'promptVersion' | 'baseline'>): number =>
  Number.parseInt(hash('sha256', JSON.stringify([model, purpose, environment, [...roles].sort(), [...permissions].sort(), promptVersion ?? null, baseline ?? null]), 'hex').slice(0, 12), 16);

/** The agents of registry.agents.v1, for their owners and versions. */
export const followAgents = (bus: Bus, options: { readonly keys: KeySet; readonly now: () => number; readonly onError: (error: Error) => void }): Snapshot<AgentSnapshot> =>
  followSigned<AgentSnapshot>(bus, { ...options, topic: topic.registryAgents, signer: 'registry', validate: validateAgentSnapshot, keyOf: (agent) => agent.agent });

/** Asked of every action: what an agent is declared to be is digested once for each word of the registry. */
export const registeredIn = (agents: Pick<Snapshot<AgentSnapshot>, 'get'>) => {
  const read = new WeakMap<AgentSnapshot, Registered>();
  return (agent: string): Registered | undefined => {
    const known = agents.get(agent);
    if (known === undefined) return undefined;
    let registered = read.get(known);
    if (registered === undefined) read.set(known, registered = { owner: known.owner, roles: known.roles, version: declaredAs(known) });
    return registered;
  };
};
