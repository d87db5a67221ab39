import { moneyText } from '@countersign/kernel';
import type { BundleSpec } from '../../core/rules/bundle.ts';
import { linesOf } from '../../core/rules/matrix-shape.ts';
import type { CompiledBundle } from '../../core/rules/compile.ts';
import type { Counterexample } from '../types.ts';

/** What is no matter of facts: budgets, who supplies what, and what rules and matrix measure. `looser` puts the change into words; `undecided` may be looser. */
export const structuralChanges = (before: BundleSpec, after: BundleSpec, old: CompiledBundle, next: CompiledBundle): { readonly loosened: Counterexample[]; readonly tightened: Counterexample[]; readonly undecided: string[] } => {
  const undecided: string[] = [];
  const [was, is] = [readBy(before, old), readBy(after, next)];
  // What only one version reads, the comparison of decisions tries with every value.
  const both = (name: string): boolean => was.has(name) && is.has(name);
  const measures = [(before.context ?? {}) as Readonly<Record<string, unknown>>, (after.context ?? {}) as Readonly<Record<string, unknown>>] as const;
  for (const name of new Set(measures.flatMap(Object.keys))) if (both(`context.${name}`) && different(measures[0][name], measures[1][name])) undecided.push(`context.${name} is measured otherwise: what reads it may be looser`);
  if (different(before.sensitivity, after.sensitivity) && (both('tool.sensitivity') || both('run.sensitivity'))) undecided.push('data classes are ordered otherwise: what reads their sensitivity may be looser');
  for (const fact of new Set([...old.awaited.keys(), ...next.awaited.keys()])) {
    const [one, other] = [old.awaited.get(fact), next.awaited.get(fact)];
    if (one === undefined || other === undefined ? both(fact) : (one.withinMs === null) !== (other.withinMs === null)) undecided.push(`awaited.${fact} changed: what reads it may be looser`);
  }
  for (const field of new Set([...Object.keys(before), ...Object.keys(after)])) {
    if (!compared.has(field) && different(before[field as keyof BundleSpec], after[field as keyof BundleSpec])) undecided.push(`${changesIn(field, before[field as keyof BundleSpec], after[field as keyof BundleSpec]).join('; ')}: it may be looser`);
  }
  const tightened = [...budgets(after, before), ...supplied(next, old)].map(({ says }) => told(says.replace(/was (.*), is (.*)$/, 'was $2, is $1')));
  return { loosened: [...budgets(before, after), ...supplied(old, next)], tightened, undecided };
};

/** Facts that rules, rewrites and lines of the matrix read, and those that others owe. */
const readBy = ({ matrix = {} }: BundleSpec, { rules, awaited }: CompiledBundle): ReadonlySet<string> =>
  new Set([...rules.flatMap(({ when, rewrites }) => [...when.uses, ...rewrites.flatMap(({ value }) => value.uses)]), ...Object.values(matrix).flatMap((lines) => linesOf(lines).map(({ fact }) => fact)), ...awaited.keys()]);

/** Who may supply a fact that actions wait for, and for how long it may come. */
const supplied = (old: CompiledBundle, next: CompiledBundle): Counterexample[] => [...old.awaited.values()].flatMap((was) => {
  const is = next.awaited.get(was.fact);
  if (is === undefined) return [];
  const found: Counterexample[] = [];
  if (is.from.some((role) => !was.from.includes(role))) found.push(told(`who may supply ${was.fact} was ${was.from.join(' or ')}, is ${is.from.join(' or ')}`));
  if (was.withinMs !== null && is.withinMs !== null && is.withinMs > was.withinMs) found.push(told(`how many seconds ${was.fact} may take was ${was.withinMs / 1_000}, is ${is.withinMs / 1_000}`));
  return found;
});

/** What the comparison of decisions covers, or what decides nothing. */
const compared: ReadonlySet<string> = new Set(['version', 'description', 'owner', 'parameters', 'facts', 'permit', 'neverAutomate', 'approval', 'senior', 'budget', 'context', 'sensitivity', 'matrix', 'awaited', 'rules']);
const different = (a: unknown, b: unknown): boolean => JSON.stringify(a) !== JSON.stringify(b);
/** Every member of two values that differs, by its path: `people.breakGlass.people was 2, is 1`. */
const changesIn = (path: string, was: unknown, is: unknown): readonly string[] => {
  const maps = [was, is].every((one) => typeof one === 'object' && one !== null && !Array.isArray(one));
  if (!maps) return different(was, is) ? [`${path} was ${shortly(was)}, is ${shortly(is)}`] : [];
  const [before, after] = [was, is] as readonly Readonly<Record<string, unknown>>[];
  return [...new Set([...Object.keys(before!), ...Object.keys(after!)])].flatMap((name) => changesIn(`${path}.${name}`, before![name], after![name]));
};
const shortly = (value: unknown): string => (value === undefined ? 'nothing' : JSON.stringify(value).slice(0, 120));
const told = (says: string): Counterexample => ({ tool: null, facts: null, says, old: null, new: null });

const budgets = (before: BundleSpec, after: BundleSpec): Counterexample[] => {
  const [was, is] = [before.budget ?? {}, after.budget ?? {}];
  const found: Counterexample[] = [];
  for (const name of ['calls', 'tokens', 'depth', 'fanOut'] as const) {
    if (was[name] !== undefined && (is[name] === undefined || is[name] > was[name])) found.push(told(`what a run may use of ${name} was ${was[name]}, is ${is[name] ?? 'unlimited'}`));
  }
  if (was.money !== undefined && (is.money === undefined || is.money.currency !== was.money.currency || is.money.minor > was.money.minor)) found.push(told(`what a run may spend was ${moneyText(was.money)}, is ${is.money === undefined ? 'unlimited' : moneyText(is.money)}`));
  return found;
};
