import type { HaltNotice, HaltScope } from '@countersign/contracts';

/**
 * Halts and their lifts are two grow-only sets of ids: merging what came over different paths, in any order, any number of times, gives the same answer.
 * A lift ends its own halt only; it can come before it.
 */
export interface Halts {
  readonly halts: ReadonlyMap<string, HaltNotice>;
  readonly lifted: ReadonlyMap<string, HaltNotice>;
}

export const noHalts: Halts = { halts: new Map(), lifted: new Map() };

/** Adds one notice; the same notice again changes nothing, and a second notice of the same id never replaces the first. */
export const merge = (known: Halts, notice: HaltNotice): Halts => {
  const set = notice.op === 'halt' ? known.halts : known.lifted;
  if (set.has(notice.halt)) return known;
  const grown = new Map(set).set(notice.halt, notice);
  return notice.op === 'halt' ? { ...known, halts: grown } : { ...known, lifted: grown };
};

/** What an action could be stopped by. */
export interface Subject {
  readonly tenant: string;
  readonly agent: string;
  readonly tool: string;
  readonly run: string;
}

export const covers = (scope: HaltScope, tenant: string, subject: Subject): boolean => {
  if (scope.kind === 'everything') return true;
  if (tenant !== subject.tenant) return false;
  return scope.kind === 'tenant' ? scope.id === subject.tenant : scope.id === subject[scope.kind];
};

/** The halts in force, oldest first. */
export const inForce = (known: Halts): readonly HaltNotice[] =>
  [...known.halts.values()].filter((notice) => !known.lifted.has(notice.halt)).sort((a, b) => a.at - b.at || (a.halt < b.halt ? -1 : 1));

/** The halt that stops this action now, if any. */
export const stoppedBy = (known: Halts, subject: Subject): HaltNotice | undefined =>
  inForce(known).find((notice) => covers(notice.scope, notice.tenant, subject));
