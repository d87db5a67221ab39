// Hand-written seed of the contract messages; to be replaced by types of the same names generated from contracts/schemas.

// ---------- shared ----------
export type Tier = 1 | 2 | 3 | 4;
export type DecisionKind = 'allow' | 'modify' | 'step_up' | 'defer' | 'deny';
export type FactOrigin = 'derived' | 'attested' | 'claimed';
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
export type JsonObject = { readonly [key: string]: Json };
export interface Money { readonly minor: number; readonly currency: string }
/** OKP/Ed25519 public key, RFC 8037. */
export interface PublicJwk { readonly kty: 'OKP'; readonly crv: 'Ed25519'; readonly x: string; readonly kid: string }
export interface HaltScope { readonly kind: 'everything' | 'tenant' | 'agent' | 'tool' | 'run'; readonly id: string | null }

// ---------- runs.inbox.v1 (key: run id) ; ce_type = countersign.runs.<word>.v1 ----------
// from the runtime (proved: headers cs_token, cs_seq, cs_prev, cs_proof, sometimes cs_attest)
/** started */
export interface RunStarted { readonly instruction: { readonly text: string; readonly attestation: string | null }; readonly traceId: string | null }
/** proposed */
export interface ActionProposed {
  readonly action: string; readonly tool: string; readonly arguments: JsonObject;
  /** RFC 3339; decided later than this is denied `late`. */
  readonly deadline: string | null;
  readonly reason: string | null; readonly confidence: number | null;
}
/** cancel */
export interface CancelRequested { readonly action: string; readonly reason: string }
export type OutcomeStatus = 'succeeded' | 'failed' | 'partial' | 'unknown' | 'not_executed';
/** outcome */
export interface ActionOutcome {
  readonly action: string; readonly status: OutcomeStatus;
  /** What the tool returned (text), bounded; null where nothing ran. */
  readonly result: string | null; readonly error: string | null;
  readonly cost: Money | null; readonly tokens: number | null; readonly durationMs: number | null;
}
/** ended */
export interface RunEnded { readonly reason: 'completed' | 'failed' | 'aborted'; readonly messages: number }
// from services (signed: headers cs_key, cs_signature)
export interface Vote { readonly person: string; readonly vote: 'approve' | 'deny'; readonly jws: string }
/** resolved, by approvals. `answers` is the governed position of the step_up decision. */
export interface ApprovalResolved {
  readonly approval: string; readonly action: string; readonly answers: number; readonly digest: string;
  readonly resolution: 'approved' | 'denied' | 'expired' | 'cancelled'; readonly votes: readonly Vote[];
}
/** halted, by supervision: a halt with scope run */
export interface RunHalted { readonly halt: string; readonly by: string; readonly reason: string; readonly mode: 'halt' | 'pause' }
/** resumed */
export interface RunResumed { readonly halt: string; readonly by: string; readonly reason: string }
/** cancelled */
export interface ActionCancelled { readonly action: string; readonly by: string; readonly reason: string }
/** reversed */
export interface ActionReversed { readonly action: string; readonly compensator: string; readonly by: string; readonly status: 'succeeded' | 'failed' }
/** due */
export interface TimerDue { readonly timer: 'defer' | 'run'; readonly action: string | null }
/** supplied */
export interface FactSupplied { readonly action: string; readonly fact: string; readonly value: Json; readonly by: string }

// ---------- runs.governed.v1 (key: run id, same partition as the inbox) ; ce_type = countersign.governed.<kind>.v1 ----------
export interface Fact { readonly value: Json; readonly origin: FactOrigin; readonly from?: string }
export interface FiredRule { readonly id: string; readonly tier: Tier | null; readonly decision: DecisionKind | null; readonly reason: string }
export interface Decision {
  readonly decision: DecisionKind; readonly tier: Tier; readonly code: string | null;
  readonly rules: readonly FiredRule[]; readonly policyVersion: string;
  /** For step_up: roles of which an approver needs one, how many distinct people, until when (epoch ms). */
  readonly approval: { readonly route: readonly string[]; readonly quorum: number; readonly expiresAt: number; readonly digest: string; /** People in the requester set (agent's owner, who gave the instruction): they cannot vote. */ readonly requesters: readonly string[] } | null;
  /** Whether a claim must accompany the grant. */
  readonly claim: boolean;
}
interface GovernedBase {
  /** Dense per partition from 0. */
  readonly position: number;
  readonly tenant: string;
  readonly run: string | null; readonly agent: string | null;
  /** The inbox record this answers; null for records policy writes on its own. */
  readonly inbox: { readonly offset: string; readonly at: number; readonly hash: string } | null;
  /** The time every rule saw, epoch ms. */
  readonly now: number;
  readonly seq: number | null;
  /** W3C trace context of the message, so that one trace leads from proposal to log entry. */
  readonly traceparent: string | null;
}
export interface GovernedStarted extends GovernedBase { readonly kind: 'run.started'; readonly message: RunStarted; readonly token: TokenClaims; readonly instruction: { readonly attestedBy: string | null } }
export interface GovernedDecided extends GovernedBase {
  readonly kind: 'action.decided'; readonly action: string; readonly tool: string;
  /** 1 for the proposal, one more for each resolved approval or arrived fact. */
  readonly round: number;
  readonly message: ActionProposed; readonly resolved: ApprovalResolved | null;
  readonly facts: { readonly [name: string]: Fact }; readonly decision: Decision;
  readonly snapshots: { readonly agent: number; readonly tool: number; readonly halts: number; readonly level: string };
  readonly reserved: { readonly calls: number; readonly money: Money | null };
  /** true when no person, signature or session key covers the message yet. */
  readonly attested: boolean;
  readonly reply: Reply;
}
export interface GovernedOutcome extends GovernedBase { readonly kind: 'action.outcome'; readonly action: string; readonly tool: string; readonly message: ActionOutcome; readonly settled: { readonly calls: number; readonly money: Money | null } }
export interface GovernedCancelled extends GovernedBase { readonly kind: 'action.cancelled'; readonly action: string; readonly by: string; readonly reason: string }
export interface GovernedReversed extends GovernedBase { readonly kind: 'action.reversed'; readonly action: string; readonly message: ActionReversed }
export interface GovernedHalted extends GovernedBase { readonly kind: 'run.halted'; readonly halt: string; readonly by: string; readonly reason: string }
export interface GovernedResumed extends GovernedBase { readonly kind: 'run.resumed'; readonly halt: string; readonly by: string; readonly reason: string }
export interface GovernedEnded extends GovernedBase { readonly kind: 'run.ended'; readonly reason: string; readonly denied: readonly string[] }
/** A message with a valid proof that was not acted upon, with its coded reply. */
export interface GovernedRefused extends GovernedBase { readonly kind: 'message.refused'; readonly ceType: string; readonly code: string; readonly detail: string; readonly reply: Reply }
/** Messages without a valid proof: counted, by claimed principal and minute. */
export interface GovernedUnproven extends GovernedBase { readonly kind: 'messages.unproven'; readonly minute: number; readonly counts: readonly { readonly principal: string; readonly code: string; readonly count: number; readonly firstOffset: string; readonly lastOffset: string }[] }
export interface GovernedOwned extends GovernedBase { readonly kind: 'partition.owned'; readonly owner: string }
export type GovernedRecord = GovernedStarted | GovernedDecided | GovernedOutcome | GovernedCancelled | GovernedReversed | GovernedHalted | GovernedResumed | GovernedEnded | GovernedRefused | GovernedUnproven | GovernedOwned;

// ---------- runs.replies.v1 (key: run id) ; ce_type = countersign.replies.<kind>.v1 ----------
export interface Reply {
  readonly kind: 'decided' | 'refused' | 'noted' | 'halted' | 'resumed';
  readonly run: string; readonly action: string | null; readonly seq: number | null;
  /** A code of contracts/errors.yaml, or `ok`. */
  readonly code: string; readonly detail: string | null;
  readonly decision: DecisionKind | null; readonly tier: Tier | null; readonly round: number | null;
  readonly grant: string | null; readonly claim: boolean;
  /** Changed arguments of a `modify`. */
  readonly arguments: JsonObject | null;
  /** With seq_gap: the seq expected next. */
  readonly expectedSeq: number | null;
}

// ---------- snapshots (compacted, signed by their service) ----------
export interface AgentSnapshot {
  readonly agent: string; readonly tenant: string; readonly version: number;
  readonly name: string; readonly owner: string; readonly purpose: string; readonly roles: readonly string[];
  readonly status: 'draft' | 'active' | 'suspended' | 'decommissioned';
  /** Tool name patterns (`payments.*`) this agent may propose. */
  readonly permissions: readonly string[];
  /** Highest tier at which it may act without a person. */
  readonly ceiling: 1 | 2;
  readonly environment: string; readonly model: string | null; readonly runtimeTrusted: boolean;
  readonly limits: { readonly calls: number; readonly money: Money | null };
}
export interface ToolSnapshot {
  readonly tool: string; readonly tenant: string; readonly version: number; readonly system: string; readonly title: string;
  /** Closed JSON Schema 2020-12 of the arguments. */
  readonly schema: JsonObject;
  readonly consequential: boolean; readonly reversible: boolean; readonly compensator: string | null;
  readonly dataClasses: readonly string[];
  readonly enforcement: 'cooperative' | 'brokered' | 'sandboxed'; readonly audience: string;
  /** CEL over `args`: how facts are derived. */
  readonly facts: { readonly [fact: string]: string };
  /** How far what it returns may be trusted: our own record, a directory of people and places, or what third parties wrote. */
  readonly resultTrust: 'record' | 'directory' | 'third_party'; readonly resultFields: { readonly [field: string]: 'record' | 'directory' | 'third_party' };
  /** SHA-256, base64url, of the canonical definition. */
  readonly definition: string;
}
export interface PersonSnapshot { readonly person: string; readonly tenant: string; readonly version: number; readonly name: string; readonly roles: readonly string[]; readonly status: 'active' | 'gone'; readonly keys: readonly PublicJwk[] }
/** supervision.halts.v1, key `<halt>:<op>`: two grow-only sets. */
export interface HaltNotice { readonly halt: string; readonly op: 'halt' | 'lift'; readonly mode: 'halt' | 'pause'; readonly tenant: string; readonly scope: HaltScope; readonly by: string; readonly reason: string; readonly at: number }
export interface AnomalyLevel { readonly agent: string; readonly tenant: string; readonly level: 'normal' | 'raised' | 'high'; readonly score: number; readonly findings: readonly string[]; readonly position: string; readonly at: number }
export interface Finding { readonly finding: string; readonly tenant: string; readonly agent: string; readonly run: string | null; readonly kind: 'rate' | 'new_target'; readonly severity: 'low' | 'medium' | 'high'; readonly observed: number; readonly expected: number; readonly explanation: string; readonly events: readonly string[]; readonly at: number }
export interface AuditCheckpoint { readonly origin: string; readonly size: number; readonly root: string; readonly note: string; readonly at: number }

// ---------- tokens ----------
/** Agent token: EdDSA JWT, `typ: at+jwt` (RFC 9068), signed by the registry. */
export interface TokenClaims {
  readonly iss: string; readonly aud: string; readonly sub: string; readonly jti: string; readonly iat: number; readonly exp: number;
  readonly tenant: string; readonly run: string; readonly run_not_after: number; readonly scope: string;
  /** RFC 7800: thumbprint (RFC 7638) and key of the runtime's session key. */
  readonly cnf: { readonly jkt: string; readonly jwk: PublicJwk };
  /** RFC 8693 chain of actors, outermost first. */
  readonly act?: { readonly sub: string; readonly act?: unknown };
  readonly via?: string;
}
/** Signed by policy; in a grant token, see libs/identity. */
export interface GrantClaims {
  readonly jti: string; readonly tenant: string; readonly run: string; readonly action: string; readonly agent: string; readonly tool: string;
  readonly definition: string; readonly args: string; readonly aud: string; readonly policy: string; readonly tier: Tier; readonly claim: boolean;
  readonly jkt: string; readonly iat: number; readonly exp: number;
}
/** Signed by supervision, alive for seconds. */
export interface ClaimClaims { readonly jti: string; readonly grant: string; readonly tenant: string; readonly run: string; readonly action: string; readonly aud: string; readonly iat: number; readonly exp: number }
