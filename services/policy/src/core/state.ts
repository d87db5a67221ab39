import type { ActionProposed, CheckedEvidence, Decision, Deferral, Fact, Money, OutcomeStatus, Reply, ScopeExtension, Tier } from '@countersign/contracts';
import type { Edit } from './asking/edit.ts';
import type { Account } from './budgets.ts';
import type { Allotment, Delegated } from './delegation.ts';
import type { Effect } from './facts/effect.ts';
import type { Act, Past } from './past.ts';

/** What an action came to so far. `open` waits for people or a fact; every other status is terminal for its decision. */
export type ActionStatus = 'open' | 'granted' | 'finished' | 'denied' | 'cancelled';

/** One action of a run. What is only needed while it waits is dropped once it is decided. */
export interface ActionState {
  status: ActionStatus;
  readonly tool: string;
  readonly fingerprint: number;
  /** Position of the governed record with the last decision: what a `resolved` must answer. */
  position: number;
  round: number;
  tier: Tier;
  code: string;
  waitsFor: 'step_up' | 'defer' | null;
  approval: Decision['approval'];
  proposal: ActionProposed | null;
  supplied: Record<string, Fact> | null;
  /** What it waits for while `waitsFor` is defer, and how many actions wait one behind the other up to it. */
  deferral: Deferral | null;
  depth: number;
  /** What became of it, as the runtime says; null before. */
  outcome: OutcomeStatus | null;
  /** The original reply, kept until `replyUntil` (the grant is dead then). */
  reply: Reply | null;
  replyUntil: number;
  reservedCalls: number;
  reservedMoney: Money | null;
  granted: boolean;
  /** What it was proposed with, as checked then; kept while it waits. */
  evidence: readonly CheckedEvidence[] | null;
  /** What people made of its arguments; kept while it waits. */
  edit: Edit | null;
  /** Extra scope that it was proposed with and needs; kept while it waits. */
  extension: ScopeExtension | null;
  /** What it takes from wider budgets. */
  shares: { readonly account: string; readonly unit: string; amount: number }[] | null;
  /** How the run's past remembers it, once it was granted. */
  act: Act | null;
  /** The targets of a granted action that changes nothing, and whether the instruction names them: how far its result can be pointed at. */
  about: { readonly targets: readonly string[]; readonly named: boolean } | null;
  /** What it did, or may have done, for good, once it was granted; null again where a runtime that its owner vouches for says that it did not happen. */
  effect: Effect;
  /** What a granted delegation set aside for its child run. */
  delegated: Allotment | null;
}

/** A message of the chain that was answered: an identical one gets the same answer. */
export interface Answered { readonly seq: number; readonly hash: string; readonly reply: Reply }

/** One run as policy knows it. */
export interface RunState {
  readonly tenant: string;
  readonly agent: string;
  /** Tool patterns the run's first token was limited to, separated by spaces; empty means the agent's own permissions alone. */
  readonly scope: string;
  /** Thumbprint of the session key: seq and message chain belong to it. */
  readonly jkt: string;
  /** End of the run's life, epoch ms. */
  readonly notAfter: number;
  instruction: { readonly text: string; readonly attestedBy: string | null };
  /** Provenance index; made and read by core/facts. */
  context: unknown;
  closed: boolean;
  nextSeq: number;
  /** Chain hash of the last message that consumed a seq. */
  head: string;
  recent: Answered[];
  readonly actions: Map<string, ActionState>;
  /** Actions that wait for a fact or for another action. */
  readonly deferred: Set<string>;
  readonly halts: Set<string>;
  calls: number;
  spend: Money | null;
  denies: number;
  dataTouched: string[];
  readonly counts: Map<string, number>;
  past: Past;
  /** What it hangs on and may at most, where another agent delegated to it. */
  readonly delegation: Delegated | null;
  /** When nothing of it need be known any more, epoch ms. */
  forgetAt: number;
}

/** One partition of runs.governed, folded. Owned by one processor, changed in place: copying it for each message would cost more than deciding. */
export interface PartitionState {
  /** Position of the next governed record. */
  position: number;
  /** `now` of the last record folded: tells whether a checkpoint belongs to this log. */
  lastNow: number;
  /** When runs past their life are dropped next; moved by records' `now`, so that a fold drops the same ones. */
  nextSweep: number;
  readonly runs: Map<string, RunState>;
  /** Wider budgets' accounts that this partition has leased from or used. */
  readonly accounts: Map<string, Account>;
}

/** Raise it with every change of the state's shape or of evolve: an older checkpoint is then ignored and the partition folded whole. */
export const foldVersion = 12;
/** The SDK has one message unacknowledged; a few more cost little. */
export const recentKept = 4;
/** How long a run is remembered after its life or the run itself ended: messages on their way still get a coded reply. */
export const graceMs = 10 * 60_000;
/** A run is started within this time of its opening, which its id tells: an ended run can be forgotten then, and no copy of its first message begins it again. */
export const startWithinMs = 30 * 60_000;
export const sweepEveryMs = 60_000;

export const initialState = (): PartitionState => ({ position: 0, lastNow: 0, nextSweep: 0, runs: new Map(), accounts: new Map() });
