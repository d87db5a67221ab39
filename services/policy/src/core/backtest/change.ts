import type { Decision, Tier } from '@countersign/contracts';

/** What a decision comes to, from free to forbidden (DESIGN 7.4). An act that people approved keeps the tier at which they were asked. */
export const grades = ['1', '2', '3', 'defer', '4', 'deny'] as const;
export type Grade = (typeof grades)[number];

export const gradeOf = ({ decision, tier }: { readonly decision: Decision['decision']; readonly tier: Tier }): Grade =>
  (decision === 'deny' ? 'deny' : tier === 4 ? '4' : decision === 'defer' ? 'defer' : `${tier}`);

/** How a draft's answer differs from the recorded decision, by what it means for those who work with it. */
export const changes = ['newlyBlocked', 'newlyAsked', 'newlyDeferred', 'newlyModified', 'raised', 'newlyAllowed', 'noLongerDenied', 'noLongerModified', 'lowered', 'otherRules', 'same'] as const;
export type Change = (typeof changes)[number];

/** What makes something possible, or possible with fewer people. */
export const loosening: ReadonlySet<Change> = new Set(['newlyAllowed', 'noLongerDenied', 'noLongerModified', 'lowered']);
export const tightening: ReadonlySet<Change> = new Set(['newlyBlocked', 'newlyAsked', 'newlyDeferred', 'newlyModified', 'raised']);

interface Decided { readonly decision: Decision['decision']; readonly tier: Tier; readonly rules: readonly { readonly id: string; readonly tier: Tier | null; readonly decision: Decision['decision'] | null }[] }

const runs = (decision: Decision['decision']): boolean => decision === 'allow' || decision === 'modify';

export const changeOf = (before: Decided, after: Decided): Change => {
  const [was, is] = [grades.indexOf(gradeOf(before)), grades.indexOf(gradeOf(after))];
  if (is > was) {
    if (after.decision === 'deny') return 'newlyBlocked';
    if (!runs(before.decision)) return 'raised';
    return after.decision === 'step_up' ? 'newlyAsked' : after.decision === 'defer' ? 'newlyDeferred' : 'raised';
  }
  if (is < was) {
    if (runs(after.decision) && !runs(before.decision)) return 'newlyAllowed';
    return before.decision === 'deny' ? 'noLongerDenied' : 'lowered';
  }
  if (before.decision !== after.decision) {
    if (!runs(after.decision)) return 'newlyAsked';
    return !runs(before.decision) ? 'newlyAllowed' : after.decision === 'modify' ? 'newlyModified' : 'noLongerModified';
  }
  return sameIds(before.rules, after.rules) ? 'same' : 'otherRules';
};

const sameIds = (a: Decided['rules'], b: Decided['rules']): boolean =>
  a.length === b.length && a.every((one, i) => one.id === b[i]!.id && one.tier === b[i]!.tier && one.decision === b[i]!.decision);

/** Rules that speak only on one side, or speak differently: to them a change is put down. */
export const rulesBehind = (before: Decided['rules'], after: Decided['rules']): { readonly gone: readonly string[]; readonly came: readonly string[] } => {
  const without = (some: Decided['rules'], others: Decided['rules']): string[] =>
    some.filter((one) => !others.some((other) => other.id === one.id && other.tier === one.tier && other.decision === one.decision)).map(({ id }) => id);
  return { gone: without(before, after), came: without(after, before) };
};
