import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { keyOf, next, opened, steps } from './action-approval-run.model.ts';
import type { Step } from './action-approval-run.model.ts';
import { fault } from './action-approval-run.promises.ts';
import { deeds, real } from './action-approval-run.services.ts';
import type { Code, Deed, Model } from './action-approval-run.services.ts';

interface Found { readonly states: number; readonly reached: { readonly claimed: number; readonly cancelled: number; readonly beforehand: number; readonly trials: number }; readonly broken: readonly Step[] | null; readonly why: string | null }

/** What was reached of what matters: an exploration that never gets there proves nothing. */
const noting = () => {
  const reached = { claimed: 0, cancelled: 0, beforehand: 0, trials: 0 };
  return { reached, note: (m: Model): void => {
    if (m.claims.length > 0) reached.claimed++;
    if (m.cancelWon) reached.cancelled++;
    if (m.approvals.agreed.some(({ type }) => type === 'pre_approval_used')) reached.beforehand++;
    if (m.supervision.breaker.some(({ type }) => type === 'breaker_trial_full')) reached.trials++;
  } };
};

/** Everything that can happen from a beginning, each state once, up to a depth. Answers what was seen, and the shortest history that breaks a promise. */
const explore = (from: Model, depth: number, code: Code = real): Found => {
  const seen = new Set([keyOf(from)]);
  let edge: { readonly state: Model; readonly history: readonly Step[] }[] = [{ state: from, history: [] }];
  const { reached, note } = noting();
  for (let level = 0; level < depth && edge.length > 0; level++) {
    const further: typeof edge = [];
    for (const { state, history } of edge) {
      for (const step of steps) {
        const after = next(state, step, code);
        if (after === undefined) continue;
        const why = fault(state, after, step);
        if (why !== null) return { states: seen.size, reached, broken: [...history, step], why };
        const key = keyOf(after);
        if (seen.has(key)) continue;
        seen.add(key);
        note(after);
        further.push({ state: after, history: [...history, step] });
      }
    }
    edge = further;
  }
  return { states: seen.size, reached, broken: null, why: null };
};
const after = (from: Model, history: readonly Step[]): Model => history.reduce((m, step) => next(m, step)!, from);

/** Each set of deeds in every interleaving with each other and with every delivery. */
const scenes: readonly (readonly [string, Partial<Record<Deed, number>>, number])[] = [
  ['approve × approve × claim × cancel', { 'tom approves': 1, 'tina approves': 1, claim: 2, 'operator cancels': 1 }, 16],
  ['approve × deny × expire', { 'tom approves': 2, 'tina approves': 1, 'tina denies': 1, 'time passes': 1, claim: 1 }, 14],
  ['approve × halt × lift × claim', { 'tom approves': 1, 'tina approves': 1, halt: 1, lift: 1, claim: 2 }, 14],
  ['approve × policy change × duplicates', { 'tom approves': 1, 'tina approves': 1, 'rules forbid': 1, duplicate: 1, claim: 1 }, 14],
  ['approve × change of what would run', { 'tom approves': 2, 'tina approves': 2, 'rules rewrite': 1, claim: 1 }, 13],
  ['approve × cancel by the runtime × late outcome × reading again', { 'tom approves': 1, 'tina approves': 1, 'runtime cancels': 1, 'late outcome': 1, reread: 1, claim: 1 }, 13],
  ['everything once', { 'tom approves': 1, 'tina approves': 1, 'tina denies': 1, 'time passes': 1, 'operator cancels': 1, 'runtime cancels': 1, halt: 1, 'rules forbid': 1, 'rules rewrite': 1, duplicate: 1, claim: 1 }, 7],
  ['edit × approve × cancel', { 'tina edits': 1, 'tom approves': 2, 'tina approves': 1, 'tim approves': 1, 'operator cancels': 1, claim: 1 }, 11],
  ['both cancel × duplicates', { 'tom approves': 1, 'tina approves': 1, 'operator cancels': 1, 'runtime cancels': 1, duplicate: 1, claim: 1 }, 12],
];

const both = ['tom', 'tina'];
const twoInstances = opened({ 'another action': 1, 'approvals read one': 2, 'tom revokes': 1, 'another instance looks': 1, 'another instance writes': 1, claim: 1 }, { agreed: both, terms: { uses: 1 } });
const threeActions = opened({ 'another action': 2, 'tom revokes': 1, 'half a minute passes': 1, reread: 1, claim: 1 }, { agreed: both });
/** The first call has failed and the breaker is open. */
const tripping = ['supervision reads', 'claim', 'what was claimed fails', 'policy hears the runtime', 'supervision reads', 'supervision sweeps'] as const;
const tripped = after(opened({ claim: 3, 'what was claimed fails': 2, 'what was claimed works': 1, 'another action': 2, 'time passes': 1, 'supervision sweeps': 3, 'supervision dies sweeping': 1 }, { rules: 'allow' }), tripping);
const more: readonly (readonly [string, Model, number, keyof Found['reached']])[] = [
  ['agreed beforehand × another action × another instance × revoke', twoInstances, 10, 'beforehand'],
  ['agreed beforehand × three actions × revoke × its end × reading again', threeActions, 7, 'beforehand'],
  ['agreed beforehand while it is asked × votes × halt', opened({ 'tom agrees beforehand': 1, 'tina agrees beforehand': 1, 'another action': 1, 'tom approves': 1, 'tina approves': 1, halt: 1, claim: 1 }), 8, 'beforehand'],
  ['a breaker that opened × trial × sweeps that die × late halts', tripped, 9, 'trials'],
];

/** What each promise needs of the code: without it the exploration finds the history that breaks it. */
const mutants: readonly (readonly [string, Model, Partial<Code>, string])[] = [
  ['a revocation is overlooked', threeActions, { answeredBefore: (pre, ...rest) => real.answeredBefore({ ...pre, revokedBy: null }, ...rest) }, 'a pre-approval was used after it was revoked'],
  ['its end is overlooked by approvals', threeActions, { answeredBefore: (pre, ...rest) => real.answeredBefore({ ...pre, terms: { ...pre.terms, until: pre.terms.until + 60 } }, ...rest) }, 'a pre-approval was used after its end'],
  ['its end is overlooked by policy', threeActions, { checked: (vote) => vote }, 'granted by a pre-approval that is over'],
  ['earlier uses are overlooked', threeActions, { answeredBefore: (pre, ...rest) => real.answeredBefore({ ...pre, used: [] }, ...rest) }, 'more was moved beforehand than was agreed to'],
  ['two instances do not compare', opened({ 'another action': 1, 'approvals read one': 2, 'another instance looks': 1, 'another instance writes': 1 }, { agreed: both, terms: { uses: 1 } }), { compares: false }, 'a pre-approval was used more often than it is good for'],
  ['uses are not counted', threeActions, { answeredBefore: (...of) => { const found = real.answeredBefore(...of); return found && { ...found, used: [] }; } }, 'a use of a pre-approval that nobody counted'],
  ['one of two is enough', opened({}, { agreed: ['tom'] }), { answeredBefore: (pre, ...rest) => real.answeredBefore({ ...pre, signers: [...pre.signers, { ...pre.signers[0]!, person: 'tina' }] }, ...rest) }, 'a pre-approval was used that one of two signed'],
  ['who edited it is not known to policy', opened({ 'tina edits': 1, 'tom approves': 1, 'tina approves': 1 }), { editor: () => 'somebody' }, 'granted with the vote of who edited it'],
  ['a trial is never full', tripped, { nextOfBreaker: (...of) => { const event = real.nextOfBreaker(...of); return event?.type === 'breaker_trial_full' ? undefined : event; } }, 'a trial lets more through than it takes'],
  ['a full trial does not stop', tripped, { holds: ({ status }) => status === 'open' }, 'a breaker is open, or its trial full, and nothing stops'],
  ['a failed trial goes on', after(tripped, ['time passes', 'supervision sweeps', 'another action', 'policy hears the runtime']), { nextOfBreaker: (state, ...rest) => { const event = real.nextOfBreaker(state, ...rest); return state.status === 'half_open' && event?.type === 'breaker_opened' ? undefined : event; } }, 'a trial goes on that has failed'],
  ['claims do not see what a breaker halts', tripped, { decideClaim: (grant, row, _halt, ids) => real.decideClaim(grant, row, undefined, ids) }, 'claimed under a halt'],
];

describe('actions, their approvals and their run', () => {
  const told = ({ states }: Found): void => { if (process.env['CS_TEST_STATES'] !== undefined) process.stderr.write(`${states} states\n`); };

  it.each(scenes)('%s: every interleaving keeps every promise', (_, left, depth) => {
    const found = explore(opened(left), depth);
    told(found);
    expect([found.why, found.broken]).toEqual([null, null]);
    expect(found.reached.claimed).toBeGreaterThan(0);
    if (left['operator cancels'] !== undefined) expect(found.reached.cancelled).toBeGreaterThan(0);
  });

  it.each(more)('%s: every interleaving keeps every promise', (_, from, depth, what) => {
    const found = explore(from, depth);
    told(found);
    expect([found.why, found.broken]).toEqual([null, null]);
    expect(found.reached[what]).toBeGreaterThan(0);
  });

  it.each(mutants)('the promises can be broken: %s', (_, from, code, why) => {
    expect(explore(from, 12, { ...real, ...code }).why).toBe(why);
  });

  it('everything at once, at random', () => {
    const { reached, note } = noting();
    const always: readonly Deed[] = ['tom approves', 'tina approves', 'claim', 'duplicate', 'reread', 'another action', 'supervision sweeps'];
    const times = (deed: Deed): number => (['claim', 'supervision sweeps'].includes(deed) ? 6 : ['operator cancels', 'tina denies', 'halt', 'lift', 'tom revokes'].includes(deed) ? 1 : 3);
    const beginnings: readonly ((left: Partial<Record<Deed, number>>) => Model)[] = [
      (left) => opened(left), (left) => opened(left, { agreed: both }),
      (left) => after(opened({ ...left, claim: 6, 'what was claimed fails': 3, 'what was claimed works': 3, 'time passes': 3 }, { rules: 'allow' }), [...tripping, 'time passes', 'supervision sweeps']),
    ];
    fc.assert(fc.property(fc.subarray([...deeds]), fc.constantFrom(...beginnings), fc.array(fc.nat(steps.length - 1), { minLength: 30, maxLength: 60 }), (some, begun, picks) => {
      let state = begun(Object.fromEntries([...always, ...some].map((deed) => [deed, times(deed)])));
      for (const pick of picks) {
        // What cannot happen now gives way to the next that can.
        const found = [...steps.slice(pick), ...steps.slice(0, pick)].map((step) => [step, next(state, step)] as const).find(([, one]) => one !== undefined);
        if (found === undefined) break;
        expect(fault(state, found[1]!, found[0])).toBeNull();
        state = found[1]!;
      }
      note(state);
    }), { seed: 20261121, numRuns: 600 });
    expect(Object.entries(reached).filter(([, often]) => often < 10)).toEqual([]);
  });

  it('the promises can be broken: a claim that does not look at the row is found at once', () => {
    const before = { ...opened({ claim: 1 }), cancelWon: true };
    const c1 = { jti: 'c1', action: opened({}).log.flatMap((record) => ('action' in record ? [record.action] : []))[0]! };
    expect(fault(before, { ...before, claims: [c1] }, 'claim')).toBe('claimed after a cancel had won');
    expect(fault({ ...before, cancelWon: false, claims: [c1] }, { ...before, cancelWon: false, claims: [c1, { ...c1, jti: 'c2' }] }, 'claim')).toBe('two claims of one action: two executions');
  });
});
