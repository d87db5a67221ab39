import type { ActionCancelled, ActionOutcome, ActionProposed, ActionReversed, ApprovalResolved, CancelRequested, CheckedEvidence, DelegationContext, FactSupplied, RunEnded, RunHalted, RunResumed, RunReturned, RunStarted, TimerDue, TokenClaims } from '@countersign/contracts';
import type { CheckedVote } from '@countersign/kernel';

/** A commands' envelope: where it stood in the inbox. Bytes, proof and signature are checked; nothing else is. */
interface Envelope {
  readonly tenant: string; readonly run: string; readonly ceType: string; readonly traceparent: string | null;
  readonly offset: string;
  /** Broker's append time, epoch ms. */
  readonly at: number;
  /** False where the message lies in a partition that is not its key's. */
  readonly rightPartition: boolean;
}

/** What is wrong with the body or the token of a message whose sender is proved. */
export interface Fault { readonly kind: 'fault'; readonly code: string; readonly detail: string }

export type RuntimeBody =
  | { readonly kind: 'started'; readonly message: RunStarted; readonly attestedBy: string | null; /** What the grant of a child run says, verified. */ readonly delegation?: DelegationContext }
  | { readonly kind: 'proposed'; readonly message: ActionProposed; /** What its evidence turned out to be; absent where none was sent. */ readonly evidence?: readonly CheckedEvidence[] }
  | { readonly kind: 'cancel'; readonly message: CancelRequested }
  | { readonly kind: 'outcome'; readonly message: ActionOutcome }
  | { readonly kind: 'ended'; readonly message: RunEnded };

/** A message whose proof is valid: it comes from the session that the token names. */
export interface FromRuntime extends Envelope {
  readonly from: 'runtime';
  readonly token: TokenClaims;
  readonly seq: number;
  /** Chain hash of the message before, and of this one; base64url. */
  readonly prev: string;
  readonly hash: string;
  /** RFC 3339 by the sender's clock, epoch ms; NaN where it is no time. */
  readonly ceTime: number;
  /** Whether the session key's signature covers this message. */
  readonly attested: boolean;
  readonly body: RuntimeBody | Fault;
}

/** Who edited an action. `why` is null where the signature holds: their own key, active, for this question and these arguments. */
export type CheckedEditor = Pick<CheckedVote, 'person' | 'roles' | 'rolesSince' | 'why'>;

/** Who supplied a fact. `why` is null where the signature holds: their own key, active, for this run, action, fact and value. */
export interface CheckedSupplier { readonly person: string; readonly roles: readonly string[]; readonly why: string | null }

export type ServiceBody =
  | { readonly kind: 'resolved'; readonly message: ApprovalResolved; readonly votes: readonly CheckedVote[]; readonly editor?: CheckedEditor | undefined }
  | { readonly kind: 'halted'; readonly message: RunHalted }
  | { readonly kind: 'resumed'; readonly message: RunResumed }
  | { readonly kind: 'cancelled'; readonly message: ActionCancelled }
  | { readonly kind: 'reversed'; readonly message: ActionReversed }
  | { readonly kind: 'due'; readonly message: TimerDue }
  | { readonly kind: 'returned'; readonly message: RunReturned }
  | { readonly kind: 'supplied'; readonly message: FactSupplied; readonly supplier: CheckedSupplier };

/** A message signed by the service that may say it. `hash`: SHA-256 of its value, base64url. */
export interface FromService extends Envelope {
  readonly from: 'service';
  readonly service: string;
  readonly hash: string;
  readonly body: ServiceBody | Fault;
}

export type PolicyCommand = FromRuntime | FromService;
