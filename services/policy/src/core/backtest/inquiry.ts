import type { Decision, Fact, GovernedDecided, JsonObject, ToolSnapshot } from '@countersign/contracts';
import { withCandidate } from '../bundles/beside.ts';
import { applyRewrites } from '../modify.ts';
import { evaluateRules } from '../rules/evaluate.ts';
import type { CompiledBundle, CompiledTool } from '../rules/compile.ts';
import { stricterOf } from '../stricter.ts';
import type { FailedFact, Verdict } from '../world.ts';

/** What rules were asked about one recorded decision: all of it stands on the record. */
export interface Inquiry { readonly tool: CompiledTool; readonly facts: Readonly<Record<string, Fact>>; readonly failed: readonly FailedFact[]; /** Facts that are not on the record, as if they had failed. */ readonly missing?: readonly FailedFact[] }

/** What rules say on facts. */
export type Judge = (inquiry: Inquiry) => Verdict;

/**
 * What rules come to on a record, as the service does it. `arguments`: what may be executed. `fault`: rules wanted changes that cannot be made.
 * `otherArguments`: they want other changes than were made, and the facts of those arguments are not on the record.
 */
export type Ruled =
  | { readonly status: 'ruled'; readonly verdict: Verdict; readonly fault: 'rewrite_invalid' | 'rewrite_unstable' | null }
  | { readonly status: 'otherArguments'; readonly verdict: Verdict; readonly arguments: JsonObject };

const none: readonly FailedFact[] = [];

/**
 * Reads a record as the question that the rules answered; null where the record says that they were never asked: denied for
 * identity, halt, deadline, arguments, because people said no, … Such a record has neither facts nor rules.
 */
export const inquiryOf = (record: GovernedDecided): Inquiry | null => {
  const { facts } = record;
  if (record.decision.decision === 'deny' && record.decision.rules.length === 0 && isEmpty(facts)) return null;
  return { tool: toolOf(record.tool, facts['tool.consequential']?.value !== false, facts['tool.reversible']?.value === true), facts, failed: record.failed ?? none };
};

const isEmpty = (facts: object): boolean => {
  for (const _ in facts) return false;
  return true;
};

/** @param canary the version beside it, where that counted */
export const judgeBy = (bundle: CompiledBundle, canary?: CompiledBundle): Judge => ({ tool, facts, missing, ...inquiry }) => {
  const failed = missing === undefined ? inquiry.failed : [...inquiry.failed, ...missing];
  const verdict = evaluateRules(bundle, tool, facts, failed);
  return canary === undefined ? verdict : withCandidate(verdict, evaluateRules(canary, tool, facts, failed));
};

/** Rules on the arguments as proposed and, where they change them, on the changed ones as well: the stricter holds (core/modify.ts). */
export const ruleOn = (record: GovernedDecided, inquiry: Inquiry, judge: Judge): Ruled => {
  const ruled = ruleOnArguments(record, inquiry, judge);
  // What people edited runs as changed arguments, whatever rules change.
  return record.edited !== undefined && ruled.status === 'ruled' && ruled.verdict.decision === 'allow' ? { ...ruled, verdict: { ...ruled.verdict, decision: 'modify' } } : ruled;
};

const ruleOnArguments = (record: GovernedDecided, inquiry: Inquiry, judge: Judge): Ruled => {
  const { modified } = record;
  const message = record.edited ?? record.message;
  const first = judge(modified === undefined ? inquiry : { ...inquiry, facts: modified.proposedFacts, failed: modified.proposedFailed ?? none });
  const rewrites = first.modify ?? null;
  if (rewrites === null) return { status: 'ruled', verdict: first, fault: null };
  const applied = applyRewrites(message.arguments, rewrites, noDigest);
  if (!applied.ok) return { status: 'ruled', verdict: first, fault: 'rewrite_invalid' };
  if (applied.changes.length === 0) return { status: 'ruled', verdict: first.decision === 'modify' ? { ...first, decision: 'allow' } : first, fault: null };
  if (modified === undefined || JSON.stringify(modified.arguments) !== JSON.stringify(applied.arguments)) return { status: 'otherArguments', verdict: first, arguments: applied.arguments };
  const second = judge(inquiry);
  const again = applyRewrites(applied.arguments, second.modify ?? [], noDigest);
  if (!again.ok || again.changes.length > 0) return { status: 'ruled', verdict: second, fault: 'rewrite_unstable' };
  return { status: 'ruled', verdict: stricterOf(first, second), fault: null };
};

const noDigest = (): string => '';

/** An action that waits for others of its run waits whatever the rules say, but for a deny and for people who must decide at tier 4. */
export const standingDecision = (record: GovernedDecided, { decision, tier }: Pick<Verdict, 'decision' | 'tier'>): Decision['decision'] =>
  ((record.decision.deferral?.dependsOn.length ?? 0) > 0 && decision !== 'deny' && !(decision === 'step_up' && tier === 4) ? 'defer' : decision);

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
