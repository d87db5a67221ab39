import type { Fact, GovernedDecided, Json } from '@countersign/contracts';
import type { CompiledBundle } from '../rules/compile.ts';
import type { Change } from './change.ts';

/** A decision that people can look up on the record. */
export interface Located { readonly run: string | null; readonly action: string; readonly round: number; readonly position: number; readonly at: number; readonly agent: string | null; readonly tool: string }

export interface Example extends Located {
  readonly before: { readonly decision: string; readonly tier: number };
  readonly after: { readonly decision: string; readonly tier: number };
  /** Rules that speak only in the draft, and only on the record. */
  readonly came: readonly string[]; readonly gone: readonly string[];
  /** What those rules read, as far as it is on the record. Text of agents: show it inert. */
  readonly facts: Readonly<Record<string, Json>>;
}

export const locate = (record: GovernedDecided): Located => ({ run: record.run, action: record.action, round: record.round, position: record.position, at: record.now, agent: record.agent, tool: record.tool });

const perKind = 20, perCause = 3, mostFacts = 8;

/** Keeps the first few of each kind, at most three for one tool and cause, so that one noisy rule does not hide the others. */
export const exampleKeeper = <T>() => {
  const kept = new Map<Change | 'unknown', T[]>();
  const seen = new Map<string, number>();
  return {
    offer: (kind: Change | 'unknown', cause: string, make: () => T): void => {
      const list = kept.get(kind) ?? [];
      if (list.length >= perKind) return;
      const key = `${kind}\n${cause}`;
      const count = seen.get(key) ?? 0;
      if (count >= perCause) return;
      seen.set(key, count + 1);
      list.push(make());
      kept.set(kind, list);
    },
    of: (kind: Change | 'unknown'): readonly T[] => kept.get(kind) ?? [],
  };
};

/** Values of the facts that rules read. */
export const factsReadBy = (bundles: readonly (CompiledBundle | undefined)[], ids: readonly string[], facts: Readonly<Record<string, Fact>>): Readonly<Record<string, Json>> => {
  const names = new Set(bundles.flatMap((bundle) => bundle?.rules ?? []).filter(({ id }) => ids.includes(id)).flatMap(({ when }) => when.uses));
  return Object.fromEntries([...names].filter((name) => Object.hasOwn(facts, name)).slice(0, mostFacts).map((name) => [name, facts[name]!.value]));
};
