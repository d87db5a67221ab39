import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { createOwnWord } from '../outbound/own-word.ts';
import { erasureText, owedText, stateText } from './own-word.ts';
import type { HeldOnRecord } from './holds.ts';
import type { Seen } from './reconcile.ts';

const word = createOwnWord(Buffer.alloc(32, 1));
const seen: fc.Arbitrary<Seen> = fc.record({ next: fc.nat(), since: fc.nat(), governed: fc.nat(), unproven: fc.nat(), firstInbox: fc.option(fc.nat()), lastInbox: fc.option(fc.nat()) });
const held: fc.Arbitrary<HeldOnRecord> = fc.record({ hold: fc.nat(), scope: fc.constantFrom('all', 'run', 'person', 'agent'), id: fc.option(fc.string()), by: fc.string(), at: fc.nat() });
const state = fc.record({ size: fc.nat(), frontier: fc.base64String(), next: fc.uniqueArray(fc.tuple(fc.string(), fc.bigInt({ min: 0n, max: 1n << 62n })), { selector: ([name]) => name }), seen: fc.uniqueArray(fc.tuple(fc.string(), seen), { selector: ([name]) => name }), holds: fc.array(held, { maxLength: 3 }) });
type Given = typeof state extends fc.Arbitrary<infer T> ? T : never;
const of = (log: string, { size, frontier, next, seen: at, holds }: Given) => stateText(log, { edge: { size, frontier: [] }, next: new Map(next), seen: new Map(at), holds }, frontier);
const sorted = ({ size, frontier, next, seen: at, holds }: Given) => JSON.stringify([size, frontier, holds, [...next].toSorted().map(String), at.map((one) => JSON.stringify(one)).toSorted()]);

describe('what audit takes from its own database for its own word', () => {
  it('is one text for one state, in whatever order it is read, and another for every other', () => {
    fc.assert(fc.property(state, state, (a, b) => {
      expect(of('log', { ...a, next: a.next.toReversed(), seen: a.seen.toReversed() })).toBe(of('log', a));
      if (sorted(a) !== sorted(b)) expect(of('log', a)).not.toBe(of('log', b));
      expect(of('other', a)).not.toBe(of('log', a));
    }), { seed: 20_261_121, numRuns: 300 });
  });

  it('holds under its own key, and changed in any one thing under none', () => {
    fc.assert(fc.property(state, fc.nat(5), (given, which) => {
      const changed: Given = [
        { ...given, size: given.size + 1 }, { ...given, frontier: `${given.frontier}AAAA` }, { ...given, next: [...given.next, ['\0new', 1n] as [string, bigint]] },
        { ...given, next: given.next.map(([name, at], i): [string, bigint] => [name, i === 0 ? at + 1n : at]) }, { ...given, seen: given.seen.map(([name, at], i): [string, Seen] => [name, i === 0 ? { ...at, next: at.next + 1 } : at]) },
        { ...given, holds: given.holds.slice(1) },
      ][which]!;
      const mac = word.mac(of('log', given));
      expect([word.holds(of('log', given), mac), createOwnWord(Buffer.alloc(32, 2)).holds(of('log', given), mac), word.holds(of('log', given), null)]).toEqual([true, false, false]);
      expect(word.holds(of('log', changed), mac)).toBe(sorted(changed) === sorted(given));
    }), { seed: 20_261_121, numRuns: 300 });
  });

  it('takes none of its words for another', () => {
    const owed = { kind: 'expired', states: { slot: 'long_2026_01', first: 1, last: 2 } };
    const erasure = { erasure: 1, scope: 'run', what: 'r', subjects: ['run:r'], keys: ['k'], by: 'olga' };
    const texts = [
      owedText('log', 1n, owed), owedText('log', 2n, owed), owedText('log', 1n, { ...owed, kind: 'gap' }), owedText('log', 1n, { ...owed, states: { ...owed.states, last: 3 } }),
      erasureText('log', erasure, 1, 'asked'), erasureText('log', { ...erasure, keys: ['k', 'l'] }, 1, 'asked'), erasureText('log', { ...erasure, by: 'ann' }, 1, 'asked'), erasureText('log', erasure, 1, 'not asked'),
    ];
    expect(new Set(texts).size).toBe(texts.length);
    expect(owedText('log', 1n, { kind: 'expired', states: { last: 2, slot: 'long_2026_01', first: 1 } })).toBe(texts[0]);
  });
});
