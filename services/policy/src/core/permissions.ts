import type { AgentSnapshot } from '@countersign/contracts';
import { covers } from '@countersign/kernel';

export type Scoped = NonNullable<AgentSnapshot['scoped']>;
/** True: whatever the call is. A list: as far as one of these goes (`scoped-permission.ts`). False: not at all. */
export type Permitted = boolean | Scoped;

const answers = new WeakMap<AgentSnapshot, Map<string, Permitted>>();
const mostAnswers = 10_000;

/** How far the agent's permissions (tool names in which `*` stands for any run of characters) cover a tool. Remembered per snapshot. */
export const permits = (agent: AgentSnapshot, tool: string): Permitted => {
  let known = answers.get(agent);
  if (known === undefined) answers.set(agent, known = new Map());
  let answer = known.get(tool);
  if (answer === undefined) {
    answer = agent.permissions.some((pattern) => covers(pattern, tool)) || scopedTo(agent, tool);
    if (known.size < mostAnswers) known.set(tool, answer);
  }
  return answer;
};

const scopedTo = ({ scoped }: AgentSnapshot, tool: string): Permitted => {
  const covering = scoped?.filter(({ permission }) => permission.tools.some((pattern) => covers(pattern, tool))) ?? [];
  return covering.length === 0 ? false : covering;
};

/** Whether a token's scope (patterns separated by spaces; empty is no further limit) covers a tool. */
export const withinScope = (scope: string, tool: string): boolean => scope === '' || scope.split(' ').some((pattern) => covers(pattern, tool));
