import { keys } from './act.ts';
import type { Act } from './act.ts';
import type { Surprise } from './behaviour.ts';
import type { ActionSeen } from './observation.ts';

/** What no peer had ever done, and who did it lately: by key, the oldest first. */
export type Spread = Map<number, { readonly since: number; readonly agents: string[] }>;
export const newSpread = (): Spread => new Map();

const windowMs = 3_600_000;
const mostKept = 512;
const mostAgents = 32;
/** Doubtful enough that a new target is no new customer. */
const doubtful = 3;
const alone: readonly string[] = [];

/**
 * Agents that did the same new thing within an hour: the same doubtful target by the same tool, or the same step from one tool to another that
 * acts. Two or more make one finding, told of the last one.
 */
export const spreadOf = (spread: Spread, { agent, now }: ActionSeen, did: Act, { expected, peers }: Surprise): readonly string[] => {
  if (did.consequential === 0) return alone;
  let together = alone;
  const isNewTarget = did.targets.length > 0 && did.doubt >= doubtful && peers[2] === 0;
  const isNewStep = expected[1]! < 0.02 && peers[1] === 0;
  if (isNewTarget) for (const target of did.targets) together = longer(together, meet(spread, keys.target(did.tool, target), agent, now));
  if (isNewStep) together = longer(together, meet(spread, keys.pair(did.previous, did.tool), agent, now));
  return together;
};

const longer = (a: readonly string[], b: readonly string[]): readonly string[] => (b.length > a.length ? b : a);

const meet = (spread: Spread, key: number, agent: string, now: number): readonly string[] => {
  const known = spread.get(key);
  if (known === undefined || now - known.since > windowMs) {
    spread.delete(key);
    spread.set(key, { since: now, agents: [agent] });
    if (spread.size > mostKept) spread.delete(spread.keys().next().value!);
    return alone;
  }
  if (known.agents.includes(agent) || known.agents.length >= mostAgents) return alone;
  known.agents.push(agent);
  return [...known.agents];
};
