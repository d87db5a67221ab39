import type { BundleSpec } from '../../core/rules/bundle.ts';
import type { CompiledBundle } from '../../core/rules/compile.ts';
import type { Counterexample } from '../types.ts';

/** What is no matter of facts: budgets, and what rules measure. `looser` puts the change into words; `undecided` may be looser. */
export const structuralChanges = (before: BundleSpec, after: BundleSpec, old: CompiledBundle, next: CompiledBundle): { readonly loosened: Counterexample[]; readonly tightened: Counterexample[]; readonly undecided: string[] } => {
  const undecided: string[] = [];
  const read = new Set([...old.rules, ...next.rules].flatMap(({ when, rewrites }) => [...when.uses, ...rewrites.flatMap(({ value }) => value.uses)]));
  const measures = [(before.context ?? {}) as Readonly<Record<string, unknown>>, (after.context ?? {}) as Readonly<Record<string, unknown>>] as const;
  for (const name of Object.keys(measures[0])) if (read.has(`context.${name}`) && Object.hasOwn(measures[1], name) && different(measures[0][name], measures[1][name])) undecided.push(`context.${name} is measured otherwise: rules that read it may be looser`);
  if (different(before.sensitivity, after.sensitivity) && (read.has('tool.sensitivity') || read.has('run.sensitivity'))) undecided.push('data classes are ordered otherwise: rules that read their sensitivity may be looser');
  for (const field of new Set([...Object.keys(before), ...Object.keys(after)])) {
    if (!compared.has(field) && different(before[field as keyof BundleSpec], after[field as keyof BundleSpec])) undecided.push(`${field} changed: it may be looser`);
  }
  return { loosened: budgets(before, after), tightened: budgets(after, before).map(({ says }) => told(says.replace(/was (.*), is (.*)$/, 'was $2, is $1'))), undecided };
};

/** What the comparison of decisions covers, or what decides nothing. */
const compared: ReadonlySet<string> = new Set(['version', 'description', 'owner', 'parameters', 'facts', 'permit', 'neverAutomate', 'approval', 'senior', 'budget', 'context', 'sensitivity', 'matrix', 'awaited', 'rules']);
const different = (a: unknown, b: unknown): boolean => JSON.stringify(a) !== JSON.stringify(b);
const told = (says: string): Counterexample => ({ tool: null, facts: null, says, old: null, new: null });

const budgets = (before: BundleSpec, after: BundleSpec): Counterexample[] => {
  const [was, is] = [before.budget ?? {}, after.budget ?? {}];
  const found: Counterexample[] = [];
  for (const name of ['calls', 'tokens', 'depth', 'fanOut'] as const) {
    if (was[name] !== undefined && (is[name] === undefined || is[name] > was[name])) found.push(told(`what a run may use of ${name} was ${was[name]}, is ${is[name] ?? 'unlimited'}`));
  }
  const money = ({ minor, currency }: { readonly minor: number; readonly currency: string }): string => `${minor} ${currency} (minor units)`;
  if (was.money !== undefined && (is.money === undefined || is.money.currency !== was.money.currency || is.money.minor > was.money.minor)) found.push(told(`what a run may spend was ${money(was.money)}, is ${is.money === undefined ? 'unlimited' : money(is.money)}`));
  return found;
};
