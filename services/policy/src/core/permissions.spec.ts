import { describe, expect, it } from '@jest/globals';
import { covers } from './permissions.ts';

describe('a permission', () => {
  it.each([
    ['payments.transfer', 'payments.transfer', true], ['payments.transfer', 'payments.transfers', false],
    ['payments.*', 'payments.transfer', true], ['payments.*', 'payment.transfer', false], ['*', 'anything', true],
    ['*.read', 'files.read', true], ['*.read', 'files.read.all', false], ['a*b*c', 'a1b2c', true], ['a*b*c', 'a1c2b', false], ['ab*ba', 'aba', false], ['a*b*b', 'ab', false],
  ])('%s on %s: %s', (pattern, name, covered) => expect(covers(pattern, name)).toBe(covered));
});
