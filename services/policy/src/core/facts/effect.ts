import type { Fact } from '@countersign/contracts';
import { fingerprint } from '../fingerprint.ts';
import { normalise } from './normalise.ts';

/** What an act does for good: a fingerprint for each target, with tool and amount. Null: it can be undone, or has no target or no amount. */
export type Effect = readonly number[] | null;

type Facts = Readonly<Record<string, Fact>>;

/**
 * What a call does that cannot be undone, so that a second call is known to do it again. The amount counts without its currency, which no instruction has to name, and a target
 * without case, spaces and signs: what is taken for the same by mistake only asks a person. Acts without an amount are not compared: two mails to one address are two mails.
 */
export const effectOf = (tool: string, facts: Facts): Effect => {
  if (facts['tool.consequential']?.value !== true || facts['tool.reversible']?.value !== false) return null;
  const targets = facts['target']?.value, amount = facts['amount']?.value;
  if (!Array.isArray(targets) || targets.length === 0 || typeof amount !== 'number') return null;
  return targets.map((target) => fingerprint([tool, amount, normalise(String(target)).replaceAll(' ', '')]));
};

const within = (some: readonly number[], all: readonly number[]): boolean => some.every((one) => all.includes(one));

/** Whether one of the acts did the same, to the same targets or to some of them and more. */
export const repeats = (effect: Effect, acts: Iterable<{ readonly effect: Effect }>): boolean => {
  if (effect === null) return false;
  for (const { effect: done } of acts) if (done !== null && (within(effect, done) || within(done, effect))) return true;
  return false;
};
