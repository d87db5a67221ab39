import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { hashText, keyOf } from './hash.ts';
import { add, countOf, fade, newTable, rawCount } from './table.ts';
import type { Probation } from './table.ts';

const none: Probation = { runs: 0, days: 0, principals: 0 };
const strict: Probation = { runs: 3, days: 2, principals: 2 };
const key = (n: number) => keyOf(1, n);
const endless = Number.POSITIVE_INFINITY;

describe('a table of habits', () => {
  it('counts exactly what it was told, also after it has grown', () => {
    fc.assert(fc.property(fc.array(fc.nat(200), { maxLength: 1_000 }), (told) => {
      const table = newTable(16, 4_096);
      const exact = new Map<number, number>();
      for (const one of told) {
        add(table, key(one), 1, 0, none, endless);
        exact.set(one, (exact.get(one) ?? 0) + 1);
      }
      for (const [one, count] of exact) expect(rawCount(table, key(one))).toBe(count);
      expect(rawCount(table, key(999))).toBe(0);
    }), { seed: 41, numRuns: 50 });
  });

  it('keeps its habits and its size under a flood of a million different things', () => {
    const table = newTable(32, 256);
    for (let n = 0; n < 20; n++) for (let times = 0; times < 50; times++) add(table, key(n), 1, 0, none, endless);
    for (let n = 0; n < 1_000_000; n++) add(table, key(1_000 + n), 1, 0, none, endless);
    expect(table.keys.length).toBe(256);
    const kept = Array.from({ length: 20 }, (_, n) => rawCount(table, key(n))).filter((count) => count >= 50);
    expect(kept.length).toBe(20);
  });

  it('takes little notice of what it saw in one run, on one day or of one principal', () => {
    const table = newTable(32, 32);
    const see = (day: number, principal: number): number => {
      table.day = day;
      add(table, key(1), 1, principal, strict, endless);
      return countOf(table, key(1), strict);
    };
    // One principal, for days: on probation. A second one: habit.
    expect([see(1, 7), see(1, 7), see(2, 7), see(3, 7), see(4, 7)]).toEqual([1, 1, 1, 1, 1]);
    expect(see(5, 8)).toBe(6);
  });

  it('takes up no more young things in a day than its allowance, and goes on with what it knows', () => {
    const table = newTable(32, 4_096);
    table.day = 1;
    for (let n = 0; n < 100; n++) add(table, key(n), 1, 0, { runs: 2, days: 1, principals: 1 }, 10);
    expect(table.used).toBe(10);
    table.day = 2;
    table.moved = 0;
    for (let times = 0; times < 50; times++) add(table, key(3), 1, 0, { runs: 2, days: 1, principals: 1 }, 10);
    expect(rawCount(table, key(3))).toBe(51);
  });

  it('forgets by halves', () => {
    const table = newTable(32, 32);
    for (let times = 0; times < 8; times++) add(table, key(5), 1, 0, none, endless);
    fade(table);
    expect(rawCount(table, key(5))).toBe(4);
  });

  it('has keys that are never the mark of an empty slot and differ for different parts', () => {
    const seen = new Set<number>();
    for (let kind = 1; kind < 15; kind++) for (let n = 0; n < 1_000; n++) seen.add(keyOf(kind, n, n + 1));
    expect(seen.has(0)).toBe(false);
    expect(seen.size).toBeGreaterThan(14_000 - 5);
    expect(hashText('ab')).not.toBe(hashText('ba'));
  });
});
