import { describe, expect, it } from '@jest/globals';
import { fold } from '@countersign/kernel';
import fc from 'fast-check';
import type { BundleCommand } from './commands.ts';
import { bundleDecider, decide } from './decide.ts';
import type { BundleEvent, Comparison, Loosened } from './events.ts';
import { previousOf } from './state.ts';

const builtIn = { version: 'v1', digest: 'd1' };
const looser: Loosened = { what: 'a payment of 6000', rule: 'large', tool: 'pay', before: 'step_up', after: 'allow', facts: { amount: 6000 } };
const compared = (base: string, digest: string, loosened: readonly Loosened[] = []): Comparison => ({ base, digest, loosened, counterexample: loosened.length === 0 ? 'nothing' : `case of ${digest}` });
type Part<T extends BundleCommand['type']> = Partial<Extract<BundleCommand, { type: T }>>;

const publish = (n: number, over: Part<'publish'> = {}): BundleCommand => ({ type: 'publish', version: `v${n}`, digest: `d${n}`, by: 'ann', roles: ['policy-author'], jws: `ann's v${n}`, builtIn, problems: [], notes: [], now: n, ...over });
const order = (n: number, activation: number, over: Part<'order'> = {}): BundleCommand => {
  const base = over.base ?? 'd1';
  return { type: 'order', purpose: 'activate', version: `v${n}`, digest: `d${n}`, base, activation, percent: 0, by: 'ann', roles: ['policy-author'], jws: `order ${activation}`, builtIn, comparison: compared(base, `d${n}`), now: 10, ...over };
};
const loosening = (n: number, activation: number, over: Part<'order'> = {}): BundleCommand => order(n, activation, { comparison: compared(over.base ?? 'd1', `d${n}`, [looser]), ...over });
const review = (n: number, activation: number, over: Part<'review'> = {}): BundleCommand => {
  const comparison = compared(over.base ?? 'd1', `d${n}`, [looser]);
  return { type: 'review', version: `v${n}`, digest: `d${n}`, base: 'd1', activation, counterexample: comparison.counterexample, reason: 'read it', by: 'rob', roles: ['policy-reviewer'], jws: `review ${activation}`, builtIn, comparison, now: 11, ...over };
};

/** Plays commands; refusals add their events too, as the store does. */
const after = (...commands: BundleCommand[]) => {
  const events: BundleEvent[] = [];
  for (const command of commands) {
    const outcome = decide(command, fold(bundleDecider, events));
    if (outcome.status !== 'nothing-new') events.push(...outcome.events);
  }
  const state = fold(bundleDecider, events);
  return { events, state, when: (command: BundleCommand) => decide(command, state) };
};
const codeOf = (outcome: ReturnType<typeof decide>) => (outcome.status === 'refused' ? outcome.code : outcome.status);
const typesOf = (outcome: ReturnType<typeof decide>) => (outcome.status === 'nothing-new' ? [] : outcome.events.map(({ type }) => type));

describe('publishing', () => {
  it('keeps a version as its author signed it and changes nothing that is in force', () => {
    const { state, events } = after(publish(2));
    expect(events).toEqual([{ type: 'bundle.published', version: 'v2', digest: 'd2', author: 'ann', jws: "ann's v2", notes: [], at: 2 }]);
    expect([state.activation, state.active]).toEqual([0, null]);
  });

  it.each([
    ['somebody without the role', publish(3, { roles: ['operator'] }), 'forbidden'],
    ['what does not compile', publish(3, { problems: ['rules/pay.yaml:3:5: no such fact'] }), 'bundle_invalid'],
    ['another content under a name that is taken', publish(2, { digest: 'other' }), 'already_exists'],
    ['another content under the name of what was installed', publish(1, { digest: 'other' }), 'already_exists'],
    ['the same again', publish(2), 'nothing-new'],
  ])('refuses %s, on the record', (_, command, code) => {
    const outcome = after(publish(2)).when(command);
    expect(codeOf(outcome)).toBe(code);
    expect(typesOf(outcome)).toEqual(code === 'nothing-new' ? [] : ['bundle.refused']);
  });
});

describe('activating', () => {
  it('one person may tighten', () => {
    const { state } = after(publish(2), order(2, 1));
    expect(state).toMatchObject({ activation: 1, active: { version: 'v2', by: 'ann', author: "ann's v2", order: 'order 1', review: null } });
  });

  it('a loosening waits for a second person, whose review puts it into force', () => {
    const waiting = after(publish(2), loosening(2, 1));
    expect(waiting.events.map(({ type }) => type)).toEqual(['bundle.published', 'bundle.compared', 'bundle.ordered']);
    expect(waiting.state).toMatchObject({ activation: 0, active: null, pending: { version: 'v2', activation: 1 } });
    expect(typesOf(waiting.when(review(2, 1)))).toEqual(['bundle.reviewed', 'bundle.activated']);
    expect(after(publish(2), loosening(2, 1), review(2, 1)).state).toMatchObject({ activation: 1, pending: null, active: { version: 'v2', review: 'review 1', reviewedBy: 'rob' } });
  });

  it('a review that came first is used by the order', () => {
    expect(after(publish(2), review(2, 1), loosening(2, 1)).state).toMatchObject({ activation: 1, active: { review: 'review 1', order: 'order 1' } });
  });

  it.each([
    ['the author', review(2, 1, { by: 'ann', roles: ['policy-author', 'policy-reviewer'] }), 'self_approval'],
    ['somebody without the role', review(2, 1, { roles: ['policy-author'] }), 'forbidden'],
    ['who read another counterexample', review(2, 1, { counterexample: 'case of something else' }), 'activation_stale'],
    ['who signed for another activation', review(2, 2), 'activation_stale'],
    ['who signed another base', review(2, 1, { base: 'd9' }), 'activation_stale'],
    ['of files that were never published', review(2, 1, { digest: 'd7' }), 'not_found'],
  ])('is not reviewed by %s', (_, command, code) => {
    const waiting = after(publish(2), loosening(2, 1));
    expect(codeOf(waiting.when(command))).toBe(code);
    expect(typesOf(waiting.when(command))).toEqual(['bundle.refused']);
  });

  it('is not reviewed by who ordered it, before or after', () => {
    const cleo = { by: 'cleo', roles: ['policy-reviewer'] };
    expect(codeOf(after(publish(2), loosening(2, 1, cleo)).when(review(2, 1, cleo)))).toBe('self_approval');
    expect(typesOf(after(publish(2), review(2, 1, cleo)).when(loosening(2, 1, cleo)))).toContain('bundle.ordered');
  });

  it.each([
    ['an old activation', order(3, 1, { base: 'd2' }), 'activation_stale'],
    ['a future one', order(3, 3, { base: 'd2' }), 'activation_stale'],
    ['another base', order(3, 2), 'activation_stale'],
    ['what was never published', order(9, 2, { base: 'd2' }), 'not_found'],
    ['what is active', order(2, 2, { base: 'd2' }), 'invalid_transition'],
    ['somebody without a role', order(3, 2, { base: 'd2', roles: ['operator'] }), 'forbidden'],
    ['a comparison with something else', order(3, 2, { base: 'd2', comparison: compared('d1', 'd3') }), 'conflict'],
  ])('refuses %s', (_, command, code) => {
    expect(codeOf(after(publish(2), publish(3), order(2, 1)).when(command))).toBe(code);
  });
});

describe('beside the active version', () => {
  const shadow = (activation: number) => order(2, activation, { purpose: 'shadow', comparison: null });
  it('a shadow becomes a canary, and active; one person does, for the stricter of both decides', () => {
    expect(after(publish(2), shadow(1)).state).toMatchObject({ activation: 1, active: null, beside: { mode: 'shadow', version: 'v2' } });
    const canary = [publish(2), shadow(1), order(2, 2, { purpose: 'canary', percent: 5, comparison: null })];
    expect(after(...canary).state.beside).toMatchObject({ mode: 'canary', percent: 5, activation: 2 });
    expect(after(...canary, order(2, 3)).state).toMatchObject({ activation: 3, active: { version: 'v2' }, beside: null });
  });

  it('is withdrawn under its own number', () => {
    const withdraw = (activation: number) => order(2, activation, { purpose: 'withdraw', comparison: null });
    expect(after(publish(2), shadow(1), withdraw(2)).state).toMatchObject({ activation: 2, beside: null });
    expect(codeOf(after(publish(2)).when(withdraw(1)))).toBe('invalid_transition');
  });
});

describe('rolling back', () => {
  const back = (activation: number, over: Part<'order'> = {}) => order(1, activation, { purpose: 'rollback', base: 'd2', by: 'rob', roles: ['policy-reviewer'], ...over });
  it('goes to what was active before, also to what was installed', () => {
    const { state, when } = after(publish(2), order(2, 1));
    expect(previousOf(state, builtIn)).toEqual(builtIn);
    expect(typesOf(when(back(2)))).toEqual(['bundle.compared', 'bundle.rolled_back']);
    expect(after(publish(2), order(2, 1), back(2)).state).toMatchObject({ activation: 2, active: { version: 'v1', author: null } });
  });
  it('waits for a second person where it loosens', () => {
    expect(typesOf(after(publish(2), order(2, 1)).when(back(2, { comparison: compared('d2', 'd1', [looser]) })))).toEqual(['bundle.compared', 'bundle.ordered']);
  });
  it('goes to nothing that was never active', () => {
    expect(codeOf(after(publish(2), publish(3), order(2, 1)).when(order(3, 2, { purpose: 'rollback', base: 'd2' })))).toBe('invalid_transition');
  });
});

describe('evaluators', () => {
  it('acknowledge once, and say why they kept what they had', () => {
    const acknowledge: BundleCommand = { type: 'acknowledge', evaluator: 'e1', activation: 1, version: 'v2', now: 5 };
    const { state, when } = after(publish(2), order(2, 1), acknowledge);
    expect(codeOf(when(acknowledge))).toBe('nothing-new');
    expect(state.evaluators).toEqual([{ evaluator: 'e1', activation: 1, version: 'v2', at: 5, refused: null }]);
    const kept = after(publish(2), order(2, 1), acknowledge, { type: 'refuse', what: 'activation 2', code: 'bundle_invalid', detail: 'bad digest', by: 'e1', activation: 2, now: 6 });
    expect(kept.state.evaluators).toEqual([{ evaluator: 'e1', activation: 1, version: 'v2', at: 6, refused: 'activation 2: bad digest' }]);
  });
});

it('activations only grow, and nothing that loosens is ever in force without two different people', () => {
  const person = fc.constantFrom({ by: 'ann', roles: ['policy-author', 'policy-reviewer'] }, { by: 'rob', roles: ['policy-reviewer'] }, { by: 'cleo', roles: ['policy-author'] }, { by: 'eve', roles: ['operator'] });
  const n = fc.integer({ min: 1, max: 4 }), base = fc.constantFrom('d1', 'd2', 'd3'), activation = fc.integer({ min: 1, max: 5 });
  const command = fc.oneof(
    fc.record({ n, person }).map(({ n: at, person: who }) => publish(at, { ...who, digest: `d${at}` })),
    fc.record({ n, person, base, activation, loosens: fc.boolean(), purpose: fc.constantFrom('activate' as const, 'rollback' as const, 'shadow' as const, 'canary' as const, 'withdraw' as const) })
      .map(({ n: at, person: who, base: on, activation: number, loosens, purpose }) => (loosens ? loosening : order)(at, number, { ...who, base: on, purpose, percent: purpose === 'canary' ? 5 : 0, jws: `${who.by} ${at} ${number} ${on} ${purpose}` })),
    fc.record({ n, person, base, activation }).map(({ n: at, person: who, base: on, activation: number }) => review(at, number, { ...who, base: on, jws: `${who.by} reviews ${at}` })),
  );
  fc.assert(fc.property(fc.array(command, { maxLength: 30 }), (commands) => {
    let seen = 0;
    const { events } = after(...commands);
    for (const event of events) {
      if (event.type !== 'bundle.activated' && event.type !== 'bundle.rolled_back') continue;
      const { slot } = event;
      expect(slot.activation).toBeGreaterThan(seen);
      seen = slot.activation;
      const at = events.indexOf(event);
      const loosens = events.slice(0, at).some((one) => one.type === 'bundle.ordered' && one.order.jws === slot.order);
      if (loosens) expect([null, slot.by]).not.toContain(slot.reviewedBy);
      if (slot.author !== null && slot.reviewedBy !== null) expect(slot.author.startsWith(slot.reviewedBy)).toBe(false);
    }
  }), { seed: 4, numRuns: 1_000 });
});
