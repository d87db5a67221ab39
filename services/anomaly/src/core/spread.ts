import { keys } from './act.ts';
import type { Act } from './act.ts';
import type { Surprise } from './behaviour.ts';
import { hashText, mix } from './hash.ts';
import type { ActionSeen, Meeting, Sighting } from './observation.ts';
import type { Score } from './score.ts';

/** What no peer had ever done, and who did it lately: by thing, the oldest first. Each thing belongs to one partition, where all agents' sightings of it meet. */
export type Spread = Map<number, { readonly since: number; readonly agents: string[]; /** The finding that told of it first. */ finding: string | null }>;
export const newSpread = (): Spread => new Map();

const windowMs = 3_600_000;
const mostKept = 512;
const mostAgents = 64;
/** Doubtful enough that a new target is no new customer. */
const doubtful = 3;
/** Things sighted of one action: the step, and as many of its targets. */
const mostThings = 4;
const none: readonly number[] = [];

/** What an action does that no peer ever did, as keys: a doubtful target of a tool that acts, and a step from one tool to another that acts. */
export const newsOf = (did: Act, { expected, peers }: Surprise): readonly number[] => {
  if (did.consequential === 0) return none;
  const isNewTarget = did.targets.length > 0 && did.doubt >= doubtful && peers[2] === 0;
  // The chance of the tool, times that of the step to it.
  const isNewStep = expected[0]! * expected[1]! < 0.02 && peers[1] === 0;
  if (!isNewTarget && !isNewStep) return none;
  return [...(isNewStep ? [keys.pair(did.previous, did.tool)] : []), ...(isNewTarget ? did.targets.map((target) => keys.target(did.tool, target)) : [])].slice(0, mostThings);
};

/** What the partitions of the things are told of an action. */
export const sightingsOf = ({ tenant, agent, run, action, now, tool, targets }: ActionSeen, { news, pValue, eValue }: Score): readonly Sighting[] => (news.length === 0 ? [] :
  news.map((key) => ({ kind: 'sighting', tenant, agent, run, action, now, thing: mix(hashText(tenant), key) || 1, what: `${tool}${targets.length > 0 ? ` to ${targets[0]}` : ''}`.slice(0, 500), pValue, eValue })));

/** Takes up a sighting. Where others did the same within the hour they have met: two or more make a finding, told of the last one. Each agent meets once. @param place where the sighting stands: the case is named after the one that made it */
export const meet = (spread: Spread, { kind: _, thing, ...seen }: Sighting, place: string): Meeting | undefined => {
  const known = spread.get(thing);
  if (known === undefined || Math.abs(seen.now - known.since) > windowMs) {
    spread.delete(thing);
    spread.set(thing, { since: seen.now, agents: [seen.agent], finding: null });
    if (spread.size > mostKept) spread.delete(spread.keys().next().value!);
    return undefined;
  }
  if (known.agents.includes(seen.agent) || known.agents.length >= mostAgents) return undefined;
  known.agents.push(seen.agent);
  known.finding ??= `s-${place}`;
  return { kind: 'meeting', ...seen, agents: [...known.agents], count: known.agents.length, case: { finding: known.finding, since: known.since } };
};
