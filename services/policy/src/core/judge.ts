import type { Wider } from './budgets.ts';
import type { Value } from './cel/value.ts';
import { moneyFrom, moneyIn } from './facts/amount.ts';
import { deriveFacts } from './facts/derive.ts';
import type { RunFacts } from './facts/derive.ts';
import { emptyContext, withHandoff, withInstruction, withResult } from './facts/context.ts';
import type { RunContext } from './facts/context.ts';
import type { CompiledBundle, CompiledTool } from './rules/compile.ts';
import { evaluateRules } from './rules/evaluate.ts';
import type { FailedFact, Folding, Judgement, Question } from './world.ts';

/** Facts, then rules: what a bundle says about one proposal. Facts that services supplied stand beside the derived ones and replace none that failed because of the arguments. */
export const judgeWith = (bundle: CompiledBundle) => (question: Question<CompiledTool>): Judgement => {
  const { facts: derived, failed: all } = deriveFacts({ ...question, run: question.run as RunFacts, context: bundle.index(question.tool.name).context, evidenceMaxAgeMs: bundle.evidence.maxAgeMs });
  const { supplied } = question;
  const facts = supplied === null ? derived : { ...derived, ...supplied };
  const failed = bounded(supplied === null ? all : all.filter(({ fact, byArguments }) => byArguments || !(fact in supplied)));
  return { facts, failed, verdict: evaluateRules(bundle, question.tool, facts, failed), money: moneyFrom(facts['amount']?.value, facts['currency']?.value) };
};

/** Reasons stand on the record and rules quote them: cut before the rules see them, so that the record reproduces the decision. */
const bounded = (failed: readonly FailedFact[]): readonly FailedFact[] =>
  (failed.some(({ why }) => why.length > longestWhy || !why.isWellFormed()) ? failed.map((one) => ({ ...one, why: one.why.slice(0, longestWhy).toWellFormed() })) : failed);
const longestWhy = 300;

/** A bundle's budgets wider than a run; what they have leased is for the partition to say. */
export const widerWith = (bundle: CompiledBundle): Wider | undefined => (bundle.budgets.length === 0 ? undefined : {
  budgets: bundle.budgets, leased: () => 0, money: (tool, args) => moneyIn(tool as CompiledTool, args as Value),
});

/** How the provenance index folds; `tool` finds the catalogue's entry. */
export const foldingWith = (tool: (name: string) => CompiledTool | undefined): Folding<CompiledTool> => ({
  tool, emptyContext,
  withInstruction: (context, text) => withInstruction(context as RunContext, text),
  withHandoff: (context, text) => withHandoff(context as RunContext, text),
  withResult: (context, result) => withResult(context as RunContext, result),
});
