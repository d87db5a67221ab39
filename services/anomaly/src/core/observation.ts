/** What an action is known by whose target policy read somewhere, best known first (policy's fact `target.trust`); `none`: it has no target. */
export const trusts = ['none', 'instruction', 'record', 'directory', 'alias', 'document', 'third_party', 'nowhere'] as const;
export type Trust = (typeof trusts)[number];

/** Warnings that policy's facts can carry about an action, each true or absent. */
export const signs = ['act_unasked', 'other_day', 'strange_text', 'foreign_content', 'amount_unnamed', 'claimed'] as const;
export type Sign = (typeof signs)[number];

interface Seen {
  readonly tenant: string;
  readonly agent: string;
  readonly run: string;
  /** Epoch ms, the governed record's. */
  readonly now: number;
}

/** A run begins. */
export interface RunStarted extends Seen {
  readonly kind: 'started';
  /** Digest of the instruction: runs of the same instruction are compared with each other. */
  readonly task: string;
}

/** One action as proposed (round 1), with what policy derived about it. */
export interface ActionSeen extends Seen {
  readonly kind: 'action';
  readonly action: string;
  readonly tool: string;
  /** The agents it is compared with: its roles, as policy recorded them. */
  readonly group: string;
  /** Accountable person; one owner's agents make at most a fifth of a peer prior. */
  readonly owner: string;
  /** Version of the registered agent: only a change of it starts a baseline anew. */
  readonly version: number;
  readonly consequential: boolean;
  readonly reversible: boolean;
  /** The most it could do, from the catalogue's facts and the decision's tier. */
  readonly impact: 'low' | 'medium' | 'high' | 'critical';
  /** Targets as policy derived them: accounts, addresses, files. */
  readonly targets: readonly string[];
  readonly trust: Trust;
  /** The tool whose result the target was read in; null: no result. */
  readonly from: string | null;
  readonly signs: readonly Sign[];
  /** Policy refused it. */
  readonly denied: boolean;
}

/** How an action ended. */
export interface OutcomeSeen extends Seen {
  readonly kind: 'outcome';
  readonly action: string;
  readonly tool: string;
  readonly failed: boolean;
  /** As reported; null where the runtime said nothing. */
  readonly tokens: number | null;
  /** Minor units; null: free or not said. */
  readonly cost: number | null;
}

/** A run is over: only now is it learned from, and only where nothing in it was flagged. */
export interface RunEnded extends Seen {
  readonly kind: 'ended';
}

/** What an analyst says of a flagged run: `true` an attack, `false` a mistake of ours (learned as usual), `expected` a change that was announced (learned without probation). */
export interface Disposed extends Seen {
  readonly kind: 'disposed';
  readonly verdict: 'true' | 'false' | 'expected';
}

/** What the anomaly service knows of the world: the governed stream, re-keyed by agent. */
export type Observation = RunStarted | ActionSeen | OutcomeSeen | RunEnded | Disposed;
