import type { GovernedDecided } from '@countersign/contracts';
import type { CompiledBundle } from '../rules/compile.ts';
import { createAsks } from './asks.ts';
import type { CastVote } from './asks.ts';
import { changeOf, gradeOf, loosening, rulesBehind, tightening } from './change.ts';
import { exampleKeeper, factsReadBy, locate } from './examples.ts';
import type { Example, Located } from './examples.ts';
import { enforcedOf } from './enforced.ts';
import { foresee } from './foresee.ts';
import type { Answer, Foreseen } from './foresee.ts';
import { proofKeeper } from './proof.ts';
import type { Mismatch } from './proof.ts';
import { approvalHolds, createRounds, waitingAs, waitsOn } from './rounds.ts';
import type { Waiting } from './rounds.ts';
import { emptyRow, emptyRule, rowsBy } from './tally.ts';

export interface BacktestOptions {
  readonly draft: CompiledBundle;
  /** The bundle that a recorded version names; undefined where nobody has it any more. */
  readonly known: (version: string) => CompiledBundle | undefined;
  /** When a vote was cast, epoch ms, from its signed statement; undefined where that cannot be read. */
  readonly votedAt?: (jws: string) => number | undefined;
  /** Told of each decision that cannot be made again. */
  readonly onMismatch?: (mismatch: Mismatch) => void;
}

export interface UnknownExample extends Located { readonly because: readonly string[]; readonly rules: readonly string[] }

const mostVotes = 200_000;

/**
 * Folds recorded decisions, each partition in order, into what a draft would have changed. Each decision is judged on the facts of its own
 * record: that a run goes on differently after a different answer is not played out. Memory does not grow with the decisions, but for the
 * questions to people (40 bytes each) and the actions that wait.
 */
export const createBacktest = ({ draft, known, votedAt, onMismatch }: BacktestOptions) => {
  const proof = proofKeeper(onMismatch);
  const rounds = createRounds();
  const asks = createAsks();
  const votes: CastVote[] = [];
  const total = emptyRow();
  const agents = rowsBy(emptyRow), tools = rowsBy(emptyRow), rules = rowsBy(emptyRule);
  const carried = new Map<string, number>();
  const missing = new Map<string, { decisions: number; readonly rules: Set<string>; readonly tools: Set<string> }>();
  const examples = exampleKeeper<Example>(), unknowns = exampleKeeper<UnknownExample>();
  const seen = { decisions: 0, actions: 0, first: Infinity, last: -Infinity, settledEarlier: 0, firstRoundOutside: 0 };

  const compare = (record: GovernedDecided, recorded: CompiledBundle | undefined, answer: Answer): void => {
    const change = changeOf(record.decision, answer);
    const [before, after] = [gradeOf(record.decision), gradeOf(answer)];
    for (const row of [total, agents.of(record.agent ?? '(nobody)'), tools.of(record.tool)]) {
      row.decisions++;
      row.changes[change]++;
      row.before[before]++;
      row.after[after]++;
    }
    for (const { id } of record.decision.rules) rules.of(id).before++;
    for (const { id } of answer.rules) rules.of(id).after++;
    if (change === 'same') return;
    const { came, gone } = rulesBehind(record.decision.rules, answer.rules);
    if (tightening.has(change)) for (const id of came) rules.of(id).tightened++;
    if (loosening.has(change)) for (const id of gone) rules.of(id).loosened++;
    if (change === 'otherRules') return;
    examples.offer(change, `${record.tool}\n${(came[0] ?? '')}\n${gone[0] ?? ''}`, () => ({
      ...locate(record), before: { decision: record.decision.decision, tier: record.decision.tier }, after: { decision: answer.decision, tier: answer.tier }, came, gone,
      facts: factsReadBy([draft, recorded], [...came, ...gone], record.facts),
    }));
  };

  const unknown = (record: GovernedDecided, because: readonly string[], ids: readonly string[]): void => {
    for (const row of [total, agents.of(record.agent ?? '(nobody)'), tools.of(record.tool)]) row.unknown++;
    for (const id of ids) rules.of(id).unknown++;
    for (const what of because) {
      const found = missing.get(what) ?? { decisions: 0, rules: new Set<string>(), tools: new Set<string>() };
      missing.set(what, found);
      found.decisions++;
      for (const id of ids) if (found.rules.size < 100) found.rules.add(id);
      if (found.tools.size < 100) found.tools.add(record.tool);
    }
    unknowns.offer('unknown', `${record.tool}\n${because.join()}`, () => ({ ...locate(record), because, rules: ids }));
  };

  const answerOf = (record: GovernedDecided, recorded: CompiledBundle | undefined, earlier: Waiting | undefined): Foreseen => {
    if (earlier?.draft === 'unknown') return { status: 'unknown', because: earlier.because, rules: [] };
    if (earlier !== undefined && record.resolved?.resolution === 'approved' && !approvalHolds(earlier)) return { status: 'unknown', because: ['approval'], rules: [] };
    return foresee(record, { bundle: draft, recorded }, earlier?.tier ?? null);
  };

  const requestersOf = ({ decision, facts }: GovernedDecided): readonly string[] => decision.approval?.requesters ?? (facts['instruction.attested']?.from === undefined ? [] : [facts['instruction.attested'].from]);

  /** One recorded decision. */
  const add = (read: GovernedDecided): void => {
    const record = read.observed === undefined ? read : enforcedOf(read);
    seen.decisions++;
    if (record.round === 1) seen.actions++;
    if (record.now < seen.first) seen.first = record.now;
    if (record.now > seen.last) seen.last = record.now;
    const recorded = known(record.decision.policyVersion);
    proof.check(record, known);
    const { approval } = record.decision;
    if (approval !== null) asks.asked({ at: record.now, route: approval.route, quorum: approval.quorum, expiresInMs: approval.expiresAt - record.now, requesters: approval.requesters });
    const earlier = rounds.take(record);
    if (record.round > 1 && earlier === undefined) seen.firstRoundOutside++;
    if (record.resolved !== null && earlier !== undefined && votes.length < mostVotes) for (const vote of record.resolved.votes) votes.push({ person: vote.person, askedAt: earlier.askedAt, at: votedAt?.(vote.jws) ?? record.now });
    if (earlier?.draft === 'settled') {
      // The draft would not have asked: what people said then changes nothing.
      seen.settledEarlier++;
      if (waitsOn(record)) rounds.wait(record, { ...earlier, askedAt: record.now, recorded: approval });
      return;
    }
    const foreseen = answerOf(record, recorded, earlier);
    if (foreseen.status === 'carried') {
      carried.set(foreseen.code, (carried.get(foreseen.code) ?? 0) + 1);
      return;
    }
    if (foreseen.status === 'unknown') unknown(record, foreseen.because, foreseen.rules);
    else {
      compare(record, recorded, foreseen.answer);
      const asked = foreseen.answer.approval;
      if (foreseen.answer.decision === 'step_up' && asked !== null) asks.wouldAsk({ at: record.now, route: asked.route, quorum: asked.quorum, expiresInMs: asked.expiresInMs, requesters: requestersOf(record) });
    }
    if (waitsOn(record)) rounds.wait(record, waitingAs(record, foreseen.status === 'known' ? foreseen.answer : null, foreseen.status === 'unknown' ? foreseen.because : []));
  };

  return { add, seen, proof: proof.result, total, agents: agents.entries, tools: tools.entries, rules: rules.entries, carried, missing, examples: examples.of, unknowns: () => unknowns.of('unknown'), asks, votes, open: rounds.open, forgotten: rounds.forgotten };
};

export type Backtest = ReturnType<typeof createBacktest>;
