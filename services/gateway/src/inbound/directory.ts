import type { Bus, Snapshot } from '@countersign/bus';
import { topic, validateAgentSnapshot, validateToolSnapshot } from '@countersign/contracts';
import type { AgentSnapshot, PersonSnapshot, ToolSnapshot } from '@countersign/contracts';
import type { KeySet } from '@countersign/identity';
import { CodedError, followSigned } from '@countersign/service-host';
import type { Directory } from '../app/ports.ts';

/** Agents, people and tools as the registry says; who may have missed a change lets nobody speak for anybody. */
export const followDirectory = (bus: Bus, people: Snapshot<PersonSnapshot>, options: { readonly keys: KeySet; readonly now: () => number; readonly onError: (error: Error, what: string) => void }): Directory & { stop(): Promise<void> } => {
  const common = (what: string) => ({ keys: options.keys, now: options.now, signer: 'registry', onError: (error: Error) => options.onError(error, what) });
  const agents = followSigned<AgentSnapshot>(bus, { ...common('agents'), topic: topic.registryAgents, keyOf: (agent) => agent.agent, validate: validateAgentSnapshot });
  const tools = followSigned<ToolSnapshot>(bus, { ...common('tools'), topic: topic.registryTools, keyOf: (tool) => tool.tool, validate: validateToolSnapshot });
  const fresh = <T extends object>(what: string, snapshot: Snapshot<T>): Snapshot<T> => {
    if (snapshot.isStale()) throw new CodedError('stale_snapshot', `what this gateway knows of ${what} is older than it may be`);
    return snapshot;
  };
  return {
    speaksFor: (agent, { type, id }) => {
      if (type === 'agent') return id === agent;
      if (type !== 'user') return false;
      const known = fresh('agents', agents).get(agent);
      if (known === undefined || fresh('people', people).get(id)?.status !== 'active') return false;
      return known.owner === id || (known.principals ?? []).some((one) => one === id || one === '*');
    },
    // Policy checks the arguments whatever this gateway knows; an old schema only leaves out less or more.
    schemaOf: (tool) => tools.get(tool)?.schema,
    definitionOf: (tool) => (tools.isStale() ? undefined : tools.get(tool)?.definition),
    titleOf: (tool) => tools.get(tool)?.title,
    stop: async () => { await Promise.all([agents.stop(), tools.stop()]); },
  };
};
