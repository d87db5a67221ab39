import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { covers, coversResource, intersection, scopeIntersection, within, withinResources } from './patterns.ts';

const text = (letters: string, max: number) => fc.array(fc.constantFrom(...letters), { maxLength: max }).map((all) => all.join(''));
const pattern = text('ab.*', 7), name = text('ab.', 9);
const anyOf = (patterns: readonly string[], tool: string): boolean => patterns.some((one) => covers(one, tool));

describe('a pattern', () => {
  it.each([
    ['payments.transfer', 'payments.transfer', true], ['payments.transfer', 'payments.transfers', false],
    ['payments.*', 'payments.transfer', true], ['payments.*', 'payment.transfer', false], ['*', 'anything', true],
    ['*.read', 'files.read', true], ['*.read', 'files.read.all', false], ['a*b*c', 'a1b2c', true], ['a*b*c', 'a1c2b', false], ['ab*ba', 'aba', false], ['a*b*b', 'ab', false],
  ])('%s on %s: %s', (pattern, name, covered) => expect(covers(pattern, name)).toBe(covered));
});

describe('patterns of tools', () => {
  it('have in common exactly what both cover', () => fc.assert(fc.property(pattern, pattern, name, (a, b, tool) => {
    const both = intersection(a, b);
    if (both === undefined) throw new Error('patterns of seven letters have few in common');
    expect(anyOf(both, tool)).toBe(covers(a, tool) && covers(b, tool));
  }), { numRuns: 3_000, seed: 6 }));

  it('have in common what a name made of one of them shows', () => fc.assert(fc.property(pattern, pattern, fc.array(text('ab.', 3), { minLength: 8, maxLength: 8 }), (a, b, fills) => {
    let i = 0;
    const tool = a.replaceAll('*', () => fills[i++]!);
    expect(anyOf(intersection(a, b)!, tool)).toBe(covers(b, tool));
  }), { numRuns: 3_000, seed: 7 }));

  it('of a narrower scope are never wider than those of either', () => fc.assert(fc.property(fc.array(pattern, { maxLength: 4 }), fc.array(pattern, { maxLength: 4 }), name, (a, b, tool) => {
    expect(anyOf(scopeIntersection(a, b, 1_000)!, tool)).toBe(anyOf(a, tool) && anyOf(b, tool));
  }), { numRuns: 1_500, seed: 8 }));

  it('lie within others only where these cover whatever they cover', () => fc.assert(fc.property(pattern, fc.array(pattern, { maxLength: 3 }), fc.array(text('ab.', 3), { minLength: 8, maxLength: 8 }), (inner, outer, fills) => {
    let i = 0;
    if (within(inner, outer)) expect(anyOf(outer, inner.replaceAll('*', () => fills[i++]!))).toBe(true);
  }), { numRuns: 2_000, seed: 9 }));

  it.each([
    ['payments.*', '*.transfer', ['payments.*.transfer', 'payments.transfer']], ['ledger.*', 'payments.*', []], ['*', 'ledger.*', ['ledger.*']],
    ['ab*', '*bc', ['ab*bc', 'abc']], ['payments.transfer', 'payments.*', ['payments.transfer']],
  ])('%s and %s', (a, b, both) => expect([...intersection(a, b)!].sort()).toEqual([...both].sort()));

  it('that would have too much in common are given up, and quickly', () => expect(intersection('*a*b*c*d*e*f*g*h', '*i*j*k*l*m*n*o*h')).toBeUndefined());
});

describe('patterns of resources', () => {
  const path = text('a/.*\\', 6);
  it('that lie within others cover nothing that those do not', () => fc.assert(fc.property(path, fc.array(path, { minLength: 1, maxLength: 3 }), path, (inner, outer, resource) => {
    if (withinResources(inner, outer) && coversResource([inner], resource)) expect(coversResource(outer, resource)).toBe(true);
  }), { seed: 5, numRuns: 20_000 }));
  it.each([['/srv/../etc/passwd', false], ['/srv/a/../../b', false], ['/srv/a\\b', false], ['/srv/\u200Bx', false], ['/srv/%2e%2e/x', false], ['/srv/a', true], ['/srv/*/b', true], ['/srv/*', true]])('%s lies within /srv/*: %s', (inner, lies) => expect(withinResources(inner, ['/srv/*'])).toBe(lies));
  it('one that is named as it is may be kept', () => expect(withinResources('/srv/../etc', ['/srv/*', '/srv/../etc'])).toBe(true));
});
