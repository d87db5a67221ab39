import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { BundleSpec, RuleSpec } from '../../core/rules/bundle.ts';
import { startSolver } from '../solver/solver.ts';
import type { Solver } from '../solver/solver.ts';
import type { Catalogue, CatalogueTool } from '../types.ts';
import { diffBundles } from './diff.ts';

jest.setTimeout(120_000);

const tool = (name: string, facts: Readonly<Record<string, string>>, change: Partial<CatalogueTool> = {}): CatalogueTool => ({
  tool: name, system: 's', title: '', consequential: true, reversible: true, compensator: null, dataClasses: [], enforcement: 'brokered', audience: 's',
  schema: { type: 'object', additionalProperties: false, required: ['minor', 'environment'], properties: { minor: { type: 'integer', minimum: 1, maximum: 1_000_000 }, environment: { enum: ['staging', 'production'] }, memo: { type: 'string' } } },
  facts, resultTrust: 'record', resultFields: {}, ...change,
});
const catalogue: Catalogue = [tool('pay.send', { amount: 'args.minor', currency: '"EUR"', memo: 'has(args.memo) ? args.memo : ""' }), tool('release.deploy', { 'deploy.environment': 'args.environment' })];
const rule = (id: string, when: string, more: Partial<RuleSpec>): RuleSpec => ({ id, owner: 'o', rationale: id, tools: [id.startsWith('pay') ? 'pay.*' : 'release.*'], when, ...more });
const asks = (role: string, quorum = 1) => ({ approval: { route: [role], quorum, expiresIn: '1h' } });
const base: BundleSpec = {
  version: '1', permit: ['pay.*', 'release.*'], facts: ['deploy.environment', 'memo'], parameters: { limit: 1_000 }, budget: { calls: 60 }, neverAutomate: [],
  rules: [
    rule('pay-limit', 'amount > parameters.limit', { tier: 3, obligations: asks('treasurer', 2) }),
    rule('pay-memo', 'memo.contains("@")', { tier: 2, obligations: { redact: ['args.memo'], reversalWindow: '2h' } }),
    rule('deploy-staging', 'deploy.environment == "staging"', { tier: 3 }), rule('deploy-production', 'deploy.environment == "production"', { decision: 'deny' }),
  ],
};
const changed = (id: string, change: Partial<RuleSpec>): BundleSpec => ({ ...base, version: '2', rules: base.rules.map((one) => (one.id === id ? { ...one, ...change } : one)) });
let solver: Solver;
beforeAll(async () => { solver = await startSolver(); });
afterAll(() => solver.stop());

const said = async (next: BundleSpec, old = base) => {
  const { loosened, tightened, undecided } = await diffBundles(old, next, catalogue, solver);
  return { loosened: loosened.map(({ says }) => says), tightened: tightened.map(({ says }) => says), undecided };
};
const nothing = { loosened: [], tightened: [], undecided: [] };

describe('a new version', () => {
  it('that says the same in other words is neither looser nor stricter', async () => {
    expect(await said({ ...base, version: '2' })).toEqual(nothing);
    expect(await said({ ...changed('pay-limit', { id: 'pay-renamed', when: '!(amount <= 1000)' }), parameters: {} })).toEqual(nothing);
  });

  it.each<[string, BundleSpec, readonly string[]]>([
    ['lowers a tier', changed('deploy-staging', { tier: 2 }), ["release.deploy with deploy.environment = 'staging' was tier 3, is tier 2"]],
    ['lets go of a deny', changed('deploy-production', { tier: 4, decision: undefined as never }), ["release.deploy with deploy.environment = 'production' was denied, is tier 4"]],
    ['raises a parameter', { ...base, parameters: { limit: 2_000 } }, [expect.stringMatching(/^pay\.send with amount = (1\d\d\d|2000) was tier 3, is tier 2$/) as never]],
    ['asks fewer people', changed('pay-limit', { obligations: asks('treasurer') }), [expect.stringMatching(/^pay\.send with amount = \d+ needed 2 approvals, needs 1$/) as never]],
    ['asks other people', changed('pay-limit', { obligations: asks('intern', 2) }), [expect.stringMatching(/was approved by treasurer, may be by intern$/) as never]],
    ['keeps what was taken out', changed('pay-memo', { obligations: { reversalWindow: '2h' } }), [expect.stringMatching(/^pay\.send with memo = '.*@.*' had args\.memo changed, keeps it as proposed$/) as never]],
    ['lets a reversal lapse sooner', changed('pay-memo', { obligations: { redact: ['args.memo'], reversalWindow: '1h' } }), [expect.stringMatching(/could be reversed for 120 minutes, can be for 60$/) as never]],
    ['permits what no tool is called yet', { ...base, permit: [...base.permit, 'crm.*'] }, [expect.stringMatching(/^crm\.… was denied, is tier [12]$/) as never]],
    ['raises a budget', { ...base, budget: { calls: 100 } }, ['what a run may use of calls was 60, is 100']],
    ['drops two rules', { ...base, rules: base.rules.filter(({ id }) => !id.startsWith('deploy')) }, ["release.deploy with deploy.environment = 'staging' was tier 3, is tier 2", "release.deploy with deploy.environment = 'production' was denied, is tier 2"]],
  ])('that %s is looser, with facts that show it; the other way round it is stricter', async (_, next, expected) => {
    const forth = await said(next);
    expect([...forth.loosened].sort()).toEqual([...expected].sort());
    expect(forth.undecided).toEqual([]);
    const back = await said(base, next);
    expect({ undecided: back.undecided, stricter: back.tightened.length }).toEqual({ undecided: [], stricter: expected.length });
  });

  it('that is looser here and stricter there says both', async () => {
    const { loosened, tightened } = await said(changed('deploy-staging', { when: 'deploy.environment == "staging" && level == "high"', tier: 4 }));
    expect(loosened).toEqual([expect.stringMatching(/deploy\.environment = 'staging', level = '(normal|raised|stale)' was tier 3, is tier 2/)]);
    expect(tightened).toEqual([expect.stringMatching(/deploy\.environment = 'staging', level = 'high' was tier 3, is tier 4/)]);
  });

  it('takes a rule off the list of what is never automated', async () => {
    expect((await said({ ...base, rules: [] }, { ...base, neverAutomate: ['release.deploy'], rules: [] })).loosened).toEqual(['release.deploy was tier 3, is tier 2']);
  });

  it('that lowers a threshold of the matrix is looser', async () => {
    const money = (from: number): BundleSpec => ({ ...base, rules: [], matrix: { money: { fact: 'amount', currency: 'EUR', tools: ['pay.*'], from: { 3: from } } } });
    expect((await said(money(500), money(100))).loosened).toEqual([expect.stringMatching(/^pay\.send with amount = (1|2|3|4)\d\d was tier 3, is tier 2$/)]);
  });

  it.each<[string, Partial<BundleSpec>, Partial<BundleSpec>, string | RegExp]>([
    ['lets another role supply what is awaited', { awaited: { 'supplier.verified': { from: ['verifier'] } } }, { awaited: { 'supplier.verified': { from: ['verifier', 'intern'] } } }, 'who may supply supplier.verified was verifier, is verifier or intern'],
    ['waits longer for what is awaited', { awaited: { 'supplier.verified': { from: ['verifier'], within: '10m' } } }, { awaited: { 'supplier.verified': { from: ['verifier'], within: '2h' } } }, 'how many seconds supplier.verified may take was 600, is 7200'],
    ['gives people longer', { approval: { route: ['clerk'], quorum: 1, expiresIn: '30m' } }, { approval: { route: ['clerk'], quorum: 1, expiresIn: '2h' } }, /^release\.deploy .*had to be approved within 30 minutes, has 120 minutes$/],
    ['gives seniors longer', { rules: [rule('pay-big', 'amount > 5', { tier: 4 })], senior: { route: ['senior'], quorum: 1, expiresIn: '30m' } }, { rules: [rule('pay-big', 'amount > 5', { tier: 4 })], senior: { route: ['senior'], quorum: 1, expiresIn: '2h' } }, /^pay\.send .*had to be approved within 30 minutes, has 120 minutes$/],
    ['gives the people of a rule longer', { rules: [rule('pay-big', 'amount > 5', { tier: 3, obligations: { approval: { route: ['clerk'], quorum: 1, expiresIn: '10m' } } })] }, { rules: [rule('pay-big', 'amount > 5', { tier: 3, obligations: { approval: { route: ['clerk'], quorum: 1, expiresIn: '1h' } } })] }, /^pay\.send .*had to be approved within 10 minutes, has 60 minutes$/],
  ])('that %s is looser; the other way round it is only stricter', async (_, before, after, expected) => {
    const forth = await said({ ...base, ...after }, { ...base, ...before });
    expect(forth.loosened).toContainEqual(expected instanceof RegExp ? expect.stringMatching(expected) : expected);
    expect({ tightened: forth.tightened, undecided: forth.undecided }).toEqual({ tightened: [], undecided: [] });
    const back = await said({ ...base, ...before }, { ...base, ...after });
    expect({ ...back, tightened: back.tightened.length }).toEqual({ loosened: [], tightened: forth.loosened.length, undecided: [] });
  });

  it('that measures or orders otherwise what only the matrix reads may be looser', async () => {
    const reads = (fact: string, more: Partial<BundleSpec>): BundleSpec => ({ ...base, rules: [], matrix: { sensitivity: { fact, from: { 3: 2 } } }, ...more });
    const measured = (tools: string) => reads('context.sent', { context: { sent: { count: { tools: [tools] } } } });
    expect((await said(measured('crm.none'), measured('pay.*'))).undecided).toEqual([expect.stringMatching(/^context\.sent is measured otherwise/)]);
    for (const fact of ['tool.sensitivity', 'run.sensitivity']) {
      const ordered = (...sensitivity: string[]) => reads(fact, { sensitivity });
      expect((await said(ordered('secret', 'public'), ordered('public', 'secret'))).undecided).toEqual([expect.stringMatching(/^data classes are ordered otherwise/)]);
    }
    const added = { ...base, context: { sent: { count: { tools: ['pay.*'] } } }, rules: [...base.rules, rule('pay-many', 'context.sent > 3', { tier: 4 })] };
    expect(await said(added)).toMatchObject({ loosened: [], undecided: [] });
  });

  it('of which it cannot be told counts as looser', async () => {
    const pattern = (text: string): BundleSpec => changed('pay-memo', { when: `memo.matches("${text}")` });
    const { loosened, undecided } = await said(pattern('^[a-c]+$'), pattern('^[a-d]+$'));
    expect({ loosened, undecided }).toEqual({ loosened: [], undecided: [expect.stringMatching(/^pay\.send: may be looser.*matches/)] });
    expect((await said({ ...base, context: { x: { count: { tools: ['a'] } } }, rules: [rule('pay-x', 'context.x > 1', { tier: 3 })] }, { ...base, context: { x: { count: { tools: ['b'] } } }, rules: [rule('pay-x', 'context.x > 1', { tier: 3 })] })).undecided).toEqual([expect.stringMatching(/context\.x is measured otherwise/)]);
  });
});
