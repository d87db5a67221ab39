import type { GovernedDecided, GovernedOutcome, GovernedRecord, GovernedStarted, Money } from '@countersign/contracts';
import { actorsIn, consumesSeq, effectiveArguments, timeOfUuidV7 } from '@countersign/kernel';
import { foldShares, releaseShares, settleShares } from './budgets.ts';
import { depthBehind } from './deferral.ts';
import { allotmentOf, delegatedBy, delegationIn } from './delegation.ts';
import type { Delegated } from './delegation.ts';
import { effectOf } from './facts/effect.ts';
import { fingerprint } from './fingerprint.ts';
import { noPast, proposedAct, remember, settleAct } from './past.ts';
import { replyOf } from './reply.ts';
import { graceMs, recentKept, startWithinMs, sweepEveryMs } from './state.ts';
import type { ActionState, PartitionState, RunState } from './state.ts';
import type { Folding } from './world.ts';

/**
 * Folds one governed record into a partition's state, which it changes in place and so must own. The live processor uses the
 * same function on the records it has just made. Throws on a gap in positions and on a kind it does not know.
 */
export const evolve = (state: PartitionState, record: GovernedRecord, folding: Folding): void => {
  if (record.position !== state.position) throw new Error(`governed position ${record.position} where ${state.position} was expected: records are missing or from two owners`);
  state.position++;
  state.lastNow = record.now;
  if (record.now >= state.nextSweep) sweep(state, record.now);
  if (record.kind === 'run.started') {
    const delegated = delegatedBy(record);
    const run = startedRun(record, folding);
    state.runs.set(record.run!, delegated === null ? run : childRun(run, record, delegated, folding));
  }
  const run = record.run === null ? undefined : state.runs.get(record.run);
  if (run === undefined) return;
  change(run, record, folding, state.accounts);
  if (record.seq !== null && record.inbox !== null && record.agent === run.agent && (record.kind !== 'message.refused' || consumesSeq(record.code))) {
    run.nextSeq = record.seq + 1;
    run.head = record.inbox.hash;
    run.recent.push({ seq: record.seq, hash: record.inbox.hash, reply: replyOf(record)! });
    if (run.recent.length > recentKept) run.recent.shift();
  }
};

const startedRun = (record: GovernedStarted, folding: Folding): RunState => ({
  tenant: record.tenant, agent: record.agent!, scope: record.token.scope, jkt: record.token.cnf.jkt, notAfter: record.token.run_not_after * 1000,
  instruction: { text: record.message.instruction.text, attestedBy: record.instruction.attestedBy },
  context: folding.withInstruction(folding.emptyContext, record.message.instruction.text),
  closed: false, nextSeq: 0, head: '', recent: [], actions: new Map(), deferred: new Set(), halts: new Set(),
  calls: 0, spend: null, denies: 0, dataTouched: [], counts: new Map(), past: noPast(record.now, record.token.act === undefined ? 0 : actorsIn(record.token.act).length),
  delegation: null,
  forgetAt: record.token.run_not_after * 1000 + graceMs,
});

/** A child run begins with what the one that delegated has seen: its data classes, and the words of the handoff as nobody's. */
const childRun = (run: RunState, { delegation, message }: GovernedStarted, delegated: Delegated, folding: Folding): RunState => ({
  ...run, delegation: delegated, context: folding.withHandoff(run.context, message.delegation!.arguments.instruction), dataTouched: [...delegation!.data], past: { ...run.past, unclassified: delegation!.unclassified },
});

const change = (run: RunState, record: GovernedRecord, folding: Folding, accounts: PartitionState['accounts']): void => {
  switch (record.kind) {
    case 'action.decided': return decided(run, record, accounts);
    case 'action.outcome': return outcome(run, record, folding, accounts);
    case 'action.cancelled': {
      const action = run.actions.get(record.action);
      if (action === undefined) return;
      // A grant that is out may have been used: only what never had one gives its reservation back.
      if (!action.granted) {
        reserve(run, action, 0, null);
        releaseShares(accounts, action);
      }
      settle(run, action, 'cancelled', 'cancelled');
      run.deferred.delete(record.action);
      return;
    }
    case 'run.halted':
      run.halts.add(record.halt);
      return;
    case 'run.resumed':
      run.halts.delete(record.halt);
      return;
    case 'run.ended':
      return close(run, record, folding);
    case 'run.started':
    case 'action.reversed':
    case 'message.refused':
      return;
    case 'messages.unproven':
    case 'partition.owned':
      return;
    default:
      throw new Error(`governed record of unknown kind ${(record as { kind: string }).kind}`);
  }
};

/** Nothing is decided in an ended run any more: what only deciding needs is let go, and soon the run itself, unless an action that was granted may still be told to have run. */
const close = (run: RunState, record: GovernedRecord, folding: Folding): void => {
  run.closed = true;
  run.context = folding.emptyContext;
  run.instruction = { text: '', attestedBy: run.instruction.attestedBy };
  run.past = noPast(run.past.startedAt, run.past.depth);
  run.counts.clear();
  run.dataTouched = [];
  run.recent = [];
  for (const [id, action] of run.actions) {
    if (!action.granted || action.status === 'finished') { run.actions.delete(id); continue; }
    action.reply = null;
    if (action.status === 'granted') run.past.open++;
  }
  forgetSoon(run, record);
};

const forgetSoon = (run: RunState, record: GovernedRecord): void => {
  if (run.actions.size === 0) run.forgetAt = Math.max(record.now, timeOfUuidV7(record.run!) + startWithinMs) + graceMs;
};

/** Codes of denies that say nothing about the agent's conduct. */
const blameless: ReadonlySet<string> = new Set(['late', 'halted', 'run_halted', 'delegation_limit', 'evaluation_failed', 'stale_snapshot', 'budget_exceeded', 'run_closed', 'run_expired', 'fact_timeout', 'approval_denied', 'approval_expired', 'approval_cancelled', 'approval_overflow', 'arguments_invalid', 'dependency_unknown', 'dependency_failed', 'defer_limit', 'rewrite_invalid', 'rewrite_unstable', 'record_behind']);

/** Whether a deny with this code counts towards the halt of its run. */
export const countsAsDeny = (code: string | null): boolean => !blameless.has(code ?? '');

const decided = (run: RunState, record: GovernedDecided, accounts: PartitionState['accounts']): void => {
  const { decision } = record.decision;
  let action = run.actions.get(record.action);
  if (action === undefined) {
    action = {
      status: 'open', tool: record.tool, fingerprint: fingerprint(record.message as never), position: 0, round: 0, tier: 1, code: '', waitsFor: null, approval: null,
      proposal: null, supplied: null, deferral: null, depth: 0, outcome: null, reply: null, replyUntil: 0, reservedCalls: 0, reservedMoney: null, granted: false, evidence: null, edit: null, extension: null, shares: null, act: null, about: null, effect: null, delegated: null,
    };
    run.actions.set(record.action, action);
    run.past.open++;
  }
  if (record.round === 1) proposedAct(run.past, record.facts);
  action.position = record.position;
  action.round = record.round;
  action.tier = record.decision.tier;
  reserve(run, action, record.reserved.calls, record.reserved.money);
  foldShares(accounts, action, record.budgets);
  const code = record.reply.code;
  if (decision === 'step_up' || decision === 'defer') {
    action.code = code;
    action.waitsFor = decision;
    action.approval = record.decision.approval;
    action.proposal = record.message;
    action.evidence = record.evidence ?? null;
    action.extension = record.extension ?? null;
    action.edit = record.edited ?? null;
    action.supplied = suppliedFacts(record);
    action.deferral = record.decision.deferral ?? null;
    waits(run, record.action, action);
  } else settle(run, action, decision === 'deny' ? 'denied' : 'granted', code);
  if (action.waitsFor !== 'defer') run.deferred.delete(record.action);
  action.reply = record.reply;
  action.replyUntil = record.now + sweepEveryMs;
  if (decision === 'allow' || decision === 'modify') {
    action.granted = true;
    const delegation = delegationIn(record.tool, effectiveArguments(record));
    if (delegation !== null) {
      action.delegated = allotmentOf(delegation);
      run.past.tokens += action.delegated.tokens;
    }
    action.about = aboutOf(record);
    action.effect = effectOf(record.tool, record.facts);
    action.act = remember(run.past, record.tool, record.now, false, record.facts, record.reserved.money);
    run.counts.set(record.tool, (run.counts.get(record.tool) ?? 0) + 1);
    // Whether it ran is the runtime's word: where nobody vouches for that, what was granted counts as read.
    if (record.facts['agent.trusted']?.value === false) touch(run, record.facts['tool.data']?.value as readonly string[] | undefined ?? []);
  }
  if (decision !== 'deny') return;
  remember(run.past, record.tool, record.now, true, record.facts, null);
  if (countsAsDeny(record.decision.code)) run.denies++;
};

/** Data classes that the run has, or may have, seen. */
const touch = (run: RunState, classes: readonly string[]): void => {
  for (const name of classes) if (!run.dataTouched.includes(name)) run.dataTouched.push(name);
};

/** A deferred action is one deeper than the deepest that it waits for. */
const waits = (run: RunState, id: string, action: ActionState): void => {
  if (action.waitsFor !== 'defer') return;
  run.deferred.add(id);
  action.depth = depthBehind(run, action.deferral?.dependsOn ?? []);
};

/** What an action that changes nothing reads: kept until its result is there. */
const aboutOf = ({ facts }: GovernedDecided): ActionState['about'] => {
  const targets = facts['target']?.value;
  if (facts['tool.consequential']?.value !== false || !Array.isArray(targets) || targets.length === 0) return null;
  return { targets: targets.map(String), named: facts['target.named']?.value === true };
};

const suppliedFacts = (record: GovernedDecided): ActionState['supplied'] => {
  let found: ActionState['supplied'] = null;
  for (const name in record.facts) {
    const fact = record.facts[name]!;
    if (fact.from?.startsWith('supplied:')) (found ??= {})[name] = fact;
  }
  return found;
};

const under = (status: ActionState['status']): boolean => status === 'open' || status === 'granted';

/** Ends an action's waiting and lets go of what only waiting needs. */
const settle = (run: RunState, action: ActionState, status: ActionState['status'], code: string): void => {
  if (under(action.status) && !under(status)) run.past.open--;
  action.status = status;
  action.code = code;
  action.waitsFor = null;
  action.approval = null;
  action.proposal = null;
  action.evidence = null;
  action.extension = null;
  action.edit = null;
  action.supplied = null;
  action.deferral = null;
  action.depth = 0;
};

const outcome = (run: RunState, record: GovernedOutcome, folding: Folding, accounts: PartitionState['accounts']): void => {
  const action = run.actions.get(record.action);
  if (action !== undefined) {
    reserve(run, action, record.settled.calls, record.settled.money);
    // Wider budgets counted the child's acts where they were decided.
    settleShares(accounts, action, record.delegation === undefined ? record.settled : { calls: 1, money: null });
    settle(run, action, 'finished', action.code);
    action.outcome = record.message.status;
    // An instruction is used up by what was granted for it. What gives it back is the word of a runtime that somebody vouches for; a cancelled grant may have been used all the same.
    if (record.trusted === true && (record.message.status === 'failed' || record.message.status === 'not_executed')) action.effect = null;
    run.deferred.delete(record.action);
    if (action.act !== null) settleAct(action.act, record.settled.money);
  }
  if (run.closed) {
    run.actions.delete(record.action);
    forgetSoon(run, record);
    return;
  }
  if (record.delegation !== undefined) return returned(run, record, record.delegation, action?.delegated?.tokens ?? 0, folding);
  const { status, result, tokens } = record.message;
  run.past.tokens += tokens ?? 0;
  if (status === 'not_executed') return;
  const tool = folding.tool(record.tool);
  // Nobody knows what data it touched: rules that ask for sensitivity take the highest.
  if (tool === undefined || tool.snapshot.dataClasses.length === 0) run.past.unclassified = true;
  if (tool === undefined) return;
  touch(run, tool.snapshot.dataClasses);
  if (result !== null) run.context = folding.withResult(run.context, { tool, action: record.action, resultText: result, about: action?.about ?? null, trusted: record.trusted === true });
};

/** What a child run returned is nobody's word, whoever said it there; the data it touched, this run has touched. */
const returned = (run: RunState, { message, action, tool }: GovernedOutcome, child: NonNullable<GovernedOutcome['delegation']>, setAside: number, folding: Folding): void => {
  run.past.tokens += (message.tokens ?? 0) - setAside;
  run.past.unclassified ||= child.unclassified;
  touch(run, child.data);
  const known = folding.tool(tool);
  if (message.result !== null && known !== undefined) run.context = folding.withResult(run.context, { tool: known, action, resultText: message.result, about: null, trusted: false });
};

/** Moves an action's reservation to the given amounts, and the run's totals with it. */
const reserve = (run: RunState, action: ActionState, calls: number, money: Money | null): void => {
  run.calls += calls - action.reservedCalls;
  const before = action.reservedMoney;
  if (money !== null || before !== null) {
    const currency = (run.spend ?? money ?? before)!.currency;
    const delta = (money?.currency === currency ? money.minor : 0) - (before?.currency === currency ? before.minor : 0);
    run.spend = { minor: (run.spend?.minor ?? 0) + delta, currency };
  }
  action.reservedCalls = calls;
  action.reservedMoney = money;
};

/** Forgets runs long past their life, and replies whose grants are dead. */
const sweep = (state: PartitionState, now: number): void => {
  state.nextSweep = now + sweepEveryMs;
  for (const [id, account] of state.accounts) if (account.until + graceMs < now) state.accounts.delete(id);
  for (const [id, run] of state.runs) {
    if (run.forgetAt < now) state.runs.delete(id);
    else for (const action of run.actions.values()) if (action.reply !== null && action.status !== 'open' && action.replyUntil < now) action.reply = null;
  }
};
