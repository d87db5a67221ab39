import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { fault, keyOf, next, opened, steps } from './action-approval-run.model.ts';
import type { Deed, Model, Step } from './action-approval-run.model.ts';

/** Everything that can happen from a beginning, each state once, up to a depth. Answers what was seen, and the shortest history that breaks a promise. */
const explore = (from: Model, depth: number): { readonly states: number; readonly claimed: number; readonly cancelled: number; readonly broken: readonly Step[] | null; readonly why: string | null } => {
  const seen = new Set([keyOf(from)]);
  let edge: { readonly state: Model; readonly history: readonly Step[] }[] = [{ state: from, history: [] }];
  let claimed = 0, cancelled = 0;
  for (let level = 0; level < depth && edge.length > 0; level++) {
    const further: typeof edge = [];
    for (const { state, history } of edge) {
      for (const step of steps) {
        const after = next(state, step);
        if (after === undefined) continue;
        const why = fault(state, after);
        if (why !== null) return { states: seen.size, claimed, cancelled, broken: [...history, step], why };
        const key = keyOf(after);
        if (seen.has(key)) continue;
        seen.add(key);
        if (after.claims.length > 0) claimed++;
        if (after.cancelWon) cancelled++;
        further.push({ state: after, history: [...history, step] });
      }
    }
    edge = further;
  }
  return { states: seen.size, claimed, cancelled, broken: null, why: null };
};

/** Each set of deeds in every interleaving with each other and with every delivery. */
const scenes: readonly (readonly [string, Partial<Record<Deed, number>>, number])[] = [
  ['approve × approve × claim × cancel', { 'tom approves': 1, 'tina approves': 1, claim: 2, 'operator cancels': 1 }, 16],
  ['approve × deny × expire', { 'tom approves': 2, 'tina approves': 1, 'tina denies': 1, 'time passes': 1, claim: 1 }, 14],
  ['approve × halt × lift × claim', { 'tom approves': 1, 'tina approves': 1, halt: 1, lift: 1, claim: 2 }, 14],
  ['approve × policy change × duplicates', { 'tom approves': 1, 'tina approves': 1, 'rules forbid': 1, duplicate: 1, claim: 1 }, 14],
  ['approve × change of what would run', { 'tom approves': 2, 'tina approves': 2, 'rules rewrite': 1, claim: 1 }, 13],
  ['approve × cancel by the runtime × late outcome × reading again', { 'tom approves': 1, 'tina approves': 1, 'runtime cancels': 1, 'late outcome': 1, reread: 1, claim: 1 }, 13],
  ['everything once', { 'tom approves': 1, 'tina approves': 1, 'tina denies': 1, 'time passes': 1, 'operator cancels': 1, 'runtime cancels': 1, halt: 1, 'rules forbid': 1, 'rules rewrite': 1, duplicate: 1, claim: 1 }, 7],
  ['both cancel × duplicates', { 'tom approves': 1, 'tina approves': 1, 'operator cancels': 1, 'runtime cancels': 1, duplicate: 1, claim: 1 }, 12],
];

describe('one action, its approval and its run', () => {
  it.each(scenes)('%s: every interleaving keeps every promise', (_, left, depth) => {
    const found = explore(opened(left), depth);
    if (process.env['CS_TEST_STATES'] !== undefined) process.stderr.write(`${found.states} states\n`);
    expect([found.why, found.broken]).toEqual([null, null]);
    // The exploration got to where it matters.
    expect(found.claimed).toBeGreaterThan(0);
    if (left['operator cancels'] !== undefined) expect(found.cancelled).toBeGreaterThan(0);
  });

  it('everything at once, at random', () => {
    const all: Record<Deed, number> = { 'tom approves': 3, 'tina approves': 3, 'tina denies': 1, 'time passes': 1, 'operator cancels': 1, 'runtime cancels': 1, halt: 1, lift: 1, 'rules forbid': 1, 'rules rewrite': 1, 'late outcome': 1, duplicate: 3, reread: 2, claim: 4 };
    const always: readonly Deed[] = ['tom approves', 'tina approves', 'claim', 'duplicate', 'reread'];
    let claimed = 0, cancelled = 0;
    fc.assert(fc.property(fc.subarray(Object.keys(all) as Deed[]), fc.array(fc.nat(steps.length - 1), { minLength: 30, maxLength: 60 }), (deeds, picks) => {
      let state = opened(Object.fromEntries([...always, ...deeds].map((deed) => [deed, all[deed]])));
      for (const pick of picks) {
        // What cannot happen now gives way to the next that can.
        const found = [...steps.slice(pick), ...steps.slice(0, pick)].map((step) => next(state, step)).find((after) => after !== undefined);
        if (found === undefined) break;
        expect(fault(state, found)).toBeNull();
        state = found;
      }
      if (state.claims.length > 0) claimed++;
      if (state.cancelWon) cancelled++;
    }), { seed: 20261121, numRuns: 600 });
    expect([claimed > 30, cancelled > 30]).toEqual([true, true]);
  });

  it('the promises can be broken: a claim that does not look at the row is found at once', () => {
    const before = { ...opened({ claim: 1 }), cancelWon: true };
    expect(fault(before, { ...before, claims: ['c1'] })).toBe('claimed after a cancel had won');
    expect(fault({ ...before, cancelWon: false, claims: ['c1'] }, { ...before, cancelWon: false, claims: ['c1', 'c2'] })).toBe('two claims of one action: two executions');
  });
});
