import type { AgentSnapshot } from '@countersign/contracts';
import { covers } from '@countersign/kernel';

const answers = new WeakMap<AgentSnapshot, Map<string, boolean>>();
const mostAnswers = 10_000;

/** Whether one of the agent's permissions (tool names in which `*` stands for any run of characters) covers a tool. Remembered per snapshot. */
export const permits = (agent: AgentSnapshot, tool: string): boolean => {
  let known = answers.get(agent);
  if (known === undefined) answers.set(agent, known = new Map());
  let answer = known.get(tool);
  if (answer === undefined) {
    answer = agent.permissions.some((pattern) => covers(pattern, tool));
    if (known.size < mostAnswers) known.set(tool, answer);
  }
  return answer;
};

/** Whether a token's scope (patterns separated by spaces; empty is no further limit) covers a tool. */
export const withinScope = (scope: string, tool: string): boolean => scope === '' || scope.split(' ').some((pattern) => covers(pattern, tool));
