import type { ClaimClaims, Deferral, DelegationContext, FactSupplied, GovernedRecord, GrantClaims, HaltNotice, Revocation, RunHalted, RunResumed, RunReturned, ActionCancelled, ActionReversed, TimerDue } from '@countersign/contracts';
import type { CheckedVote } from '@countersign/kernel';
import type { ActionRow, Approved } from '../core/claim.ts';

export interface ActionKey { readonly tenant: string; readonly run: string; readonly action: string }

export interface DueTimer { readonly run: string; readonly action: string | null }

/** What an agent has under way. `claimNeeded`: nothing can have begun before it was claimed. */
export interface Work {
  readonly actions: readonly (ActionKey & { readonly agent: string; readonly status: 'open' | 'granted' | 'claimed'; readonly claimNeeded: boolean })[];
  /** Runs that go on; of agents that are gone for good, all that have not ended. */
  readonly runs: readonly { readonly run: string; readonly agent: string; readonly halted: boolean }[];
}

/** Rows of actions and runs; every move is a compare-and-set. */
export interface ActionStore {
  /** Folds governed records in, in order; a record seen before changes nothing. Sets timers of runs that started. */
  fold(records: readonly GovernedRecord[]): Promise<void>;
  find(key: ActionKey): Promise<ActionRow | undefined>;
  /** granted → claimed; false where something else moved it first. */
  claim(claims: ClaimClaims): Promise<boolean>;
  /** open or granted → cancelled; false where it was claimed, finished or never known. */
  cancel(key: ActionKey): Promise<boolean>;
  /** As `cancel`, but not what may be running already: a grant that needs no claim is out, and its tool asks nobody. */
  recall(key: ActionKey): Promise<boolean>;
  /** What these agents have under way, oldest first. `gone`: those of them that are gone for good. */
  work(tenant: string, agents: readonly string[], gone: readonly string[], limit: number): Promise<Work>;
  /** granted or claimed → unknown; false where it ended. */
  lose(key: ActionKey): Promise<boolean>;
  /** Timers due by `now`, oldest first: of runs whose life is over (`action` null), of actions that waited long enough. Each stays until `fold` sees the end of it. */
  due(now: number, limit: number): Promise<readonly DueTimer[]>;
  snooze(timer: DueTimer, until: number): Promise<void>;
  /** Actions that wait under a pause, and whom they hang on. */
  paused(limit: number): Promise<readonly (ActionKey & { readonly agent: string; readonly tool: string; readonly ancestors: DelegationContext['ancestors'] | null })[]>;
  /** Policy is asked to look at a waiting action again. */
  hasten(keys: readonly ActionKey[], now: number): Promise<void>;
  /** Who may decide about an action that people are, or were last, asked about. */
  asked(key: ActionKey): Promise<{ readonly route: readonly string[]; readonly requesters: readonly string[] } | undefined>;
  /** What an action waits for; null where it is not deferred, undefined where it is not known. */
  waiting(key: ActionKey): Promise<Deferral | null | undefined>;
}

/** The live view of halts; the same that tool guards hold. */
export interface HaltsNow {
  isStale(): boolean;
  halted(target: { readonly tenant: string; readonly agent: string; readonly tool: string; readonly run: string }, except?: string): HaltNotice | undefined;
  /** The pause over a target. */
  paused?(target: { readonly tenant: string; readonly agent: string; readonly tool: string; readonly run: string }): HaltNotice | undefined;
}

/** Which agents may act, as the registry says. */
export interface AgentsNow {
  /** Resolves when every agent is known. */
  readonly ready: Promise<void>;
  isStale(): boolean;
  isActive(tenant: string, agent: string): boolean;
  /** Who answers for it; undefined where it is not known. */
  owner(tenant: string, agent: string): string | undefined;
  /** Of every agent of the tenant that is known, in whatever state. */
  ids(tenant: string): ReadonlySet<string>;
}

/** Who approved something, looked at again. */
export interface VotersNow {
  isStale(): boolean;
  /** Votes with what is wrong with those whose signature, link or person does not hold now. */
  check(approved: Approved, tenant: string, now: number): readonly CheckedVote[];
}

/** What the registry revoked. */
export interface RevocationsNow {
  isStale(): boolean;
  /** The entry that forbids this grant, if any. */
  work(grant: GrantClaims): Revocation | undefined;
}

/** Halts and lifts, kept on the topic and in the database. */
export interface HaltBook {
  /** Writes to the topic and to the database; answers which of the two took it. Rejects only if neither did. */
  add(notice: HaltNotice): Promise<{ readonly topic: boolean; readonly database: boolean }>;
  find(halt: string): Promise<HaltNotice | undefined>;
  /** Halts not lifted, newest first. */
  inForce(): Promise<readonly HaltNotice[]>;
}

export type RunCommand =
  | { readonly word: 'halted'; readonly body: RunHalted }
  | { readonly word: 'resumed'; readonly body: RunResumed }
  | { readonly word: 'cancelled'; readonly body: ActionCancelled }
  | { readonly word: 'due'; readonly body: TimerDue }
  | { readonly word: 'supplied'; readonly body: FactSupplied }
  | { readonly word: 'reversed'; readonly body: ActionReversed }
  | { readonly word: 'returned'; readonly body: RunReturned };

/** Says something about a run into the inbox, signed by supervision. */
export type TellRun = (run: string, command: RunCommand) => Promise<void>;

