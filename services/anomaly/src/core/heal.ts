import type { AgentBaseline, OpenRun } from './agent.ts';
import { eValueOf, leastChance, mostEvidence } from './evidence.ts';
import { mostBet, newSlow } from './slow.ts';

/** The most that a peak can be, nats. */
const mostNats = -Math.log(leastChance);

/**
 * Numbers of a checkpoint that are none (NaN, infinities) are as odd as things get, never as usual: what made them so was odd beyond reckoning.
 * Changed in place. @returns whether there were any
 */
export const heal = (agent: AgentBaseline): boolean => {
  let healed = false;
  const mend = <K extends string | number>(of: Record<K, number>, key: K, to: number): void => {
    if (Number.isFinite(of[key])) return;
    of[key] = to;
    healed = true;
  };
  mend(agent, 'evidence', mostEvidence);
  for (const i of agent.slow.bets.keys()) mend(agent.slow.bets, i, mostBet);
  // What is usual is then what is promised.
  for (const [i, chance] of newSlow().usual.entries()) mend(agent.slow.usual, i, chance);
  mend(agent, 'changed', 0);
  mend(agent, 'strayed', 0);
  // Nothing was ever as usual: whatever comes is far from it, until there is a habit again.
  for (const amounts of [agent.lengths, agent.tokens, agent.cost]) { mend(amounts, 'mean', 0); mend(amounts, 'variance', 0); }
  const run = (one: OpenRun): void => {
    for (const peak of ['fresh', 'familiar', 'volume', 'silence', 'spend', 'trouble'] as const) mend(one, peak, mostNats);
    mend(one, 'hijack', 0);
    mend(one, 'pValue', leastChance);
    mend(one, 'eValue', eValueOf(leastChance));
    mend(one, 'tokens', Number.MAX_SAFE_INTEGER);
    mend(one, 'cost', Number.MAX_SAFE_INTEGER);
    mend(one, 'ranked', -1);
  };
  agent.open.forEach(run);
  agent.pending.forEach(run);
  return healed;
};
