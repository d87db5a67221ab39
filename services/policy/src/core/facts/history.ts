import type { Fact } from '@countersign/contracts';
import type { Result, Value } from '../cel/value.ts';
import { drifted, noPast } from '../past.ts';
import type { Past } from '../past.ts';
import type { FactInput } from './derive.ts';
import { distanceOf } from './distance.ts';
import { changeFacts, changeOf } from './change.ts';
import { noEvidence } from './evidence.ts';
import { measure } from './measures.ts';
import type { MeasureSpec } from './measures.ts';

type Facts = Readonly<Record<string, Fact>>;

/** A fact that is made only for tools of which some rule reads it. */
export interface ContextFact { readonly name: string; readonly read: (input: FactInput, facts: Facts, own: Readonly<Record<string, Value>>) => Result }

const empty = noPast();
const pastOf = (input: FactInput): Past => input.run.past ?? empty;
const granted = (past: Past): string[] => [...past.tools.values()].filter((use) => use.granted > 0).map((use) => use.tool);

/** Facts about the run's past, by name (`facts/names.ts` says what each means). */
const readers: Readonly<Record<string, ContextFact['read']>> = {
  'act.distance': (_, facts) => distanceOf(facts),
  'run.drift': (input, facts) => {
    const { drift } = pastOf(input);
    const counts = input.tool.snapshot.consequential && (input.round ?? 1) === 1;
    return Math.round(counts ? drifted(drift, distanceOf(facts)) : drift);
  },
  'run.consequential': (input) => pastOf(input).consequential,
  'run.tokens': (input) => pastOf(input).tokens,
  'run.open': (input) => pastOf(input).open,
  'run.depth': (input) => pastOf(input).depth,
  'run.seconds': (input) => Math.max(0, Math.floor((input.now - pastOf(input).startedAt) / 1000)),
  'run.tools': (input) => granted(pastOf(input)),
  'run.previous': (input) => pastOf(input).acts.findLast((act) => !act.denied)?.use.tool ?? '',
};

/** What evidence facts say without evidence; with it they are made for every tool. */
const withoutEvidence: Readonly<Record<string, ContextFact['read']>> = Object.fromEntries(Object.entries(noEvidence).map(([name, value]) => [name, () => value as Value]));

const changes = new WeakMap<object, ReturnType<typeof changeOf>>();
/** Looked up once for all facts of one decision. */
const changeIn = (own: Readonly<Record<string, Value>>, graph: FactInput['graph']): ReturnType<typeof changeOf> => {
  if (!changes.has(own)) changes.set(own, changeOf(own, graph));
  return changes.get(own);
};
const aboutChange: Readonly<Record<string, ContextFact['read']>> = Object.fromEntries(Object.entries(changeFacts).map(([name, of]) => [name, (input, _, own) => of(changeIn(own, input.graph))]));

/** Names of the facts that are made on demand, whatever the bundle. */
export const contextNames: readonly string[] = Object.keys(readers);

/** 1 for the least sensitive class of the list; the highest for a class that is not on it, and where a tool names none. */
const rankOf = (order: readonly string[], classes: readonly string[]): number =>
  (classes.length === 0 ? order.length : Math.max(...classes.map((name) => order.indexOf(name) + 1 || order.length)));

const sensitivity = (order: readonly string[]): Readonly<Record<string, ContextFact['read']>> => ({
  'tool.sensitivity': (input) => rankOf(order, input.tool.snapshot.dataClasses),
  'run.sensitivity': (input) => {
    if (pastOf(input).unclassified) return order.length;
    return input.run.dataTouched.length === 0 ? 0 : rankOf(order, input.run.dataTouched);
  },
});

/** Every fact on demand that a bundle's rules may read: the fixed ones, sensitivity where it orders data classes, and its own measures. */
export const contextFacts = (spec: { readonly context?: Readonly<Record<string, MeasureSpec>> | undefined; readonly sensitivity?: readonly string[] | undefined }): ReadonlyMap<string, ContextFact> => {
  const all = new Map<string, ContextFact>();
  const add = (found: Readonly<Record<string, ContextFact['read']>>): void => { for (const name in found) all.set(name, { name, read: found[name]! }); };
  add(readers);
  add(withoutEvidence);
  add(aboutChange);
  if (spec.sensitivity !== undefined) add(sensitivity(spec.sensitivity));
  for (const [name, measured] of Object.entries(spec.context ?? {})) {
    const value = measure(measured);
    all.set(`context.${name}`, { name: `context.${name}`, read: (input) => value(pastOf(input), input.now) as Value });
  }
  return all;
};
