import type { AgentSnapshot } from '@countersign/contracts';

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

/** Without regular expressions: patterns come from people, and backtracking costs what the longest of them wants. */
export const covers = (pattern: string, name: string): boolean => {
  const parts = pattern.split('*');
  const first = parts[0]!;
  if (parts.length === 1) return pattern === name;
  const last = parts[parts.length - 1]!;
  if (!name.startsWith(first) || !name.endsWith(last) || name.length < first.length + last.length) return false;
  let at = first.length;
  for (const part of parts.slice(1, -1)) {
    const found = name.indexOf(part, at);
    if (found < 0 || found + part.length > name.length - last.length) return false;
    at = found + part.length;
  }
  return at <= name.length - last.length;
};
