import { describe, expect, it } from '@jest/globals';
import { cpuMs } from '@countersign/spec';
import { expression } from './expression.ts';
import { createSlots } from './names.ts';
import type { Names } from './names.ts';
import { caps, fuelPerAction, newScope } from './scope.ts';
import { Failure } from './value.ts';
import type { Result, Value } from './value.ts';

/** Runs a condition whose names starting with `a` come from the arguments. */
const run = (source: string, given: Readonly<Record<string, Value | Failure>> = {}, fuel = fuelPerAction): Result => {
  const names: Names = { has: (name) => /^[ao]\w*$/.test(name), byArguments: (name) => name.startsWith('a') };
  const slots = createSlots();
  const { run: go } = expression(source, names, slots);
  return go(newScope(slots.names.map((name) => given[name] ?? (name in given ? null : new Failure(`${name} is not known`, name.startsWith('a')))), fuel));
};
const failed = (result: Result): string => (result instanceof Failure ? (result.byArguments ? 'the arguments' : 'ours') : String(result));
const timed = <T>(work: () => T): { readonly value: T; readonly ms: number } => { const from = cpuMs(); const value = work(); return { value, ms: cpuMs() - from }; };

describe('who is to blame where a condition cannot be evaluated', () => {
  it.each<[string, string, Record<string, Value | Failure>, string]>([
    ['arguments of another type', 'amount > 10', { amount: 'much' }, 'the arguments'],
    ['a fact of ours of another type', 'odd > 10', { odd: 'x' }, 'ours'],
    ['a fact that the arguments broke', 'amount > 10', { amount: new Failure('no number', true) }, 'the arguments'],
    ['a fact that we could not derive, beside sound arguments', 'amount > 10 && odd', { amount: 50, odd: new Failure('no table', false) }, 'ours'],
    ['both', 'amount > odd', { amount: new Failure('no number', true), odd: new Failure('no table', false) }, 'the arguments'],
    ['nobody, where the other side decides', 'odd || amount > 10', { amount: 50, odd: new Failure('no table', false) }, 'true'],
  ])('%s', (_, source, given, who) => {
    expect(failed(run(source, given))).toBe(who);
    // int() sends the same condition through the interpreter.
    expect(failed(run(`(${source}) && int("1") == 1`, given))).toBe(who);
  });
});

describe('arguments built to do harm', () => {
  const list = Array.from({ length: 5_000 }, (_, i) => i);
  it.each<[string, string, Record<string, Value>]>([
    ['loops in loops', 'args.all(x, args.all(y, args.all(z, x + y + z >= 0)))', { args: list }],
    ['the same, interpreted', 'args.all(x, args.all(y, int(x) + y >= 0))', { args: list }],
    ['a list longer than any may be', 'args.exists(x, x == -1)', { args: Array.from({ length: caps.elements + 1 }, () => 0) }],
    ['the same, interpreted', 'args.exists(x, int(x) == -1)', { args: Array.from({ length: caps.elements + 1 }, () => 0) }],
    ['text that doubles', 'args.map(x, a + a + a + a).size() > 0', { args: list, a: 'x'.repeat(10_000) }],
    ['a search that goes back and forth', 'args.all(x, !a.contains(ab))', { args: list, a: 'a'.repeat(100_000), ab: `b${'a'.repeat(50_000)}` }],
    ['equality of large values in a loop', 'args.all(x, a == ab)', { args: list, a: list, ab: list }],
    ['text longer than any may be', 'a == ab', { a: 'x'.repeat(caps.text + 1), ab: 'x' }],
    ['patterns that explode elsewhere, on long text', 'a.matches("^(a+)+$") || a.matches("(x+x+)+y") || a.matches("(a?){400}a{400}")', { a: `${'a'.repeat(60_000)}!` }],
  ])('%s: stops, and it is their fault', (_, source, given) => {
    const { value, ms } = timed(() => run(source, given));
    expect(failed(value)).toBe('the arguments');
    expect(ms).toBeLessThan(2_000);
  });
  it('a pattern that explodes elsewhere is linear here', () => {
    const { value, ms } = timed(() => run('a.matches("^(a+)+$")', { a: `${'a'.repeat(2_000)}!` }));
    expect(value).toBe(false);
    expect(ms).toBeLessThan(500);
  });
  it('deep nesting ends at a depth, in both engines', () => {
    let deep: Value = 1;
    for (let i = 0; i < 5_000; i++) deep = [deep];
    expect(failed(run('a == ab', { a: deep, ab: deep }))).toBe('the arguments');
    expect(failed(run('size(string(1)) == 1 && a == ab', { a: deep, ab: deep }))).toBe('the arguments');
  });
  it('what was spent is the same on every run', () => {
    for (const fuel of [10, 100, 1_000, 10_000]) expect(new Set([1, 2, 3].map(() => failed(run('args.all(x, x in args)', { args: list }, fuel)))).size).toBe(1);
  });
});

describe('odd values', () => {
  it('own properties are fields, inherited ones are not', () => {
    for (const field of ['constructor', '__proto__', 'toString', 'hasOwnProperty']) {
      expect(run(`has(args.${field})`, { args: {} })).toBe(false);
      expect(failed(run(`args.${field} == 1`, { args: {} }))).toBe('the arguments');
      expect(failed(run(`args["${field}"] == 1`, { args: {} }))).toBe('the arguments');
      expect(run(`"${field}" in args`, { args: {} })).toBe(false);
    }
    expect(run('has(args.__proto__) && args.__proto__ == 1', { args: JSON.parse('{"__proto__":1}') as Value })).toBe(true);
  });
  it('integers beyond 2^53 are exact or no answer at all', () => {
    expect(run('a * 3 > a', { a: Number.MAX_SAFE_INTEGER })).toBe(true);
    expect(run('a + 1 == a + 2', { a: Number.MAX_SAFE_INTEGER })).toBe(false);
    expect(failed(run('a * a * a > 0', { a: Number.MAX_SAFE_INTEGER }))).toBe('the arguments');
    expect(failed(run('a + 1', { a: Number.MAX_SAFE_INTEGER }))).toBe('the arguments');
    expect(run('a == 9007199254740993', { a: 9007199254740992 })).toBe(run('9007199254740993 == a', { a: 9007199254740992 }));
  });
  it('NaN is not equal to anything, and below nothing', () => expect(['a == a', 'a != a', 'a < 1.5', 'a > 1.5', 'a in [1, 2]'].map((source) => run(source, { a: Number.NaN }))).toEqual([false, true, false, false, false]));
  it('dates at the edge of the calendar are dates, beyond it errors', () => {
    expect(run('timestamp(a) < timestamp("9999-12-31T23:59:59Z")', { a: '0001-01-01T00:00:00Z' })).toBe(true);
    for (const a of ['10000-01-01T00:00:00Z', '0000-12-31T23:59:59Z', '2026-13-01T00:00:00Z', '']) expect(failed(run('timestamp(a) < timestamp("9999-12-31T23:59:59Z")', { a }))).toBe('the arguments');
  });
  it('no macro changes what it is given', () => {
    const given = { args: Object.freeze([1, 2, 3]) as Value };
    expect(run('args.map(x, x + 1).filter(x, x > 2) + args', given)).toEqual([3, 4, 1, 2, 3]);
    expect(given.args).toEqual([1, 2, 3]);
  });
});

describe('what is refused when a bundle is read', () => {
  it.each<[string, string, RegExp]>([
    ['a name that does not exist', 'o > 1 && Amout > 2', /unknown name Amout/],
    ['a function that does not exist', 'o.reverse() == a', /unknown function reverse/],
    ['a pattern from the arguments', 'o.matches(a)', /matches needs its pattern as a text/],
    ['a pattern that is none', 'a.matches("(")', /./],
    ['a pattern that repeats without measure', 'a.matches("((a{100}){100}){100}")', /invalid repeat count/],
    ['a long pattern', `a.matches("${'a'.repeat(501)}")`, /at most 500 characters/],
    ['a long text', `a == "${'x'.repeat(4_000)}"`, /longer than 4000/],
    ['parentheses without end', `${'('.repeat(1_990)}a${')'.repeat(1_990)}`, /./],
    ['macros in macros in macros', `${Array.from({ length: 10 }, (_, i) => `args.all(x${i}, `).join('')}true${')'.repeat(10)}`, /nested deeper than 8/],
  ])('%s', (_, source, why) => expect(() => run(source, { args: [] })).toThrow(why));
  it('an unknown name has a place', () => {
    try { run('o > 1 && Amout > 2'); } catch (error) { expect((error as { offset: number }).offset).toBe(9); }
    expect.assertions(1);
  });
});
