import type { ActionSeen, Meeting, OutcomeSeen, RunEndSeen, RunStartSeen, Sighting } from '@countersign/contracts';

/** What an action is known by whose target policy read somewhere, best known first (policy's fact `target.trust`); `none`: it has no target. */
export const trusts = ['none', 'instruction', 'record', 'directory', 'alias', 'document', 'third_party', 'nowhere'] as const;
export type Trust = (typeof trusts)[number];

/** Warnings that policy's facts can carry about an action, each true or absent. */
export const signs = ['act_unasked', 'other_day', 'strange_text', 'foreign_content', 'amount_unnamed', 'claimed'] as const;
export type Sign = (typeof signs)[number];

export type { ActionSeen, Meeting, OutcomeSeen, Sighting };
export type RunStarted = RunStartSeen;
/** A run is over: only now is it learned from, and only where nothing in it was flagged. */
export type RunEnded = RunEndSeen;
/** What every observation says. */
type Seen = Omit<RunEndSeen, 'kind'>;

/** What an analyst says of a flagged run: `true` an attack, `false` a mistake of ours (learned as usual), `expected` a change that was announced (learned without probation). */
export interface Disposed extends Seen {
  readonly kind: 'disposed';
  readonly verdict: 'true' | 'false' | 'expected';
}

/** What the anomaly service knows of the world: the governed stream, re-keyed by agent. */
export type Observation = RunStarted | ActionSeen | OutcomeSeen | RunEnded | Disposed;
