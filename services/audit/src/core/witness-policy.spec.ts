import { describe, expect, it } from '@jest/globals';
import { parseWitnessPolicy } from './witness-policy.ts';
import type { WitnessPolicy } from './witness-policy.ts';

const read = (text: string) => parseWitnessPolicy(text, (key) => key.startsWith('key-'));
const policy = (text: string) => read(text) as WitnessPolicy;
const three = 'log k\nwitness a key-a http://a\nwitness b key-b https://b/prefix # in Basel\nwitness c key-c\n';

describe('a witness policy', () => {
  it('names who is asked, and where', () => {
    expect(policy(`${three}quorum none`).witnesses).toEqual([
      { name: 'a', verifierKey: 'key-a', url: 'http://a' }, { name: 'b', verifierKey: 'key-b', url: 'https://b/prefix' }, { name: 'c', verifierKey: 'key-c', url: null },
    ]);
  });

  it('is told to others without the addresses', () => {
    const { text } = policy(`${three}quorum a`);
    expect(text).toBe('log k\nwitness a key-a\nwitness b key-b\nwitness c key-c\nquorum a\n');
    expect(policy(text).satisfied(new Set(['a']))).toBe(true);
  });

  it.each([
    ['quorum none', [], true],
    ['quorum a', ['b', 'c'], false],
    ['group g 2 a b c\nquorum g', ['a'], false],
    ['group g 2 a b c\nquorum g', ['c', 'a'], true],
    ['group g all a b\nquorum g', ['a', 'b'], true],
    ['group g any a b\ngroup h all g c\nquorum h', ['b', 'c'], true],
    ['group g any a b\ngroup h all g c\nquorum h', ['a', 'b'], false],
  ])('%s: cosigned by %j is enough: %s', (quorum, by, enough) => {
    expect(policy(three + quorum).satisfied(new Set(by))).toBe(enough);
  });

  it.each([
    [three, 'no quorum'],
    [`${three}quorum d`, 'line 5: nothing is called d'],
    ['witness a nokey http://a\nquorum a', 'line 1: no verifier key'],
    ['witness a key-a ftp://a\nquorum a', 'line 1: the address'],
    [`${three}witness a key-z http://z\nquorum a`, 'line 5: "a" is no new name'],
    [`${three}group g 4 a b c\nquorum g`, 'line 5: "4" of 3'],
    [`${three}group g 2 a a\nquorum g`, 'line 5: a group names'],
    [`${three}quorum a\nquorum b`, 'line 6: a second quorum'],
    ['wittness a key-a\nquorum a', 'line 1: "wittness"'],
  ])('is refused with the line that is wrong: %j', (text, problem) => {
    expect(read(text)).toMatchObject({ problem: expect.stringContaining(problem) });
  });
});
