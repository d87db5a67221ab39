import type { ActionProposed, ApprovalResolved, CheckedEvidence, Decision, Fact, GovernedDecided, GovernedHalted, GovernedRecord, GovernedRefused, GovernedResumed, GrantClaims, Modification, Money, ReceiptClaims, Reply } from '@countersign/contracts';
import type { BudgetUse } from './budgets.ts';
import type { PolicyCommand } from './commands.ts';
import type { RecordBase } from './events.ts';
import { reply } from './reply.ts';
import type { PartitionState } from './state.ts';
import type { FailedFact } from './world.ts';

/** A grant that the edge has to sign into `reply.grant` before anything is written. */
export interface GrantOrder { readonly reply: Reply; readonly claims: GrantClaims }
/** Of what grants nothing: `reply.receipt`, under the same signature. */
export interface ReceiptOrder { readonly reply: Reply; readonly claims: ReceiptClaims }

/** What one command leads to. Records fold before the next command is decided; replies go out whether or not a record carries them. */
export interface Draft {
  readonly records: GovernedRecord[];
  readonly replies: Reply[];
  readonly grants: GrantOrder[];
  readonly receipts: ReceiptOrder[];
  /** Position of the first record. */
  readonly first: number;
  readonly command: PolicyCommand;
  readonly agent: string | null;
  readonly now: number;
  readonly accounts: PartitionState['accounts'];
}

export const draftFor = (command: PolicyCommand, agent: string | null, state: PartitionState, now: number): Draft => ({ records: [], replies: [], grants: [], receipts: [], first: state.position, command, agent, now, accounts: state.accounts });

const base = (draft: Draft, consumes: boolean): RecordBase => {
  const { command } = draft;
  return {
    position: draft.first + draft.records.length, tenant: command.tenant, run: command.run, agent: draft.agent,
    inbox: { offset: command.offset, at: command.at, hash: command.hash },
    now: draft.now, seq: consumes && command.from === 'runtime' ? command.seq : null, traceparent: command.traceparent,
  };
};

/** Fields of the record that the message itself leads to: it carries the seq. Every runtime message has exactly one. */
export const own = (draft: Draft): RecordBase => base(draft, true);
/** Fields of a record that follows from it. */
export const consequence = (draft: Draft): RecordBase => base(draft, false);

export const seqOf = (command: PolicyCommand): number | null => (command.from === 'runtime' ? command.seq : null);

/** Refuses the message: a record, and a reply where the runtime sent it. `original` is the reply to an earlier message that this one repeats. */
export const refuse = (draft: Draft, code: string, detail: string, more?: { readonly action?: string | null; readonly expectedSeq?: number | null; readonly original?: Reply }): Draft => {
  const { command } = draft;
  const answer = more?.original ?? reply('refused', command.run, more?.action ?? null, seqOf(command), code, detail, { expectedSeq: more?.expectedSeq ?? null });
  const record: GovernedRefused = { ...own(draft), kind: 'message.refused', ceType: command.ceType, code, detail, reply: answer };
  draft.records.push(record);
  if (command.from === 'runtime') draft.replies.push(answer);
  return draft;
};

/** Halts the run as a consequence of what was just decided. */
export const haltRun = (draft: Draft, halt: string, reason: string): void => {
  const record: GovernedHalted = { ...consequence(draft), kind: 'run.halted', halt, by: 'policy', reason };
  draft.records.push(record);
  draft.replies.push(reply('halted', draft.command.run, null, null, 'run_halted', reason));
};

export const resumeRun = (draft: Draft, halt: string, reason: string): void => {
  const record: GovernedResumed = { ...consequence(draft), kind: 'run.resumed', halt, by: 'policy', reason };
  draft.records.push(record);
  draft.replies.push(reply('resumed', draft.command.run, null, null, 'ok', reason));
};

/** One round's decision as it will stand on the record. */
export interface Ruling {
  readonly decision: Decision;
  readonly facts: Readonly<Record<string, Fact>>;
  readonly failed: readonly FailedFact[];
  readonly snapshots: GovernedDecided['snapshots'];
  readonly reserved: { readonly calls: number; readonly money: Money | null };
  /** The money it would move, once facts and rules were asked; absent where they never were. */
  readonly judged?: Money | null | undefined;
  /** What enforcement would have done, of an observed agent. */
  readonly observed?: GovernedDecided['observed'];
  /** What it takes from wider budgets. */
  readonly budgets?: readonly BudgetUse[];
  readonly evidence?: readonly CheckedEvidence[] | undefined;
  /** The extra scope by which the run may use the tool. */
  readonly extension?: GovernedDecided['extension'];
  /** What people made of the arguments. */
  readonly edited?: GovernedDecided['edited'];
  readonly detail: string | null;
  /** Drawn for a blind review. */
  readonly review?: GovernedDecided['review'] | undefined;
  /** What rules made of the arguments, if anything. */
  readonly modified?: Modification | null;
}

const replyCode = { allow: 'ok', modify: 'ok', step_up: 'approval_required', defer: 'deferred', deny: 'rule_denied' } as const;

/** Writes the decision of a round and its reply. `attested`: the session key's signature covers the message. */
export const decideAction = (draft: Draft, message: ActionProposed, round: number, ruling: Ruling, resolved: ApprovalResolved | null, fields: RecordBase): Reply => {
  const { decision, modified = null } = ruling;
  const answer: Reply = {
    kind: 'decided', run: draft.command.run, action: message.action, seq: fields.seq,
    code: decision.code ?? replyCode[decision.decision], detail: ruling.detail,
    decision: decision.decision, tier: decision.tier, round, grant: null, claim: decision.claim, arguments: null, expectedSeq: null, ...(decision.mode !== undefined && { mode: decision.mode }),
    ...(modified !== null && decision.decision === 'modify' && { arguments: modified.arguments, changes: modified.changes.map(({ rules: _, ...change }) => change) }),
  };
  const record: GovernedDecided = {
    position: fields.position, tenant: fields.tenant, run: fields.run, agent: fields.agent, inbox: fields.inbox, now: fields.now, seq: fields.seq, traceparent: fields.traceparent,
    kind: 'action.decided', action: message.action, tool: message.tool, round, message, resolved, facts: ruling.facts, ...(ruling.failed.length > 0 && { failed: ruling.failed }), decision,
    snapshots: ruling.snapshots, reserved: ruling.reserved, ...(ruling.budgets !== undefined && ruling.budgets.length > 0 && { budgets: ruling.budgets }), ...(ruling.evidence !== undefined && { evidence: ruling.evidence }), attested: fields.seq !== null && draft.command.from === 'runtime' && draft.command.attested, reply: answer, ...(modified !== null && { modified }), ...(ruling.review !== undefined && { review: ruling.review }), ...(ruling.observed !== undefined && { observed: ruling.observed }), ...(ruling.extension !== undefined && { extension: ruling.extension }), ...(ruling.edited !== undefined && { edited: ruling.edited }),
  };
  draft.records.push(record);
  draft.replies.push(answer);
  if (decision.decision !== 'allow' && decision.decision !== 'modify') draft.receipts.push({ reply: answer, claims: {
    receipt: 1, tenant: record.tenant, run: record.run!, action: record.action, agent: record.agent, tool: record.tool, round, decision: decision.decision, tier: decision.tier, code: answer.code,
    rules: decision.rules.slice(0, 16).map(({ id }) => id), policy: decision.policyVersion, message: record.inbox?.hash ?? null, iat: record.now,
  } });
  return answer;
};
