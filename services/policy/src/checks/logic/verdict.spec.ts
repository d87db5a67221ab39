import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import fc from 'fast-check';
import type { BundleSpec } from '../../core/rules/bundle.ts';
import { compileBundle } from '../../core/rules/compile.ts';
import { startSolver } from '../solver/solver.ts';
import type { Solver } from '../solver/solver.ts';
import type { CatalogueTool } from '../types.ts';
import { strengthOf } from '../diff/looser.ts';
import { rowsOf } from './matrix.ts';
import { outcomesOf } from './outcome.ts';
import { not } from './terms.ts';
import { createToolWorld, firedIn } from './tool-world.ts';
import { strengths, verdictsOf } from './verdict.ts';

jest.setTimeout(300_000);

const tool = (change: Partial<CatalogueTool>): CatalogueTool => ({
  tool: 'pay.send', system: 's', title: '', consequential: true, reversible: false, compensator: null, dataClasses: ['financial', 'personal'], enforcement: 'brokered', audience: 's',
  schema: { type: 'object', additionalProperties: false, required: ['to', 'minor'], properties: { to: { type: 'string' }, minor: { type: 'integer' }, place: { enum: ['a', 'b'] }, list: { type: 'array', items: { type: 'string' } }, any: {} } },
  facts: { target: '[args.to]', amount: 'args.minor', currency: 'args.to', place: 'args.place', list: 'has(args.list) ? args.list : []', any: 'args.any' }, resultTrust: 'record', resultFields: {}, ...change,
});
const tools = [tool({}), tool({ reversible: true, facts: { target: 'args.list', amountMajor: 'args.any', currency: '"EUR"' } }), tool({ consequential: false, facts: { place: 'args.place' } })];

const atom = fc.constantFrom('amount > 10', 'amount == null', 'target.named', 'target.count > 1', 'place == "a"', '"x" in list', 'list.exists(i, i == "y")', 'size(list) == 2', 'any > 3', 'any', 'level == "high"', 'run.calls * 2 > amount', 'list[0].startsWith("z")',
  '"personal" in tool.data', 'target.trust in ["record", "alias"]', 'act.done > parameters.limit', 'score > 1', 'amount / run.calls > 2', 'instruction.attested', 'true', '(place == "a" ? amount > 1 : any == "q")', 'confidence < 0.5', 'owed == 1', 'list.all(i, size(i) > 1)', '(list + ["w"]).exists(i, i == place)');
const { condition } = fc.letrec<{ condition: string }>((tie) => ({
  condition: fc.oneof({ maxDepth: 3 }, atom, fc.tuple(tie('condition'), fc.constantFrom('&&', '||'), tie('condition')).map(([a, op, b]) => `(${a} ${op} ${b})`), tie('condition').map((a) => `!(${a})`)),
}));
const approval = (role: string, quorum: number) => ({ approval: { route: [role, 'any'], quorum, expiresIn: '1h' } });
const effect = fc.constantFrom<object>({ tier: 1 }, { tier: 2 }, { tier: 3 }, { tier: 4 }, { decision: 'deny' }, { decision: 'defer' }, { decision: 'step_up' }, { tier: 3, obligations: approval('x', 2) }, { tier: 3, obligations: { approval: { route: ['y'], quorum: 1, expiresIn: '5m' } } },
  { tier: 4, obligations: approval('z', 3) }, { tier: 2, obligations: { rewrite: [{ path: 'args.to', value: '"safe"' }] } }, { tier: 2, obligations: { rewrite: [{ path: 'args.to', value: 'place' }] } }, { tier: 1, obligations: { reversalWindow: '2h', redact: ['args.place'] } });
const rules = fc.array(fc.tuple(condition, effect), { minLength: 1, maxLength: 5 }).map((list) => list.map(([when, more], i) => ({ id: `r${i}`, owner: 'o', rationale: `r${i}`, tools: ['*'], when, ...more })));
const matrix = fc.constantFrom<object>({}, { money: { fact: 'amount', currency: 'EUR', from: { 2: 5, 3: 100 } } }, { sensitivity: { fact: 'tool.data', values: { personal: 3 }, otherwise: 2 }, confidence: { fact: 'confidence', ceiling: 2, below: { 3: 0.5 } } }, { records: [{ fact: 'run.calls', consequential: true, from: { 4: 100 } }, { fact: 'any', from: { 2: 1 } }] });
const bundles = fc.record({ rules, matrix, neverAutomate: fc.constantFrom<string[]>([], ['pay.*']), permit: fc.constantFrom(['*'], ['*'], ['mail.*']) })
  .map((more): BundleSpec => ({ version: '1', facts: ['place', 'list', 'any', 'score'], awaited: { owed: { from: ['risk'] } }, parameters: { limit: 3 }, ...more }) as BundleSpec);

describe('what the solver is told of a verdict is what evaluateRules says', () => {
  let solver: Solver;
  beforeAll(async () => { solver = await startSolver(); });
  afterAll(() => solver.stop());

  it('for generated bundles and the facts that the solver finds for every strictness, everything it says holds', async () => {
    let compared = 0;
    await fc.assert(fc.asyncProperty(bundles, fc.constantFrom(...tools), async (spec, declared) => {
      const bundle = compileBundle(spec);
      const notes: string[] = [];
      const world = createToolWorld(solver, declared.tool, declared, new Set(['place', 'list', 'any']), (why) => notes.push(why));
      const outcomes = outcomesOf(bundle, bundle.index(declared.tool).rules, world.facts, world.script, (_, why) => notes.push(why));
      const said = verdictsOf(bundle, declared.tool, outcomes, rowsOf(spec.matrix, declared.tool, world.facts, world.script), world.facts, world.script);
      const questions = [...strengths.map((strength) => said.atLeast[strength]), ...strengths.map((strength) => not(said.atLeast[strength])), ...outcomes.map(({ fires }) => fires), said.asks];
      for (const question of questions) {
        // Everything at once: the model says of each part whether it holds, and the real rules must say the same.
        const found = await world.find(question, [...strengths.map((one) => said.atLeast[one]), said.asks, ...outcomes.map(({ fires }) => fires), ...said.roles.map(said.mayApprove), ...said.quorums.map(said.quorumAtLeast)]);
        // What goes on beyond the elements that are looked at is a guess, which the lint tries out.
        if (typeof found === 'string' || notes.some((why) => !/ list| elements/.test(why)) || Object.values(found.facts).some(({ value }) => Array.isArray(value) && value.length > 3)) continue;
        compared++;
        const verdict = world.decide(bundle, found);
        const strength = strengthOf(verdict);
        const asked = verdict.approval !== null;
        const told = (term: string) => found.says!(term);
        expect({
          spec, facts: found.facts, failed: found.failed, verdict: verdict.rules, atLeast: strengths.map((one) => told(said.atLeast[one])), fires: outcomes.map(({ fires }) => told(fires)), asks: told(said.asks),
          roles: asked ? said.roles.filter((role) => told(said.mayApprove(role))) : null, quorums: asked ? said.quorums.filter((count) => told(said.quorumAtLeast(count))) : null,
        }).toEqual({
          spec, facts: found.facts, failed: found.failed, verdict: verdict.rules, atLeast: strengths.map((one) => strength >= one), fires: outcomes.map(({ rule }) => firedIn(verdict, rule)), asks: verdict.decision === 'step_up',
          roles: asked ? verdict.approval!.route : null, quorums: asked ? said.quorums.filter((count) => verdict.approval!.quorum >= count) : null,
        });
      }
    }), { seed: 4, numRuns: 12 });
    expect(compared).toBeGreaterThan(60);
  });
});

