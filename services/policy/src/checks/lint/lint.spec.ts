import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { BundleSpec, RuleSpec } from '../../core/rules/bundle.ts';
import { loadBundle } from '../../inbound/bundle-files.ts';
import { startSolver } from '../solver/solver.ts';
import type { Solver } from '../solver/solver.ts';
import type { Catalogue, CatalogueTool } from '../types.ts';
import { lintBundle } from './lint.ts';

jest.setTimeout(120_000);

const tool = (name: string, change: Partial<CatalogueTool> = {}): CatalogueTool => ({
  tool: name, system: 's', title: '', consequential: true, reversible: true, compensator: null, dataClasses: ['financial'], enforcement: 'brokered', audience: 's',
  schema: { type: 'object', additionalProperties: false, required: ['to', 'minor', 'place'], properties: { to: { type: 'string' }, minor: { type: 'integer', minimum: 1, maximum: 1_000_000 }, place: { enum: ['staging', 'production'] }, memo: { type: 'string' } } },
  facts: { target: '[args.to]', amount: 'args.minor', currency: '"EUR"', place: 'args.place', memo: 'has(args.memo) ? args.memo : ""' }, resultTrust: 'record', resultFields: {}, ...change,
});
const catalogue: Catalogue = [tool('pay.send'), tool('pay.plan'), tool('mail.read', { consequential: false, facts: {}, schema: { type: 'object', additionalProperties: false } })];
const rule = (id: string, when: string, more: Partial<RuleSpec>): RuleSpec => ({ id, owner: 'o', rationale: id, tools: ['pay.*'], when, ...more });
const bundle = (rules: readonly RuleSpec[], more: Partial<BundleSpec> = {}): BundleSpec => ({ version: '1', permit: ['pay.*', 'mail.*'], facts: ['place', 'memo'], parameters: { limit: 1_000 }, rules, ...more });
const approval = (role: string) => ({ approval: { route: [role], quorum: 1, expiresIn: '1h' } });
let solver: Solver;
beforeAll(async () => { solver = await startSolver(); });
afterAll(() => solver.stop());

const kinds = async (spec: BundleSpec, tools: Catalogue = catalogue) => {
  const { problems, notChecked } = await lintBundle(spec, tools, solver);
  const about = problems.filter(({ rule: id }) => id !== null);
  return { found: about.map(({ kind, rule: id }) => `${kind} ${id}`), problems, notChecked, names: problems.filter(({ rule: id }) => id === null).map(({ why }) => why) };
};

describe('planted', () => {
  it('dead rules are found, and only they', async () => {
    const { found, notChecked } = await kinds(bundle([
      rule('both-ways', 'amount > parameters.limit && amount < 500', { tier: 3 }),
      rule('no-such-place', 'place == "moon"', { tier: 3 }),
      rule('more-than-the-schema', 'amount > 2000000', { tier: 4 }),
      rule('named-strangers', 'target.named && target.trust == "third_party"', { tier: 4 }),
      rule('text-games', 'memo.startsWith("abc") && memo.endsWith("xyz") && size(memo) < 5', { tier: 3 }),
      rule('alive', 'amount > parameters.limit && place == "production"', { tier: 3 }),
      rule('alive-text', 'memo.startsWith("abc") && memo.endsWith("xyz") && size(memo) == 6', { tier: 4 }),
      rule('alive-list', '"financial" in tool.data && "clerk" in agent.roles && agent.roles.exists(role, role.startsWith("c"))', { decision: 'deny' }),
    ]));
    expect({ found, notChecked }).toEqual({ found: ['both-ways', 'no-such-place', 'more-than-the-schema', 'named-strangers', 'text-games'].map((id) => `dead ${id}`), notChecked: [] });
  });

  it('shadowed rules are found with what shadows them, of twins the later one', async () => {
    const { found, problems, notChecked } = await kinds(bundle([
      rule('wide', 'amount > 100', { tier: 3 }),
      rule('narrow', 'amount > parameters.limit', { tier: 3 }),
      rule('staging', 'place == "staging" && amount <= 100', { tier: 3 }), rule('production', 'place == "production" && amount <= 100', { tier: 4 }),
      rule('together', 'amount > 50', { decision: 'step_up' }),
      rule('tells', 'amount > 100000', { tier: 2 }),
      rule('narrow-with-people', 'amount > parameters.limit', { tier: 3, obligations: approval('treasurer') }),
      rule('stricter', 'amount > parameters.limit && level == "high"', { tier: 4 }),
      rule('again', 'level == "high" && amount > parameters.limit', { tier: 4 }),
    ]));
    expect({ found: found.sort(), notChecked }).toEqual({ found: ['again', 'narrow', 'tells', 'together'].map((id) => `shadowed ${id}`), notChecked: [] });
    expect(problems.find(({ rule: id }) => id === 'narrow')!.why).toMatch(/wide/);
    expect(problems.find(({ rule: id }) => id === 'together')!.why).toMatch(/others together/);
  });

  it('contradictions are found with facts that show them', async () => {
    const { found, problems, notChecked } = await kinds(bundle([
      rule('asks', 'amount > parameters.limit', { tier: 3, obligations: approval('treasurer') }), rule('denies', '!(amount <= 1000)', { decision: 'deny' }),
      rule('to-a', 'place == "staging"', { obligations: { rewrite: [{ path: 'args.memo', value: '"a"' }] }, tier: 2 }),
      rule('to-b', 'amount == 7', { obligations: { rewrite: [{ path: 'args.memo', value: '"b"' }] }, tier: 2 }),
    ]));
    expect(found).toEqual(['contradictory asks', 'contradictory to-a']);
    expect(problems.find(({ rule: id }) => id === 'to-a')!.example).toEqual({ amount: 7, place: 'staging' });
    expect(notChecked).toEqual([]);
    const routes = await kinds(bundle([rule('risk', 'level == "high"', { tier: 3, obligations: approval('risk') }), rule('legal', 'amount > 5', { tier: 3, obligations: approval('legal') })]));
    expect(routes).toMatchObject({ found: ['contradictory legal'], problems: expect.arrayContaining([expect.objectContaining({ severity: 'warning', why: expect.stringMatching(/legal asks legal and risk asks risk/) as unknown })]) });
  });

  it('rules that can only fail, that meet no tool, and names nobody reads or derives', async () => {
    const { found, names } = await kinds(bundle([
      rule('reads-an-amount', 'amount > 5', { tier: 3, tools: ['*'] }),
      rule('nowhere', 'true', { tier: 3, tools: ['crm.*'] }),
      rule('supplied', 'score > 5', { tier: 4 }),
    ], { facts: ['place', 'memo', 'score'], neverAutomate: ['pay.gone'] }));
    expect(found.sort()).toEqual(['always_fails reads-an-amount', 'no_tool nowhere']);
    expect(names.map((why) => /^\S+( names \S+)?|score/.exec(why)![0])).toEqual(['neverAutomate names pay.gone,', 'parameters.limit', 'place', 'memo', 'no']);
  });

  it('an amount that no budget could count fails: without a currency, with one that is none, below zero', async () => {
    const minor = { type: 'integer', minimum: -1_000, maximum: 1_000 };
    const paying = (facts: Record<string, string>, currency: object = { type: 'string' }) => [tool('pay.send', { facts, schema: { type: 'object', additionalProperties: false, required: ['minor', 'currency'], properties: { minor, currency } } as never })];
    const found = async (tools: Catalogue, when: string) => (await kinds(bundle([rule('r', when, { tier: 3 })], { facts: [], parameters: {}, permit: ['pay.*'] }), tools)).found;
    const amount = 'args.minor', currency = 'args.currency';
    expect(await found(paying({ amount }), 'amount > 5')).toEqual(['always_fails r', 'dead r']);
    expect(await found(paying({ amountMajor: amount }), 'amount > 5')).toEqual(['always_fails r', 'dead r']);
    expect(await found(paying({ amount, currency }, { enum: ['eur', 'EURO'] }), 'amount > 5')).toEqual(['always_fails r', 'dead r']);
    expect(await found(paying({ amount, currency }, { enum: ['eur', 'EUR'] }), 'amount > 5')).toEqual([]);
    expect(await found(paying({ amount, currency }), 'amount > 5')).toEqual([]);
    expect(await found(paying({ amount, currency }), 'currency == "eur" && amount > 5')).toEqual(['dead r']);
    expect(await found(paying({ amount, currency }), 'amount < 0')).toEqual(['dead r']);
  });

  it('what cannot be decided is listed, not passed', async () => {
    const { found, notChecked } = await kinds(bundle([rule('pattern', 'memo.matches("^[ab]+$") && memo.matches("^c")', { tier: 3 })]));
    expect(found).toEqual([]);
    expect(notChecked).toEqual([{ rule: 'pattern', why: expect.stringMatching(/function matches/) }]);
  });
});

describe('the packs', () => {
  it.each(['demo', 'agentdojo'])('%s has no rule that must not be published, and nothing is left unchecked', async (pack) => {
    const folder = new URL(`../../../packs/${pack}/`, import.meta.url).pathname;
    const { problems, notChecked } = await lintBundle((await loadBundle(folder)).spec, JSON.parse(readFileSync(`${folder}tools.json`, 'utf8')) as Catalogue);
    expect({ errors: problems.filter(({ severity }) => severity === 'error'), notChecked }).toEqual({ errors: [], notChecked: [] });
  });
});
