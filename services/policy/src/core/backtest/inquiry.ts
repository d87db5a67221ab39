import type { Fact, GovernedDecided, ToolSnapshot } from '@countersign/contracts';
import { evaluateRules } from '../rules/evaluate.ts';
import type { Verdict } from '../rules/evaluate.ts';
import type { CompiledBundle, CompiledTool } from '../rules/compile.ts';
import { stricterOf } from '../stricter.ts';
import type { FailedFact } from '../world.ts';

/** What rules were asked about one recorded decision: all of it stands on the record. */
export interface Inquiry { readonly tool: CompiledTool; readonly facts: Readonly<Record<string, Fact>>; readonly failed: readonly FailedFact[]; /** Where rules changed the arguments: what they saw before. */ readonly proposed?: Pick<Inquiry, 'facts' | 'failed'> }

const none: readonly FailedFact[] = [];

/**
 * Reads a record as the question that the rules answered; null where the record says that they were never asked: denied for
 * identity, halt, deadline, arguments, because people said no, … Such a record has neither facts nor rules.
 */
export const inquiryOf = (record: GovernedDecided): Inquiry | null => {
  const { facts } = record;
  if (record.decision.decision === 'deny' && record.decision.rules.length === 0 && isEmpty(facts)) return null;
  return { tool: toolOf(record.tool, facts['tool.consequential']?.value !== false, facts['tool.reversible']?.value === true), facts, failed: record.failed ?? none, ...(record.modified !== undefined && { proposed: { facts: record.modified.proposedFacts, failed: record.modified.proposedFailed ?? none } }) };
};

/** The rules' answer to the same question; of changed arguments the stricter of both answers, as when it was decided (core/modify.ts). */
export const judgeAgain = (bundle: CompiledBundle, { tool, facts, failed, proposed }: Inquiry): Verdict => {
  const verdict = evaluateRules(bundle, tool, facts, failed);
  if (proposed === undefined) return verdict;
  const first = evaluateRules(bundle, tool, proposed.facts, proposed.failed);
  const stricter = stricterOf(first, verdict);
  return { ...stricter, claim: first.claim || verdict.claim };
};

const isEmpty = (facts: object): boolean => {
  for (const _ in facts) return false;
  return true;
};

const tools = new Map<string, CompiledTool>();
const mostTools = 20_000;

/** As much of the tool as rules look at beside the facts. */
const toolOf = (name: string, consequential: boolean, reversible: boolean): CompiledTool => {
  const key = `${consequential ? 'c' : ''}${reversible ? 'r' : ''}/${name}`;
  let tool = tools.get(key);
  if (tool === undefined) {
    tool = { name, snapshot: { tool: name, consequential, reversible } as ToolSnapshot, extractors: [] };
    if (tools.size < mostTools) tools.set(key, tool);
  }
  return tool;
};
