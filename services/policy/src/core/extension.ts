import type { AgentSnapshot, JsonObject, ScopeExtension } from '@countersign/contracts';
import { covers, extendScopeTool } from '@countersign/kernel';
import type { Scoped } from './permissions.ts';

const requestable = ({ requestable: all = [] }: AgentSnapshot, tool: string): Scoped => all.filter(({ permission }) => permission.tools.some((pattern) => covers(pattern, tool)));

/** The permissions that an extension opens for a tool now: never more than what the agent's roles, as they stand, let it ask for. Each holds as far as it goes (`beyond`). */
export const openedBy = (extension: ScopeExtension, agent: AgentSnapshot, tool: string, now: number): Scoped =>
  (now < extension.until * 1_000 && extension.tools.includes(tool) ? requestable(agent, tool) : []);

/** Whether a proposal asks for extra scope that the agent may not even ask for; null where it does not. People are not asked about it then. */
export const askFault = (agent: AgentSnapshot, delegated: boolean, tool: string, args: JsonObject): string | null => {
  if (tool !== extendScopeTool) return null;
  if (delegated) return 'a child run has the scope it was given, and no more';
  const beyond = (args['tools'] as readonly string[]).filter((name) => name === extendScopeTool || requestable(agent, name).length === 0);
  return beyond.length === 0 ? null : `no role of the agent lets it ask for ${beyond.join(', ')}`;
};
