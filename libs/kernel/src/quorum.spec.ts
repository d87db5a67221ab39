import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { fill, mayFill, rolesHeldAt } from './quorum.ts';
import type { Factor, Voter } from './quorum.ts';

const factor = (name: string, over: Partial<Factor> = {}): Factor => ({ name, roles: [name], people: [], count: 1, ...over });
const voter = (person: string, ...roles: string[]): Voter => ({ person, roles });

describe('a quorum of factors', () => {
  it('needs somebody for each factor, and one person fills one place', () => {
    const both = [factor('security'), factor('owner', { roles: [], people: ['olga'] })];
    expect(fill(both, [voter('olga', 'security')])).toMatchObject({ met: false, have: 1, need: 2 });
    expect(fill(both, [voter('olga', 'security'), voter('sam', 'security')])).toMatchObject({ met: true, have: 2, factors: [{ name: 'security', have: 1 }, { name: 'owner', have: 1 }] });
    expect(fill(both, [voter('sam', 'security'), voter('sue', 'security')])).toMatchObject({ met: false, have: 1, factors: [{ have: 1 }, { have: 0, need: 1 }] });
  });

  it('counts a person once, however often they speak and whoever they stand in for', () => {
    const two = [factor('treasurer', { count: 2, people: ['tina'], standIn: ['treasurer'] })];
    expect(fill(two, [voter('tom', 'treasurer'), voter('tom', 'treasurer')]).have).toBe(1);
    expect(fill(two, [voter('tina', 'treasurer'), { ...voter('tom', 'treasurer'), standsFor: 'tina' }]).have).toBe(1);
  });

  it('counts what came under one credential of a channel once', () => {
    const two = [factor('treasurer', { count: 2 })];
    expect(fill(two, [{ ...voter('tom', 'treasurer'), via: 'slack' }, { ...voter('tina', 'treasurer'), via: 'slack' }]).met).toBe(false);
    expect(fill(two, [{ ...voter('tom', 'treasurer'), via: 'slack' }, voter('tina', 'treasurer')]).met).toBe(true);
  });

  it('lets somebody stand in for a named person only with a role that may', () => {
    const named = factor('owner', { roles: [], people: ['olga'], standIn: ['senior'] });
    expect(mayFill(named, { ...voter('sam', 'senior'), standsFor: 'olga' })).toBe(true);
    expect(mayFill(named, { ...voter('sam', 'intern'), standsFor: 'olga' })).toBe(false);
    expect(mayFill(named, { ...voter('sam', 'senior'), standsFor: 'nora' })).toBe(false);
    expect(mayFill({ ...named, standIn: [] }, { ...voter('sam', 'senior'), standsFor: 'olga' })).toBe(false);
  });

  it('is never met by no factors at all', () => {
    expect(fill([], [voter('tom', 'treasurer')]).met).toBe(false);
  });

  it('goes by the roles held when it was asked', () => {
    expect(rolesHeldAt({ roles: ['a', 'b'], rolesSince: { a: 5, b: 11 } }, 10)).toEqual(['a']);
    expect(rolesHeldAt({ roles: ['a'] }, 10)).toEqual(['a']);
  });

  it('fills as many places as the best way of sitting people down, whatever their order', () => {
    const roles = fc.subarray(['a', 'b', 'c']);
    const people = fc.uniqueArray(fc.record({ person: fc.constantFrom('p', 'q', 'r', 's'), roles }), { selector: ({ person }) => person });
    const factors = fc.array(fc.record({ name: fc.constant('f'), roles, people: fc.subarray(['p', 'q']), count: fc.integer({ min: 1, max: 2 }) }), { maxLength: 3 });
    const best = (places: readonly Factor[], voters: readonly Voter[]): number => {
      const [place, ...others] = places;
      if (place === undefined) return 0;
      return Math.max(best(others, voters), ...voters.filter((one) => mayFill(place, one)).map((one) => 1 + best(others, voters.filter((other) => other !== one))));
    };
    fc.assert(fc.property(factors, people, (needed, voters) => {
      const filling = fill(needed, voters);
      expect(filling.have).toBe(best(needed.flatMap((one) => Array.from({ length: one.count }, () => one)), voters));
      expect(fill(needed, voters.toReversed()).have).toBe(filling.have);
      expect(filling.factors.reduce((sum, { have }) => sum + have, 0)).toBe(filling.have);
    }), { seed: 9, numRuns: 300 });
  });
});
