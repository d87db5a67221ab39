import type { ActionProposed, AgentSnapshot, AnomalyLevel, ApprovalResolved, AwaitedFact, Decision, Fact, FiredRule, Json, JsonObject, Money, Tier, ToolSnapshot } from '@countersign/contracts';
import type { Asking } from './asking/asked.ts';
import type { Wider } from './budgets.ts';
import type { Evidence } from './facts/evidence.ts';
import type { Graph } from './graph.ts';
import type { Past } from './past.ts';
import type { RecordStanding } from './record-standing.ts';
import type { Redaction } from './redact.ts';
import type { RunState } from './state.ts';

export type Level = AnomalyLevel['level'] | 'stale';

/** A tool with what was compiled from its definition (core/facts); here only its definition matters. */
export interface KnownTool { readonly snapshot: ToolSnapshot }

/** What the run's past says, as the facts are derived from it. */
export interface RunView {
  readonly instruction: { readonly text: string; readonly attestedBy: string | null };
  readonly context: unknown;
  readonly calls: number; readonly spend: Money | null; readonly denies: number;
  readonly dataTouched: readonly string[]; readonly counts: ReadonlyMap<string, number>;
  readonly past: Past;
}

export interface Question<Tool extends KnownTool = KnownTool> {
  readonly proposal: ActionProposed; readonly tool: Tool; readonly agent: AgentSnapshot; readonly run: RunView;
  /** 1 for the proposal, one more for each approval or supplied fact. */
  readonly round: number;
  readonly level: Level; readonly approval: ApprovalResolved | null; readonly supplied: Readonly<Record<string, Fact>> | null; readonly now: number;
  readonly evidence?: Evidence;
  readonly graph?: Graph | null;
  /** That the audit log is behind; absent while it is not. */
  readonly record?: 'behind' | undefined;
}

/**
 * One change that rules demand of the arguments. `path` as in `args.payment.memo`; `value` what stands there then. `redact`: instead of setting it,
 * take it out of what is there: `all` of it (`value` takes its place), or what every text in it has of a kind.
 */
export interface Rewrite { readonly path: string; readonly value: Json; readonly rule: string; readonly redact?: 'all' | Redaction }

/** What facts and rules say (core/facts, core/rules), before halts, budgets and identity. */
export interface Verdict {
  readonly decision: Decision['decision']; readonly tier: Tier; readonly code: string | null;
  readonly rules: readonly FiredRule[];
  readonly approval: { readonly route: readonly string[]; readonly quorum: number; readonly expiresInMs: number } | null;
  /** Changes that come before it runs, or before people are asked; null or absent where none are demanded. */
  readonly modify?: readonly Rewrite[] | null;
  /** Facts that rules read and that are still owed; `withinMs` how long they may take, the shortest of all. */
  readonly awaits?: readonly AwaitedFact[];
  readonly withinMs?: number;
  /** How long what runs must stay reversible; null or absent where no rule says. */
  readonly reversalWindowMs?: number | null;
}
/** A fact that could not be derived. `byArguments`: the proposal's arguments are to blame. */
export interface FailedFact { readonly fact: string; readonly why: string; readonly byArguments: boolean }

export interface Judgement { readonly facts: Readonly<Record<string, Fact>>; readonly failed: readonly FailedFact[]; readonly verdict: Verdict; /** What the action would move, if it says so. */ readonly money: Money | null; /** What the version beside the active one says (core/bundles/beside.ts). */ readonly beside?: Decision['beside'] }

/** What the fold needs beside the records: how tools' results are trusted, and the provenance index. */
export interface Folding<Tool extends KnownTool = KnownTool> {
  tool(name: string): Tool | undefined;
  readonly emptyContext: unknown;
  withInstruction(context: unknown, text: string): unknown;
  /** Words that another agent's run handed over: nobody's. */
  withHandoff(context: unknown, text: string): unknown;
  withResult(context: unknown, result: { readonly tool: Tool; readonly action: string; readonly resultText: string; readonly about?: { readonly targets: readonly string[]; readonly named: boolean } | null; /** Whether the agent's owner had marked its runtime trusted when it reported this. */ readonly trusted: boolean }): unknown;
}

/** Everything outside of the run that a decision rests on, as it stands at `now`. All of it data or pure functions of data. */
export interface World<Tool extends KnownTool = KnownTool> {
  readonly now: number;
  readonly folding: Folding<Tool>;
  readonly tenant: string;
  readonly policyVersion: string;
  agent(id: string): AgentSnapshot | undefined;
  tool(name: string): Tool | undefined;
  /** Null where the arguments fit the tool's schema, else what is wrong. */
  argumentsFault(tool: Tool, args: Json): string | null;
  /** The halt that stops this action, `except` aside; `haltsVersion` tells which set was looked at. */
  halt(tenant: string, agent: string, tool: string, run: string, except: string): string | null;
  readonly haltsVersion: number;
  /** The pause under which this action waits; absent while nothing is paused. */
  readonly paused?: (tenant: string, agent: string, tool: string, run: string) => string | null;
  /** What of the run was revoked (its session key, itself, everything of its agent so far); absent while nothing is. */
  readonly revoked?: (run: string, of: RunState) => string | undefined;
  /** Of the agent or of this run of it, whichever is worse: `recorded` as the anomaly service says, `effective` as rules see it. */
  level(agent: string, run: string): { readonly recorded: Level; readonly effective: Level };
  judge(question: Question<Tool>): Judgement;
  /** base64url SHA-256 of canonical JSON. */
  digest(value: Json): string;
  readonly limits: Limits;
  /** Which changes made without a person are reviewed: those whose number, in [0, 1) and known to nobody outside, is below the rate. */
  readonly review?: { readonly rate: number; number(run: string, action: string): number } | undefined;
  /** Checks what child runs return; without it nothing that has a schema is passed on. */
  readonly results?: ResultCheck | undefined;
  /** The system graph; null while it is not known or stale. */
  readonly graph?: Graph | null;
  /** Whom to ask; absent: whoever has the roles that rules name. */
  readonly asking?: Asking | undefined;
  /** How far the audit log is behind; absent: it is not. */
  readonly record?: RecordStanding | undefined;
  /** Budgets wider than a run; absent where there are none. */
  readonly wider?: Wider | undefined;
}

/** Result schemas of delegations (core/result-schema.ts has looked at them): null, or what is wrong in one line. */
export interface ResultCheck {
  schemaFault(schema: JsonObject): string | null;
  fault(schema: JsonObject, result: Json): string | null;
}

/** Bounds of deferring. `withinMs`: for facts that say nothing else and for actions waited for; `depth`: of actions that wait one behind the other; `waiting`: at once in a run. */
export interface DeferralLimits { readonly withinMs: number; readonly depth: number; readonly waiting: number }

export interface Limits {
  /** Every run's budget, beside the agent's own; the stricter holds. */
  readonly budget: { readonly calls?: number; readonly money?: Money; readonly tokens?: number; readonly depth?: number; readonly fanOut?: number } | null;
  /** How long and how many actions may be deferred; what is left out is defaultDeferral's. */
  readonly deferral?: Partial<DeferralLimits> | null;
  /** Agents one behind the other, and children of a run at once; what is left out is defaultDelegation's. */
  readonly delegation?: { readonly depth?: number; readonly children?: number };
  /** Life of a grant, ms. */
  readonly grantMs: number;
  /** Most actions one run may have. */
  readonly actionsPerRun: number;
  /** Denies for identity, scope or a rule after which the run is halted. */
  readonly denies: number;
  /** Most that ce_time may be off the append time, ms. */
  readonly clockSkewMs: number;
}
