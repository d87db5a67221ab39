import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Fact } from '@countersign/contracts';
import { Failure } from '../cel/value.ts';
import { actsKept, noPast, remember, settleAct } from '../past.ts';
import type { Past } from '../past.ts';
import { measure } from './measures.ts';
import type { MeasureSpec } from './measures.ts';

interface Done { readonly at: number; readonly tool: string; readonly denied: boolean; readonly minor: number }
const classes: Readonly<Record<string, readonly string[]>> = { 'pay.send': ['financial'], 'pay.list': ['financial'], 'mail.send': ['personal'], 'web.get': [] };
const factsOf = (tool: string): Record<string, Fact> => ({ 'tool.data': { value: classes[tool]!, origin: 'derived' }, 'tool.consequential': { value: tool.endsWith('.send'), origin: 'derived' } });
const done = (past: Past, acts: readonly Done[]): Past => {
  for (const { at, tool, denied, minor } of acts) remember(past, tool, at, denied, factsOf(tool), minor === 0 ? null : { minor, currency: 'EUR' });
  return past;
};

/** The same questions asked the slow way of the whole list. */
const naive = (spec: MeasureSpec, acts: readonly Done[], now: number): number | boolean => {
  const is = (what: NonNullable<MeasureSpec['count']>) => ({ tool, denied }: Done) => denied === (what.denied === true)
    && (what.tools === undefined || what.tools.some((pattern) => (pattern.endsWith('*') ? tool.startsWith(pattern.slice(0, -1)) : tool === pattern)))
    && (what.data === undefined || classes[tool]!.some((name) => what.data!.includes(name))) && (what.consequential === undefined || tool.endsWith('.send') === what.consequential);
  const from = spec.since === undefined ? -1 : acts.findLastIndex(is(spec.since));
  const found = acts.filter((act, i) => i > from && (spec.withinMs === undefined || act.at > now - spec.withinMs) && is(spec.count ?? spec.sum ?? spec.happened!)(act));
  return spec.count !== undefined ? found.length : spec.sum !== undefined ? found.reduce((sum, act) => sum + act.minor, 0) : found.length > 0;
};

const acts = fc.array(fc.record({ wait: fc.nat(50), tool: fc.constantFrom(...Object.keys(classes)), denied: fc.boolean(), minor: fc.nat(100) }), { maxLength: 60 }).map((list) => {
  let at = 1_000;
  return list.map(({ wait, tool, denied, minor }): Done => ({ at: at += wait, tool, denied, minor: denied ? 0 : minor }));
});
const which = fc.record({ tools: fc.constantFrom(['pay.*'], ['mail.send'], ['*']), data: fc.constantFrom(['financial'], ['personal', 'financial']), consequential: fc.boolean(), denied: fc.boolean() }, { requiredKeys: [] });
const spec = fc.tuple(fc.constantFrom('count' as const, 'sum' as const, 'happened' as const), which, fc.record({ withinMs: fc.integer({ min: 1, max: 500 }), since: which }, { requiredKeys: [] }))
  .map(([kind, what, more]): MeasureSpec => ({ [kind]: kind === 'sum' ? { ...what, denied: false } : what, ...(kind === 'sum' && { currency: 'EUR' }), ...more }));

describe('a measure of the past', () => {
  it('says the same as counting the whole list', () => {
    fc.assert(fc.property(acts, spec, (list, asked) => {
      const now = (list.at(-1)?.at ?? 1_000) + 7;
      expect(measure(asked)(done(noPast(), list), now)).toBe(naive(asked, list, now));
    }), { numRuns: 2_000, seed: 11 });
  });

  const many = done(noPast(), Array.from({ length: 3 * actsKept }, (_, i): Done => ({ at: i, tool: i === 5 ? 'mail.send' : 'pay.send', denied: false, minor: 1 })));
  it('keeps totals of a long run and windows over its latest acts, in bounded memory', () => {
    expect(many.acts.length).toBeLessThan(2 * actsKept);
    expect(measure({ count: { tools: ['pay.*'] } })(many, 3 * actsKept)).toBe(3 * actsKept - 1);
    expect(measure({ sum: {}, currency: 'EUR' })(many, 3 * actsKept)).toBe(3 * actsKept);
    expect(measure({ count: {}, withinMs: 100 })(many, 3 * actsKept)).toBe(99);
    expect(measure({ happened: { tools: ['mail.*'] } })(many, 0)).toBe(true);
    expect(measure({ happened: { tools: ['pay.*'] }, since: { tools: ['mail.*'] } })(many, 0)).toBe(true);
    expect(measure({ happened: { tools: ['mail.*'] }, since: { tools: ['pay.*'] } })(many, 0)).toBe(false);
  });
  it('fails, and so raises, where it would have to guess: further back than remembered, or in another currency', () => {
    expect(measure({ count: {}, withinMs: 10_000 })(many, 3 * actsKept)).toEqual(new Failure('it reaches further back than the acts that are remembered', false));
    expect(measure({ count: { tools: ['pay.*'] }, since: { tools: ['mail.*'] } })(many, 0)).toBeInstanceOf(Failure);
    expect(measure({ sum: {}, currency: 'USD' })(many, 0)).toBeInstanceOf(Failure);
  });
  it('counts what an act came to cost', () => {
    const past = noPast();
    settleAct(remember(past, 'pay.send', 1, false, factsOf('pay.send'), { minor: 10, currency: 'EUR' }), { minor: 25, currency: 'EUR' });
    for (const withinMs of [undefined, 5]) expect(measure({ sum: {}, currency: 'EUR', ...(withinMs && { withinMs }) })(past, 2)).toBe(25);
  });
});
