import { accepted, refused } from '@countersign/kernel';
import type { Outcome } from '@countersign/kernel';

/** Observing an agent: decided and recorded, not enforced. Times epoch ms. */
export interface Observation { readonly observe?: { readonly since: number; readonly until: number; readonly by: string }; /** Time observed before the present observation. */ readonly observedMs?: number }

export type ObserveEvent =
  | { readonly type: 'agent.observed'; readonly until: number; readonly by: string; readonly reason: string; readonly at: number }
  | { readonly type: 'agent.enforced'; readonly by: string; readonly reason: string; readonly at: number };
export type ObserveCommand =
  | { readonly type: 'observe'; readonly until: number; readonly by: string; readonly reason: string; readonly now: number }
  | { readonly type: 'enforce'; readonly by: string; readonly reason: string; readonly now: number };
export type ObserveCode = 'conflict' | 'observe_refused' | 'invalid_request';

const dayMs = 86_400_000;
export const defaultObserveMs = 14 * dayMs;
/** Of all observations of an agent together: whoever needs longer enforces first, and has learned enough to. */
export const longestObserveMs = 60 * dayMs;

/** How long it was observed until `now`. */
const spent = ({ observe, observedMs = 0 }: Observation, now: number): number => observedMs + (observe === undefined ? 0 : Math.max(0, Math.min(observe.until, now) - observe.since));

/**
 * Nobody's own agent, never for longer than 60 days altogether, and never extended in passing: an observation that runs is ended first, so that a
 * longer one is a decision of its own on the record. @param highRisk by the EU AI Act: such an agent is overseen, not observed
 */
export const decideObserve = (command: ObserveCommand, owner: string, state: Observation, highRisk = false): Outcome<ObserveEvent, ObserveCode> => {
  const { by, reason, now } = command;
  const runs = state.observe !== undefined && now < state.observe.until;
  if (command.type === 'enforce') return runs ? accepted({ type: 'agent.enforced', by, reason, at: now }) : { status: 'nothing-new' };
  const { until } = command;
  if (runs) return refused('conflict', `it is observed until ${new Date(state.observe.until).toISOString()} by ${state.observe.by}: end that first (enforce)`);
  if (until <= now) return refused('invalid_request', 'observing would be over already: give a later end');
  if (highRisk) return refused('observe_refused', 'a high-risk agent is never observed: people have to oversee what it does');
  if (by === owner) return refused('observe_refused', 'the owner does not take their own agent out of enforcement: another operator does');
  const left = longestObserveMs - spent(state, now);
  if (until - now > left) return refused('observe_refused', `an agent is observed for 60 days altogether at most, ${Math.max(0, Math.floor(left / dayMs * 10) / 10)} days are left`);
  return accepted({ type: 'agent.observed', until, by, reason, at: now });
};

export const evolveObserve = <S extends Observation>(state: S, event: ObserveEvent): S => {
  const observedMs = spent(state, event.at);
  if (event.type === 'agent.observed') return { ...state, observedMs, observe: { since: event.at, until: event.until, by: event.by } };
  const { observe: _, ...rest } = state;
  return { ...rest, observedMs } as unknown as S;
};
