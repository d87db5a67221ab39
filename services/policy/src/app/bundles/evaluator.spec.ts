import { describe, expect, it } from '@jest/globals';
import type { BundleLineUp } from '@countersign/contracts';
import { createEvaluator } from './evaluator.ts';
import type { EvaluatorPorts, InForce, Prepared } from './evaluator.ts';

type Slot = NonNullable<BundleLineUp['active']>;
const prepared = (n: number): Prepared => ({ version: `v${n}`, digest: `d${n}`, spec: {} as never, bundle: { version: `v${n}` } as never });
const slot = (n: number, activation: number, over: Partial<Slot> = {}): Slot => ({ version: `v${n}`, digest: `d${n}`, author: 'ann', order: `activate ${activation}`, review: 'rob', ...over });
const lineUp = (activation: number, active: Slot | null, over: Partial<BundleLineUp> = {}): BundleLineUp => ({ name: 'demo', tenant: 'acme', activation, at: 1, order: active?.order ?? `shadow ${activation}`, active, beside: null, ...over });

/** An order's text says its purpose and activation; `forged` in it makes its proof fail. */
const scene = (over: Partial<EvaluatorPorts> = {}, kept: Awaited<ReturnType<EvaluatorPorts['load']>> = undefined) => {
  const log: string[] = [];
  let row = kept;
  let pointer: InForce | undefined;
  const read = (jws: string) => (jws.includes('forged') ? { ok: false as const, why: 'bad signature' } : { ok: true as const, order: { purpose: jws.split(' ')[0]!, activation: Number(jws.split(' ')[1]), percent: 100 } });
  const evaluator = createEvaluator({
    builtIn: prepared(1), prove: (one) => (one.author === null || one.author === 'forged' ? { ok: false, why: 'no author' } : read(one.order)), ordered: (one) => read(one.order),
    prepare: async (ref) => { if (ref.digest === 'tampered') throw new Error('the files are not those of the digest'); return prepared(Number(ref.version.slice(1))); },
    loosens: async (from, to) => (to.version < from.version ? 'a payment of 6000' : null),
    load: async () => row, save: async (activation, one) => { if (row !== undefined && row.activation > activation) return false; row = { activation, lineUp: one }; return true; },
    swap: (next) => { pointer = next; log.push(`${next.activation} ${next.active.version}${next.beside === null ? '' : ` beside ${next.beside.version}`}`); },
    acknowledge: async () => undefined, refuse: async (activation, why) => { log.push(`refused ${activation}: ${why}`); }, onError: (error) => { log.push(`error ${error.message}`); }, ...over,
  });
  return { evaluator, log, pointer: () => pointer, kept: () => row };
};

describe('an evaluator', () => {
  it('decides by what it was installed with until something is activated, then by that', async () => {
    const { evaluator, log, kept } = scene();
    await evaluator.begin(false);
    await evaluator.take(lineUp(1, slot(2, 1)));
    await evaluator.take(lineUp(1, slot(2, 1)));
    expect([log, kept()?.activation]).toEqual([['0 v1', '1 v2'], 1]);
  });

  it.each([
    ['a forged order', lineUp(2, slot(3, 2, { order: 'forged 2' })), /bad signature/],
    ['what nobody wrote', lineUp(2, slot(3, 2, { author: null })), /no author/],
    ['tampered files', lineUp(2, slot(3, 2, { digest: 'tampered' })), /not those of the digest/],
    ['a loosening that one person alone wants', lineUp(2, slot(1, 2, { review: null })), /nobody has reviewed it.*6000/],
    ['an activation that is in force', lineUp(1, slot(3, 1, { order: 'activate 1 again' })), /does not come back/],
    ['an older one', lineUp(0, slot(3, 0)), /does not come back/],
    ['what was installed, without an order for it', lineUp(2, null), /does not come back by itself/],
  ])('refuses %s once, and what it has stays', async (_, bad, why) => {
    const { evaluator, log, pointer, kept } = scene();
    await evaluator.begin(false);
    await evaluator.take(lineUp(1, slot(2, 1)));
    await evaluator.take(bad);
    await evaluator.take(bad);
    expect(log.slice(2)).toEqual([expect.stringMatching(why)]);
    expect([pointer()?.active.version, kept()?.activation]).toEqual(['v2', 1]);
  });

  it('takes a tightening of one person, and one that loosens with two', async () => {
    const { evaluator, log } = scene();
    await evaluator.begin(false);
    await evaluator.take(lineUp(1, slot(2, 1, { review: null })));
    await evaluator.take(lineUp(2, slot(1, 2)));
    expect(log).toEqual(['0 v1', '1 v2', '2 v1']);
  });

  it('puts a version beside and takes it away', async () => {
    const { evaluator, log, pointer } = scene();
    await evaluator.begin(false);
    await evaluator.take(lineUp(1, null, { beside: slot(2, 1, { order: 'shadow 1' }), order: 'shadow 1' }));
    expect(pointer()?.beside).toMatchObject({ version: 'v2', mode: 'shadow', percent: 100 });
    await evaluator.take(lineUp(2, null, { order: 'withdraw 2' }));
    expect(log).toEqual(['0 v1', '1 v1 beside v2', '2 v1']);
  });

  it('begins again with what was in force, and does not go back', async () => {
    const { evaluator, log } = scene({}, { activation: 5, lineUp: lineUp(5, slot(4, 5)) });
    await evaluator.begin(true);
    await evaluator.take(lineUp(4, slot(3, 4)));
    expect(log).toEqual(['5 v4', 'refused 4: activation 5 is in force: an older one does not come back']);
  });

  it('decides by nothing where something was activated that it cannot verify', async () => {
    const { evaluator, log, pointer } = scene();
    await evaluator.begin(true);
    await evaluator.take(lineUp(3, slot(3, 3, { order: 'forged 3' })));
    expect([pointer(), log]).toEqual([undefined, ['refused 3: bad signature']]);
    await evaluator.take(lineUp(4, slot(3, 4)));
    expect(pointer()?.active.version).toBe('v3');
  });
});
