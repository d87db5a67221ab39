import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import Ajv2020 from 'ajv/dist/2020.js';
import { parse } from 'yaml';
import { BundleError, compileBundle } from '../src/core/rules/compile.ts';
import { readBundleFiles } from '../src/inbound/bundle-files.ts';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const ajv = new Ajv2020.default({ strict: true, allErrors: true, strictRequired: false });
const schema = (name: string) => ajv.compile(JSON.parse(readFileSync(here(`${name}.schema.json`), 'utf8')) as object);
const schemas = { bundle: schema('bundle'), parameters: schema('parameters'), rules: schema('rules') };
const packs = ['../packs/demo', '../packs/agentdojo', '../../../libs/spec/src/whole/desk'].map(here);

const head = { version: '1', permit: ['*'] };
const rule = { id: 'a', owner: 'o', rationale: 'r', tools: ['*'], when: 'true', tier: 3 };
const approval = { route: ['clerk'], quorum: 1, expiresIn: '1h' };
/** What the loader says about one file's content, the rest being sound. */
const loader = { bundle: (value: object) => ({ ...value, rules: [] }), parameters: (value: object) => ({ ...head, rules: [], parameters: value }), rules: (value: object) => ({ ...head, rules: value }) };
const loads = (kind: keyof typeof schemas, value: object): boolean => {
  try {
    compileBundle(loader[kind](value));
    return true;
  } catch (error) {
    if (error instanceof BundleError) return false;
    throw error;
  }
};

describe('the JSON Schemas that editors use', () => {
  it('are named in every file of every pack, and accept it', async () => {
    for (const pack of packs) {
      for (const { path, text } of await readBundleFiles(pack)) {
        if (path.startsWith('tests/')) continue;
        const kind = path.startsWith('rules/') ? 'rules' : path.replace('.yaml', '') as 'bundle' | 'parameters';
        const named = /^# yaml-language-server: \$schema=(\S+)/.exec(text)?.[1];
        expect([path, resolve(dirname(`${pack}/${path}`), named ?? '')]).toEqual([path, here(`${kind}.schema.json`)]);
        expect([path, schemas[kind](parse(text)), schemas[kind].errors]).toEqual([path, true, null]);
      }
    }
  });

  it.each<[keyof typeof schemas, string, object]>([
    ['bundle', 'everything', { ...head, description: 'd', owner: 'o', neverAutomate: ['pay.*'], facts: ['customers.count'], approval, senior: approval, budget: { calls: 1, tokens: 1, depth: 0, fanOut: 1, money: { minor: 1, currency: 'EUR' } }, budgets: [{ id: 'a', scope: 'agent', tools: ['pay.*'], window: '1d', calls: 5, money: { minor: 1, currency: 'EUR' }, owner: 'o', rationale: 'r' }], evidence: { maxAge: '2d', attestors: [{ id: 'ci', keys: [{ kty: 'OKP', crv: 'Ed25519', x: 'A'.repeat(43), kid: 'ci-1' }] }] }, context: { mails: { count: { tools: ['mail.send'] }, within: '1h' }, paid: { sum: { data: ['account'] }, currency: 'EUR', since: { denied: true } } }, sensitivity: ['public', 'account'], matrix: { money: [{ fact: 'amount', currency: 'EUR', tools: ['*'], from: { 2: 1, 3: 2, 4: 3 } }], regulation: { fact: 'tool.data', consequential: true, values: { a: 3 }, otherwise: 2 }, confidence: { fact: 'confidence', ceiling: 2, below: { 3: 0.8 } } } }],
    ['parameters', 'everything', { a: 1, b: 0.5, c: 'x', d: true, e: Number.MAX_SAFE_INTEGER }],
    ['rules', 'everything', [{ ...rule, regulation: ['SOX 404'], dimension: 'money', decision: 'defer', obligations: { approval, reversalWindow: '15m', rewrite: [{ path: 'args.a.b', value: '1' }], redact: ['args.c'] } }]],
    ['rules', 'obligations alone', [{ ...rule, tier: undefined, obligations: { redact: ['args.c'] } }].map((one) => JSON.parse(JSON.stringify(one)) as object)],
  ])('accept what the loader accepts: %s with %s', (kind, _, value) => expect([schemas[kind](value), loads(kind, value)]).toEqual([true, true]));

  it.each<[keyof typeof schemas, string, object]>([
    ['bundle', 'no version', { permit: [] }], ['bundle', 'no permit', { version: '1' }], ['bundle', 'an unknown field', { ...head, permits: [] }], ['bundle', 'an odd pattern', { ...head, permit: ['*.pay'] }],
    ['bundle', 'a quorum of none', { ...head, approval: { ...approval, quorum: 0 } }], ['bundle', 'a role in capitals', { ...head, senior: { ...approval, route: ['Senior'] } }], ['bundle', 'no time to answer', { ...head, approval: { route: ['a'], quorum: 1 } }],
    ['bundle', 'a budget without currency', { ...head, budget: { money: { minor: 1 } } }], ['bundle', 'a measure of two kinds', { ...head, context: { a: { count: {}, happened: {} } } }], ['bundle', 'a sum without currency', { ...head, context: { a: { sum: {} } } }], ['bundle', 'a matrix line of two kinds', { ...head, matrix: { money: { fact: 'amount', from: { 3: 1 }, below: { 3: 1 } } } }], ['bundle', 'a matrix line without a fact', { ...head, matrix: { money: { from: { 3: 1 } } } }],
    ['bundle', 'a matrix with a dimension of its own', { ...head, matrix: { weather: { fact: 'amount', from: { 3: 1 } } } }], ['bundle', 'a threshold for tier 1', { ...head, matrix: { money: { fact: 'amount', from: { 1: 1 } } } }],
    ['bundle', 'a class twice', { ...head, sensitivity: ['a', 'a'] }],
    ['bundle', 'a fact with a space', { ...head, facts: ['a b'] }],
    ['parameters', 'a list', { a: [1] }], ['parameters', 'a name with a dash', { 'a-b': 1 }], ['parameters', 'a number that was rounded', { a: 2 ** 53 }],
    ['rules', 'no owner', [{ ...rule, owner: undefined }]], ['rules', 'an empty rationale', [{ ...rule, rationale: '' }]], ['rules', 'tier 5', [{ ...rule, tier: 5 }]], ['rules', 'an allow', [{ ...rule, decision: 'allow' }]],
    ['rules', 'nothing that it does', [{ ...rule, tier: undefined }]], ['rules', 'an unknown field', [{ ...rule, severity: 1 }]], ['rules', 'an approval outside of its obligations', [{ ...rule, approval }]], ['rules', 'a name with a colon', [{ ...rule, id: 'matrix:money' }]],
    ['rules', 'no tools', [{ ...rule, tools: [] }]], ['rules', 'an unknown dimension', [{ ...rule, dimension: 'weather' }]], ['rules', 'empty obligations', [{ ...rule, obligations: {} }]],
    ['rules', 'a path that is no argument', [{ ...rule, obligations: { redact: ['memo'] } }]], ['rules', 'a rewrite without a value', [{ ...rule, obligations: { rewrite: [{ path: 'args.a' }] } }]], ['rules', 'an odd duration', [{ ...rule, obligations: { reversalWindow: '1 hour' } }]],
  ])('refuse what the loader refuses: %s with %s', (kind, _, value) => {
    const plain = JSON.parse(JSON.stringify(value)) as object;
    expect([schemas[kind](plain), loads(kind, plain)]).toEqual([false, false]);
  });

  it('accept the rule and the matrix that the README shows, and so does the loader', () => {
    const blocks = [...readFileSync(here('../README.md'), 'utf8').matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, text]) => parse(text!) as object);
    const [shown, matrix] = [blocks.find(Array.isArray) as object[], blocks.find((one) => 'matrix' in one)!];
    expect([schemas.rules(shown), schemas.bundle({ ...head, ...matrix })]).toEqual([true, true]);
    expect(() => compileBundle({ ...head, ...matrix, parameters: { limit: 100 }, rules: shown })).not.toThrow();
  });
});
