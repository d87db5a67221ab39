import { describe, expect, it } from '@jest/globals';
import { nearNames, unknownScope } from './unknown-scope.ts';

const agents = new Set(['accounts-payable', 'customer-care', 'release']);

describe('a halt of what nobody knows', () => {
  it('is said to be one, with the names that may have been meant', () => {
    expect(unknownScope({ kind: 'agent', id: 'acounts-payble' }, agents)).toEqual({ kind: 'agent', near: ['accounts-payable'] });
    expect(unknownScope({ kind: 'agent', id: 'care' }, agents)).toEqual({ kind: 'agent', near: ['customer-care'] });
    expect(unknownScope({ kind: 'agent', id: 'nobody-here' }, agents)).toEqual({ kind: 'agent', near: [] });
    expect(unknownScope({ kind: 'run', id: 'r9' }, new Set())).toEqual({ kind: 'run', near: [] });
  });
  it('is not said of what is known, of everything, or where nobody can tell', () => {
    expect(unknownScope({ kind: 'agent', id: 'release' }, agents)).toBeUndefined();
    expect(unknownScope({ kind: 'everything', id: null }, agents)).toBeUndefined();
    expect(unknownScope({ kind: 'agent', id: 'nobody-here' }, undefined)).toBeUndefined();
  });
  it('names three at most, the nearest first', () => expect(nearNames('desk.read', ['desk.reader', 'desk.road', 'desk.read2', 'desk.real', 'other'])).toEqual(['desk.read2', 'desk.real', 'desk.road']));
});
