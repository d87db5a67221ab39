import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import type { Fact } from '@countersign/contracts';
import fc from 'fast-check';
import type { BundleSpec } from '../../core/rules/bundle.ts';
import { compileBundle, compileTool } from '../../core/rules/compile.ts';
import { evaluateRules } from '../../core/rules/evaluate.ts';
import { diffBundles } from '../diff/diff.ts';
import { strengthOf } from '../diff/looser.ts';
import { firedIn, without } from '../logic/tool-world.ts';
import { startSolver } from '../solver/solver.ts';
import type { Solver } from '../solver/solver.ts';
import type { CatalogueTool } from '../types.ts';
import { lintBundle } from './lint.ts';
import { differs } from './needed.ts';

jest.setTimeout(300_000);

/** Arguments of so few values that every proposal can be tried. */
const numbers = [0, 1, 2, 3], places = ['a', 'b', 'c'];
const declared: CatalogueTool = {
  tool: 'x.y', system: 's', title: '', consequential: true, reversible: true, compensator: null, dataClasses: [], enforcement: 'brokered', audience: 's', resultTrust: 'record', resultFields: {},
  schema: { type: 'object', additionalProperties: false, required: ['n', 'm', 'p'], properties: { n: { type: 'integer', minimum: 0, maximum: 3 }, m: { type: 'integer', minimum: 0, maximum: 3 }, p: { enum: places }, yes: { type: 'boolean' } } },
  facts: { n: 'args.n', m: 'args.m', p: 'args.p', yes: 'has(args.yes) && args.yes' },
};
const tool = compileTool({ ...declared, tenant: '', version: 1, definition: '' });
const fact = (value: unknown): Fact => ({ value, origin: 'derived' }) as Fact;
const base = { 'agent.ceiling': 2, 'instruction.attested': true, 'target.named': false, 'amount.named': true, approval: 'none' };
const everything = numbers.flatMap((n) => numbers.flatMap((m) => places.flatMap((p) => [true, false].flatMap((yes) => [0, 1, 2].map((ceiling) =>
  Object.fromEntries(Object.entries({ ...base, n, m, p, yes, 'agent.ceiling': ceiling }).map(([name, value]) => [name, fact(value)])))))));

const atom = fc.constantFrom('n > 1', 'n == m', 'n + m > 4', 'n * m == 6', 'p == "a"', 'p in ["a", "b"]', 'p != "c"', 'yes', 'm / n > 1', 'n % 2 == 1', 'p.startsWith("b")', 'p > "a"', 'n < 0', 'yes == (n > 2)', 'size(p) == 2', '[n, m].exists(i, i == 3)', 'm - n >= 3');
const { condition } = fc.letrec<{ condition: string }>((tie) => ({
  condition: fc.oneof({ maxDepth: 2 }, atom, fc.tuple(tie('condition'), fc.constantFrom('&&', '||'), tie('condition')).map(([a, op, b]) => `(${a} ${op} ${b})`), tie('condition').map((a) => `!(${a})`)),
}));
const effect = fc.constantFrom<object>({ tier: 2 }, { tier: 3 }, { tier: 4 }, { decision: 'deny' }, { decision: 'defer' }, { tier: 3, obligations: { approval: { route: ['x'], quorum: 2, expiresIn: '1h' } } });
const bundle = fc.array(fc.tuple(condition, effect), { minLength: 1, maxLength: 4 }).map((list): BundleSpec => ({
  version: '1', permit: ['*'], facts: ['n', 'm', 'p', 'yes'], rules: list.map(([when, more], i) => ({ id: `r${i}`, owner: 'o', rationale: `r${i}`, tools: ['*'], when, ...more })),
}));

let solver: Solver;
beforeAll(async () => { solver = await startSolver(); });
afterAll(() => solver.stop());

it('dead is what nothing fires, shadowed what changes nothing, and nothing else is', async () => {
  await fc.assert(fc.asyncProperty(bundle, async (spec) => {
    const compiled = compileBundle(spec);
    const { problems, notChecked } = await lintBundle(spec, [declared], solver);
    expect(notChecked).toEqual([]);
    const all = everything.map((facts) => ({ facts, verdict: evaluateRules(compiled, tool, facts, []) }));
    const gone = new Set(problems.filter(({ kind }) => kind === 'dead' || kind === 'shadowed').map(({ rule }) => rule));
    for (const rule of compiled.rules) {
      const fires = all.filter(({ verdict }) => firedIn(verdict, rule));
      const matters = fires.some(({ facts, verdict }) => differs(verdict, evaluateRules(without(compiled, (other) => other === rule), tool, facts, [])));
      const said = problems.filter((problem) => problem.rule === rule.id).map(({ kind }) => kind);
      expect({ spec, rule: rule.id, dead: said.includes('dead') }).toEqual({ spec, rule: rule.id, dead: fires.length === 0 && !said.includes('always_fails') });
      if (matters) expect({ spec, rule: rule.id, said: said.filter((kind) => kind !== 'contradictory' && kind !== 'always_fails') }).toEqual({ spec, rule: rule.id, said: [] });
    }
    // All that are said to be shadowed can go at once, and wherever they fired nothing changes.
    for (const { facts, verdict } of all) {
      if (compiled.rules.some((rule) => gone.has(rule.id) && verdict.rules.some(({ id, reason }) => id === rule.id && reason !== rule.rationale))) continue;
      expect({ spec, changed: differs(verdict, evaluateRules(without(compiled, ({ id }) => gone.has(id)), tool, facts, [])) }).toEqual({ spec, changed: false });
    }
  }), { seed: 11, numRuns: 15 });
});

it('a version is looser where trying everything says so', async () => {
  await fc.assert(fc.asyncProperty(bundle, bundle, async (one, other) => {
    const [old, next] = [compileBundle(one), compileBundle(other)];
    const { loosened, undecided } = await diffBundles(one, other, [declared], solver);
    const weaker = everything.some((facts) => strengthOf(evaluateRules(next, tool, facts, [])) < strengthOf(evaluateRules(old, tool, facts, [])));
    const found = loosened.filter((example) => example.tool === 'x.y');
    expect(undecided.filter((why) => why.startsWith('x.y'))).toEqual([]);
    if (weaker) expect({ one, other, found: found.length > 0 }).toEqual({ one, other, found: true });
    if (found.length === 0) expect({ one, other, weaker }).toEqual({ one, other, weaker: false });
    for (const example of found) expect(example.old).not.toEqual(example.new);
  }), { seed: 12, numRuns: 12 });
});
