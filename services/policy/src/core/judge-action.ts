import type { ActionProposed, ApprovalResolved, CheckedEvidence, Decision, Fact, JsonObject, Modification, Money, ScopeExtension, Tier } from '@countersign/contracts';
import { delegateTool, extendScopeTool, notCovered, seniorHaltId } from '@countersign/kernel';
import type { PreApprovalTerms, Voter } from '@countersign/kernel';
import { demandOf } from './asking/asked.ts';
import type { Demand } from './asking/asked.ts';
import { asEdited, withEdit } from './asking/edit.ts';
import type { Edit } from './asking/edit.ts';
import { askedOf, stillEnough, subjectOf } from './asking/question.ts';
import { reserveShares, sharesOf } from './budgets.ts';
import type { BudgetUse } from './budgets.ts';
import { defer, deferPaused, pauseOver, standingOf } from './deferral.ts';
import { actingFor, allotmentOf, contextFor, delegationFault, delegationIn, overAllotment } from './delegation.ts';
import { countsAsDeny } from './evolve.ts';
import { consequence, decideAction, haltRun, own } from './draft.ts';
import { judgeModified } from './modify.ts';
import { observe, observedUntil } from './observe.ts';
import type { Judged } from './modify.ts';
import { askFault, openedBy } from './extension.ts';
import { permits, withinScope } from './permissions.ts';
import type { Permitted, Scoped } from './permissions.ts';
import { beyond } from './scoped-permission.ts';
import type { Draft, Ruling } from './draft.ts';
import type { ActionState, RunState } from './state.ts';
import type { Judgement, KnownTool, Limits, Question, Verdict, World } from './world.ts';

/** Halts are known by their id alone and lifted for good, everywhere: each is used once. */
const denyHalt = (run: string, denies: number): string => `denies:${run}:${denies}`;
const nothingKnown: Pick<Judgement, 'facts' | 'failed' | 'beside'> = { facts: {}, failed: [] };
const nothing = { calls: 0, money: null };
/** How long an action can be taken back where no rule says: its compensator decides, an hour is for people to see it. */
const reversalMs = 3_600_000;

interface Round {
  readonly message: ActionProposed; readonly round: number; readonly action: ActionState | undefined;
  readonly approval: ApprovalResolved | null; /** Whose approvals hold. */ readonly voters?: readonly Voter[]; /** What those who agreed beforehand agreed to. */ readonly terms?: readonly PreApprovalTerms[]; readonly supplied: Readonly<Record<string, Fact>> | null;
  /** Of a new proposal; a later round goes by what the action came with. */
  readonly evidence?: readonly CheckedEvidence[] | undefined;
  /** Extra scope in the token of a new proposal; a later round goes by what the action came with. */
  readonly extension?: ScopeExtension | undefined;
  /** People go ahead without the quorum: nobody else is asked by now. */
  readonly glass?: true;
  /** Epoch ms: after that nothing may run on what people said. */
  readonly until?: number;
  /** What somebody who was asked wants instead; a later round goes by what the action has. */
  readonly edit?: Edit;
  /** Nobody answered in time: the senior route is asked. */
  readonly escalated?: true;
  /** It follows from a message about something else. */
  readonly follows?: true;
}

/** One round of an action: everything as of now (identity, halts, rules, budget), the decision on the record, and what follows from it. */
export const judgeAction = (draft: Draft, world: World, run: RunState, round: Round): Decision => {
  // To hand powers on, or to ask for more, is never only observed.
  const until = round.message.tool === delegateTool || round.message.tool === extendScopeTool ? undefined : observedUntil(world.agent(run.agent), run, world.now);
  const { ruling: enforced, tool } = rule(world, run, draft, round, until !== undefined);
  const ruling = until === undefined ? enforced : observe(enforced, tool?.snapshot, until, world.now, (money) => widerSoFar(world, run, draft.accounts, round, money));
  const { decision, modified } = ruling;
  const answer = decideAction(draft, round.message, round.round, ruling, round.approval, round.follows ? consequence(draft) : own(draft));
  if (decision.decision === 'allow' || decision.decision === 'modify') {
    const { run: runId, tenant } = draft.command;
    const iat = Math.floor(world.now / 1000);
    draft.grants.push({
      reply: answer,
      claims: {
        jti: `${runId}:${round.message.action}:${round.round}`, tenant, run: runId, action: round.message.action, agent: run.agent, tool: tool!.snapshot.tool,
        definition: tool!.snapshot.definition, args: world.digest(modified?.arguments ?? round.message.arguments), aud: tool!.snapshot.audience, policy: world.policyVersion,
        tier: decision.tier, claim: decision.claim, jkt: run.jkt, iat, exp: Math.min(iat + Math.ceil(world.limits.grantMs / 1000), ruling.extension?.until ?? Infinity, Math.floor((round.until ?? Infinity) / 1000)),
        ...(round.message.tool === delegateTool && { delegation: contextFor(world, run, runId) }),
        // Dead when observing ends: from then on rules are asked.
        ...(until !== undefined && { observe: true as const, exp: Math.min(iat + Math.ceil(world.limits.grantMs / 1000), Math.ceil(until / 1000)) }),
      },
    });
  } else if (decision.decision === 'step_up' && decision.tier === 4) {
    const halt = seniorHaltId(draft.command.run, round.message.action);
    if (!run.halts.has(halt)) haltRun(draft, halt, 'a tier 4 action waits for a senior decision');
  } else if (decision.decision === 'deny' && countsAsDeny(decision.code) && run.denies + 1 >= world.limits.denies && ![...run.halts].some((id) => id.startsWith('denies:'))) {
    haltRun(draft, denyHalt(draft.command.run, run.denies + 1), `${run.denies + 1} actions were denied for identity, scope or a rule`);
  }
  return decision;
};

/** @param observed a tool that its own runtime holds is judged even where the agent has no permission for it, so that the record can say so */
const rule = (world: World, run: RunState, { accounts, command: { run: runId } }: Draft, round: Round, observed: boolean): { readonly ruling: Ruling; readonly tool: KnownTool | undefined } => {
  const edit = round.edit ?? round.action?.edit ?? null;
  const message = withEdit(round.message, edit);
  const evidence = round.evidence ?? round.action?.evidence ?? undefined;
  const agent = world.agent(run.agent);
  const tool = world.tool(message.tool);
  const level = world.level(run.agent, runId);
  const snapshots = { agent: agent?.version ?? 0, tool: tool?.snapshot.version ?? 0, halts: world.haltsVersion, level: level.recorded };
  const deny = (code: string, detail: string, verdict?: Verdict, { facts, failed, beside, money }: Pick<Judgement, 'facts' | 'failed' | 'beside'> & { readonly money?: Judgement['money'] } = nothingKnown, modified: Modification | null = null) => ({
    tool, ruling: { decision: { ...denied(world, code, verdict), ...(beside !== undefined && { beside }) }, facts, failed, snapshots, reserved: nothing, judged: money, evidence, detail, modified },
  });

  if (agent === undefined || agent.tenant !== run.tenant) return deny('unknown_agent', 'the agent is not registered');
  if (agent.status !== 'active') return deny('agent_not_active', `the agent is ${agent.status}`);
  const halt = haltOver(world, run, runId, message);
  if (halt !== null) return deny(halt.code, `stopped by halt ${halt.id}`);
  if (world.record === 'overdue') return deny('record_behind', 'the audit log is too far behind: nothing acts before it has caught up');
  const revoked = world.revoked?.(runId, run);
  if (revoked !== undefined) return deny('credential_revoked', `the ${revoked} was revoked`);
  const acting = run.delegation === null ? undefined : actingFor(world, run, run.delegation, agent, level.effective, message.tool, seniorHaltId(runId, message.action));
  if (acting !== undefined && 'code' in acting) return deny(acting.code, acting.detail);
  const deadline = message.deadline === null ? Infinity : Date.parse(message.deadline);
  if (!(world.now <= deadline)) return deny('late', 'decided after its deadline');
  if (tool === undefined || tool.snapshot.tenant !== run.tenant) return deny('unknown_tool', 'the tool is not in the catalogue');
  const letThrough = observed && tool.snapshot.enforcement === 'cooperative';
  const unreviewed = unreviewedSource(tool);
  if (unreviewed !== null && !letThrough) return deny('out_of_scope', unreviewed);
  let permitted = permits(agent, message.tool);
  let outside = permitted === false || !withinScope(run.scope, message.tool);
  const carried = round.action === undefined ? round.extension : round.action.extension ?? undefined;
  const opened = outside && carried !== undefined && run.delegation === null ? openedBy(carried, agent, message.tool, world.now) : [];
  const extension = opened.length > 0 ? carried : undefined;
  if (extension !== undefined) [permitted, outside] = [opened, false];
  if (outside && !letThrough) return deny('not_permitted', 'the tool is outside of what agent and run may do');
  const fault = world.argumentsFault(tool, message.arguments);
  if (fault !== null) return deny('arguments_invalid', fault);
  const tooMuch = askFault(agent, run.delegation !== null, message.tool, message.arguments);
  if (tooMuch !== null) return deny('not_requestable', tooMuch);

  const standing = standingOf(run, message);
  if (standing.status === 'failed') return deny(standing.code, standing.detail);

  const owners = acting?.owners ?? [agent.owner];
  const demand = ({ judgement }: Judged): Demand => demandOf(world.asking, {
    approval: round.escalated === undefined ? judgement.verdict.approval! : world.asking!.senior, tool: message.tool, system: tool.snapshot.system, facts: judgement.facts, rules: judgement.verdict.rules, tenant: run.tenant, owners, instructedBy: run.instruction.attestedBy, editors: edit?.by ?? [],
    now: world.now, askedAt: (round.approval === null ? null : round.action?.approval?.askedAt) ?? world.now, graph: world.graph,
  });
  const about = { run, runId, message, tool };
  const judge = (of: Question): Judged => asEdited(judgeModified(world, tool, of), round.message.arguments, edit, world.digest);
  let judged: Judged;
  try {
    const question = { proposal: message, tool, agent: acting?.agent ?? agent, run, round: round.round, level: acting?.level ?? level.effective, approval: round.approval, supplied: round.supplied, now: world.now, ...(world.graph !== undefined && { graph: world.graph }), ...(world.record === 'behind' && { record: world.record }), ...(evidence !== undefined && { evidence: { items: evidence, digest: world.digest(message.arguments) } }) };
    judged = judge(question);
    // People were asked about a lower tier than it is now, about something else, or others would have to be asked by now: their answer is superseded and people are asked again.
    if (round.approval !== null && round.action !== undefined) {
      const asked = round.action.approval;
      const unasked = judge({ ...question, approval: null });
      const others = round.glass === undefined && unasked.judgement.verdict.decision === 'step_up' && asked !== null && !stillEnough(demand(unasked), asked, round.voters, world.now);
      const uncovered = round.terms?.some((terms) => notCovered(terms, { tenant: run.tenant, agent: run.agent, tool: message.tool, run: runId, tier: unasked.judgement.verdict.tier, money: unasked.judgement.money ?? null, facts: unasked.judgement.facts, failed: unasked.judgement.failed.map(({ fact }) => fact) }, world.now) !== null) === true;
      if (others || uncovered || judged.judgement.verdict.tier > round.action.tier || (asked?.subject ?? '') !== subjectOf(world, { ...about, arguments: judged.arguments })) judged = unasked;
    }
  } catch (error) {
    // A bug of ours in facts or rules fails the same way each time: it denies this action and does not stop the partition.
    return deny('evaluation_failed', `facts or rules failed: ${String(error).slice(0, 200)}`);
  }
  const { judgement, modified } = judged;
  const { verdict, money } = judgement;
  if (judged.fault !== null) return deny(judged.fault.code, judged.fault.detail, verdict, judgement, modified);
  if (verdict.decision === 'deny') return deny(codeOfDeny(verdict), verdict.rules.find((fired) => fired.decision === 'deny')?.reason ?? 'denied by a rule', verdict, judgement, modified);
  if (unreviewed !== null) return deny('out_of_scope', unreviewed, verdict, judgement, modified);
  if (outside) return deny('not_permitted', 'the tool is outside of what agent and run may do', verdict, judgement, modified);
  const delegation = delegationIn(message.tool, judged.arguments);
  const unfit = delegation === null ? null : delegationFault(world, run, agent, delegation);
  if (unfit !== null) return deny(unfit.code, unfit.detail, verdict, judgement, modified);
  for (const scoped of scopedBy(permitted, acting?.scoped)) {
    const why = beyond(scoped, { facts: judgement.facts, arguments: judged.arguments, money, used: usedBefore(run, round.action) });
    // Observing gives way to no permission either where somebody else holds the tool's credential.
    if (why !== null) return deny('outside_permission', why, verdict, tool.snapshot.enforcement === 'cooperative' ? judgement : { facts: judgement.facts, failed: judgement.failed }, modified);
  }
  const reserved = delegation === null ? { calls: 1, money } : allotmentOf(delegation);
  const over = overBudget(run, round.action, agent.limits, reserved) ?? overBudget(run, round.action, { calls: world.limits.budget?.calls ?? Infinity, money: world.limits.budget?.money ?? null }, reserved) ?? overShape(run, round.action, world.limits.budget)
    ?? (delegation === null && run.delegation === null ? null : overAllotment(world, run, round.action, delegation, reserved) ?? overBudget(run, round.action, run.delegation ?? unlimited, reserved));
  if (over !== null) return deny('budget_exceeded', over, verdict, judgement, modified);
  const budgets = widerUse(world, run, accounts, round, delegation === null ? money : null);
  if (typeof budgets === 'string') return deny('budget_exceeded', budgets, verdict, judgement, modified);
  const base = { tier: verdict.tier, rules: verdict.rules, policyVersion: world.policyVersion, ...(judgement.beside !== undefined && { beside: judgement.beside }) };
  const claim = verdict.tier >= 3 || (tool.snapshot.consequential && !tool.snapshot.reversible);
  const ruled = { facts: judgement.facts, failed: judgement.failed, snapshots, reserved, judged: money, budgets, evidence, modified, ...(extension !== undefined && { extension }), ...(edit !== null && { edited: edit }) };
  // Asked last: what would be denied is denied now, and what is asked of people or may run waits.
  const pause = pauseOver(world, run, runId, message.tool);
  if (pause !== null) {
    const waiting = deferPaused(world, run, message, round.action, pause);
    if (!waiting.ok) return deny(waiting.code, waiting.detail, verdict, judgement, modified);
    return { tool, ruling: { ...ruled, decision: { ...base, decision: 'defer', code: 'paused', approval: null, claim, deferral: waiting.deferral }, detail: `waits for the pause ${pause} to be lifted` } };
  }
  if (verdict.decision === 'defer' || (standing.open.length > 0 && !(verdict.decision === 'step_up' && verdict.tier === 4))) {
    const deferred = defer(world, run, message, round.action, verdict, standing.open);
    if (!deferred.ok) return deny(deferred.code, deferred.detail, verdict, judgement, modified);
    return { tool, ruling: { ...ruled, decision: { ...base, decision: 'defer', code: 'deferred', approval: null, claim, deferral: deferred.deferral }, detail: standing.open.length > 0 ? `waits for ${standing.open.join(', ')}` : null } };
  }
  const decision: Decision = {
    ...base, decision: verdict.decision, code: verdict.code,
    approval: verdict.decision !== 'step_up' || verdict.approval === null ? null : askedOf(world, { ...about, round: round.round, owners, arguments: judged.arguments, modified, facts: judgement.facts, evidence }, round.escalated === undefined ? demand(judged) : { ...demand(judged), onExpiry: 'deny', escalated: true }, base),
    claim, ...((verdict.decision === 'allow' || verdict.decision === 'modify') && tool.snapshot.consequential && tool.snapshot.compensator !== null && { reversibleUntil: world.now + (verdict.reversalWindowMs ?? reversalMs) }),
  };
  if (decision.decision === 'step_up' && decision.approval === null) return deny('not_permitted', 'people must decide, but no rule says who', verdict, judgement, modified);
  const alone = (decision.decision === 'allow' || decision.decision === 'modify') && decision.tier <= 2 && round.approval === null && tool.snapshot.consequential;
  return { tool, ruling: { ...ruled, decision, detail: null, review: alone ? drawn(world, run, runId, message, modified?.arguments ?? message.arguments, requesters(run, owners)) : undefined } };
};

/** Why a tool that came from its source is not to be used yet; null where nothing is against it. */
const unreviewedSource = ({ snapshot: { source } }: KnownTool): string | null =>
  (source === undefined || source.status === 'reviewed' ? null : source.status === 'draft' ? 'the tool was imported and waits for a review' : 'the tool changed at its source and waits for a review');

const longestInstruction = 4_000;

/** The mark of a blind review, with what a reviewer needs to know of the run. The runtime never learns of it. */
const drawn = (world: World, run: RunState, runId: string, { action, tool }: ActionProposed, args: JsonObject, asking: string[]): Ruling['review'] => {
  const { review } = world;
  if (review === undefined || !(review.number(runId, action) < review.rate)) return undefined;
  const instruction = run.instruction.text.slice(0, longestInstruction).toWellFormed();
  return { rate: review.rate, instruction, digest: world.digest({ tenant: run.tenant, run: runId, action, tool, instruction, arguments: args }), requesters: asking };
};

/** The code under which a deny of the rules stands on the record. */
export const codeOfDeny = ({ code }: Pick<Verdict, 'code'>): string => (code === null || code === 'denied_by_rule' ? 'rule_denied' : code);

const denied = (world: World, code: string, verdict: Verdict | undefined): Decision => ({
  decision: 'deny', tier: verdict?.tier ?? 1, code, rules: verdict?.rules ?? [], policyVersion: world.policyVersion, approval: null, claim: false,
});

/** Owners of everybody who acts, and who gave the instruction: none of them can approve. */
const requesters = ({ instruction: { attestedBy } }: RunState, owners: readonly string[]): string[] => (attestedBy === null || owners.includes(attestedBy) ? [...owners] : [...owners, attestedBy]);

const unlimited = { calls: Infinity, money: null };

/** Its own tier 4 halt does not stop the action that people are asked about. */
const haltOver = (world: World, run: RunState, runId: string, message: ActionProposed): { readonly code: string; readonly id: string } | null => {
  const own = seniorHaltId(runId, message.action);
  if (run.halts.size > 0) for (const id of run.halts) if (id !== own) return { code: 'run_halted', id };
  const id = world.halt(run.tenant, run.agent, message.tool, runId, own);
  return id === null ? null : { code: 'halted', id };
};

/** The run's own budget: what is reserved or settled, this action's earlier reservation not counted twice. Null while it fits. */
const overBudget = (run: RunState, action: ActionState | undefined, limits: { readonly calls: number; readonly money: Money | null }, { calls, money }: Ruling['reserved']): string | null => {
  if (run.calls - (action?.reservedCalls ?? 0) + calls > limits.calls) return `the run has used its ${limits.calls} calls`;
  if (money === null || limits.money === null) return null;
  if (money.currency !== limits.money.currency || (run.spend !== null && run.spend.currency !== money.currency)) return `the budget is in ${limits.money.currency}`;
  const spent = (run.spend?.minor ?? 0) - (action?.reservedMoney?.minor ?? 0);
  return spent + money.minor > limits.money.minor ? 'the amount is beyond what the run may spend' : null;
};

const unscoped: readonly Scoped[] = [];
/** What its own permissions and those of whom it acts for are limited to: the call has to fit each. */
const scopedBy = (permitted: Permitted, behind: readonly Scoped[] = unscoped): readonly Scoped[] => (typeof permitted === 'object' ? [permitted, ...behind] : behind);

const usedBefore = (run: RunState, action: ActionState | undefined): { readonly calls: number; readonly spend: Money | null } => ({
  calls: run.calls - (action?.reservedCalls ?? 0),
  spend: run.spend === null ? null : { minor: run.spend.minor - (action?.reservedMoney?.minor ?? 0), currency: run.spend.currency },
});

const untouched: readonly BudgetUse[] = [];

/** What the action takes from budgets wider than its run; a text where one of them has not enough. */
const widerUse = (world: World, run: RunState, accounts: Draft['accounts'], { message, action }: Round, money: Money | null): readonly BudgetUse[] | string => {
  if (world.wider === undefined) return untouched;
  const shares = sharesOf(world.wider.budgets, { tenant: run.tenant, agent: run.agent, tool: message.tool, money, ...(run.delegation !== null && { behind: run.delegation.ancestors.map((one) => one.agent) }) }, world.now);
  return typeof shares === 'string' ? shares : reserveShares(shares, accounts, world.wider, action);
};

/** As much of it as there is: an observed action is counted and not stopped. */
const widerSoFar = (world: World, run: RunState, accounts: Draft['accounts'], round: Round, money: Money | null): readonly BudgetUse[] => {
  const used = widerUse(world, run, accounts, round, money);
  return typeof used === 'string' ? untouched : used;
};

/** Tokens, depth and fan-out: what a run is, not what this action adds. Tokens are known only afterwards, so they stop the next action. */
const overShape = (run: RunState, action: ActionState | undefined, limits: Limits['budget']): string | null => {
  if (limits === null) return null;
  const { tokens = Infinity, depth = Infinity, fanOut = Infinity } = limits;
  if (run.past.tokens >= tokens) return `the run has used its ${tokens} tokens`;
  if (run.past.depth > depth) return `the run acts through ${run.past.depth} agents, ${depth} are allowed`;
  return run.past.open + (action === undefined ? 1 : 0) > fanOut ? `more than ${fanOut} actions of the run at once` : null;
};

/** Denies a waiting action without asking the rules again: its run ended, its time ran out, people said no. */
export const denyWaiting = (draft: Draft, world: World, run: RunState, id: string, action: ActionState, code: string, detail: string, resolved: ApprovalResolved | null, asOwn: boolean): void => {
  const agent = world.agent(run.agent);
  const ruling: Ruling = {
    decision: { decision: 'deny', tier: action.tier as Tier, code, rules: [], policyVersion: world.policyVersion, approval: null, claim: false },
    ...nothingKnown, reserved: nothing, detail,
    snapshots: { agent: agent?.version ?? 0, tool: world.tool(action.tool)?.snapshot.version ?? 0, halts: world.haltsVersion, level: world.level(run.agent, draft.command.run).recorded },
  };
  decideAction(draft, { ...action.proposal!, action: id }, action.round + 1, ruling, resolved, asOwn ? own(draft) : consequence(draft));
};
