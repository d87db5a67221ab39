import { describe, expect, it } from '@jest/globals';
import { tests } from '@bufbuild/cel-spec/testdata/conformance.js';
import fc from 'fast-check';
import { compileTree, Unsupported } from './compile.ts';
import { expression } from './expression.ts';
import { interpretTree } from './interpret.ts';
import { createSlots } from './names.ts';
import type { Names } from './names.ts';
import { CelProblem, parseCel } from './parse.ts';
import { newScope } from './scope.ts';
import { Failure } from './value.ts';
import type { Result, Value } from './value.ts';

const freeze = <T>(value: T): T => { if (typeof value === 'object' && value !== null) Object.values(Object.freeze(value)).forEach(freeze); return value; };
const facts: Readonly<Record<string, Value>> = freeze({
  n: 7, m: -3, zero: 0, half: 0.5, big: Number.MAX_SAFE_INTEGER, s: 'abc', t: '', long: 'ab'.repeat(200), yes: true, no: false, nil: null,
  list: [1, 2, 3], words: ['a', 'abc', 'ab'.repeat(100)], map: { a: 1, b: { c: 'x' } }, deep: [[1, [2]], [[3]]], 'map.dotted': 'own',
});
const limit = 5;
const names: Names = { has: (name) => Object.hasOwn(facts, name) || name === 'p.limit' || name === 'lost', byArguments: () => false, constant: (name) => (name === 'p.limit' ? limit : undefined) };

interface Ran { readonly result: unknown; readonly left: number | 'none' }
/** Compiled with its way out to the interpreter, and the interpreter alone, on the same frozen facts and fuel; undefined where the compiler does not take it. */
const both = (source: string, fuel = 1e6): { readonly compiled: Ran; readonly interpreted: Ran } | undefined => {
  const whole = (() => { try { return expression(source, names, createSlots()); } catch (error) { if (error instanceof CelProblem) return undefined; throw error; } })();
  if (whole === undefined || whole.interpreted !== null) return undefined;
  const play = (make: (slots: ReturnType<typeof createSlots>) => (scope: ReturnType<typeof newScope>) => Result): Ran => {
    const slots = createSlots();
    const run = make(slots);
    const scope = newScope(slots.names.map((name) => (Object.hasOwn(facts, name) ? facts[name]! : new Failure(`${name} is not known`, false))), fuel);
    const result = run(scope);
    return { result: scope.fuel < 0 ? 'out of fuel' : result instanceof Failure ? 'error' : result, left: scope.fuel < 0 ? 'none' : scope.fuel };
  };
  return {
    compiled: play((slots) => expression(source, names, slots).run),
    interpreted: play((slots) => interpretTree(parseCel(source), whole.uses, names, slots)),
  };
};
const same = (source: string, fuel?: number): void => {
  const ran = both(source, fuel);
  if (ran !== undefined) expect(JSON.stringify({ source, fuel, ...ran.compiled })).toBe(JSON.stringify({ source, fuel, ...ran.interpreted }));
};

interface Suite { readonly name: string; readonly suites?: readonly Suite[]; readonly tests?: readonly { readonly original?: { readonly expr?: string } }[] }
const sources = (suite: Suite): string[] => [...(suite.tests ?? []).map((test) => test.original?.expr ?? ''), ...(suite.suites ?? []).flatMap(sources)];

describe('compiled CEL against the interpreter', () => {
  it('agrees on every conformance case that the compiler takes, fuel included', () => {
    let compared = 0;
    const differ: string[] = [];
    for (const source of sources(tests as unknown as Suite)) {
      const ran = (() => { try { return both(source); } catch { return undefined; } })();
      if (ran === undefined) continue;
      compared++;
      if (JSON.stringify(ran.compiled) !== JSON.stringify(ran.interpreted)) differ.push(`${source}: ${JSON.stringify(ran)}`);
    }
    expect({ differ, enough: compared > 250 }).toEqual({ differ: [], enough: true });
  });

  const atom = fc.constantFrom('n', 'm', 'zero', 'big', 's', 't', 'long', 'yes', 'no', 'nil', 'list', 'words', 'map', 'deep', 'lost', 'p.limit', 'map.a', 'map.b.c', 'map.none', 'map.dotted', '1', '-2', '"abc"', 'half', '1.5', 'true', 'has(map.a)', 'has(map.zz)', '[1, n]', '["a", "abc"]', '[]');
  const { tree } = fc.letrec<{ tree: string }>((tie) => ({
    tree: fc.oneof({ maxDepth: 4, withCrossShrink: true }, atom,
      fc.tuple(tie('tree'), fc.constantFrom('==', '!=', '<', '<=', '>', '>=', '&&', '||', '+', '-', '*', '/', '%', 'in'), tie('tree')).map(([a, op, b]) => `(${a} ${op} ${b})`),
      fc.tuple(tie('tree'), fc.constantFrom('&&', '||'), tie('tree'), tie('tree')).map(([a, op, b, c]) => `(${a} ${op} ${b} ${op} ${c})`),
      fc.tuple(tie('tree'), tie('tree'), tie('tree')).map(([a, b, c]) => `(${a} ? ${b} : ${c})`),
      tie('tree').map((a) => `!(${a})`), tie('tree').map((a) => `-(${a})`), tie('tree').map((a) => `size(${a})`),
      fc.tuple(tie('tree'), tie('tree')).map(([a, b]) => `(${a})[${b}]`), fc.tuple(tie('tree'), tie('tree')).map(([a, b]) => `[${a}, ${b}]`),
      fc.tuple(tie('tree'), fc.constantFrom('startsWith', 'endsWith', 'contains'), tie('tree')).map(([a, f, b]) => `(${a}).${f}(${b})`),
      fc.tuple(tie('tree'), fc.constantFrom('^(a+)+$', 'b', '[a-c]{2,}', '\\\\d')).map(([a, b]) => `(${a}).matches("${b}")`),
      fc.tuple(tie('tree'), fc.constantFrom('exists', 'all', 'exists_one', 'filter', 'map'), fc.constantFrom('x == 1', 'x > n', 'size(x) > 1', 'x', 'x in list', 'x + half > 1.0', 'list.exists(y, y == x)', 'words.map(w, w + s) == [x]', 'x == long')).map(([a, f, b]) => `(${a}).${f}(x, ${b})`)),
  }));
  it('agrees on generated expressions, doubles and integers beyond 2^53 included', () => { fc.assert(fc.property(tree, (source) => same(source)), { seed: 7, numRuns: 1_500 }); });
  it('runs out of fuel at the same place', () => { fc.assert(fc.property(tree, fc.integer({ min: 0, max: 40 }), (source, fuel) => same(source, fuel)), { seed: 8, numRuns: 1_500 }); });

  it('leaves to the interpreter what it does not cover, and says what', () => {
    const why = (source: string): string | null => expression(source, names).interpreted;
    expect(['timestamp("2026-01-01T00:00:00Z") < timestamp("2026-01-02T00:00:00Z")', 'int("7") == n', 'b"a" == b"a"', '1u == 1u', '{"a": 1}.a == 1', '1.0 == half', 'n == 9223372036854775807'].map(why)).toEqual([
      'function timestamp', 'function int', 'bytesValue 97', 'uint64Value 1', 'structExpr', 'doubleValue 1', 'int64Value 9223372036854775807'].map((text) => expect.stringContaining(text.split(' ')[0]!)));
    expect(why('n > 1 && s.matches("a")')).toBeNull();
    expect(() => compileTree(parseCel('int(s)'), names, createSlots())).toThrow(Unsupported);
  });
});
