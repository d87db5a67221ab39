import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { loadBundle } from '../../inbound/bundle-files.ts';
import type { Catalogue } from '../types.ts';
import { runBundleTests } from './run.ts';

const folder = (pack: string) => new URL(`../../../packs/${pack}/`, import.meta.url).pathname;
const catalogue = (pack: string) => JSON.parse(readFileSync(`${folder(pack)}tools.json`, 'utf8')) as Catalogue;
const demo = async (text: string) => runBundleTests({ spec: (await loadBundle(folder('demo'))).spec, tests: [{ path: 'tests/x.test.yaml', text }] }, catalogue('demo'));

describe('the packs', () => {
  it.each(['demo', 'agentdojo'])('%s: every test passes and every rule is seen to fire and not to fire', async (pack) => {
    const { passed, failed, coverage } = runBundleTests(await loadBundle(folder(pack)), catalogue(pack));
    expect({ failed, uncovered: coverage.rules.filter(({ covered }) => !covered), enough: passed >= 9 }).toEqual({ failed: [], uncovered: [], enough: true });
  });
});

describe('a test that is not met', () => {
  it('says file and line, what was expected, what came, and the facts of the rules in question', async () => {
    const { passed, failed } = await demo(`tests:
  - name: production is free
    tool: release.deploy
    arguments: { service: web, build: web-1, environment: production }
    instruction: Deploy web
    graph: [{ node: component:default/web }]
    expect:
      decision: allow
      rules: [demo.bulk-delete]
      silent: [demo.production-release]
      route: [ceo]
`);
    expect(passed).toBe(0);
    expect(failed.map(({ file, line, expected, got }) => `${file}:${line} ${expected} / ${got}`)).toEqual([
      'tests/x.test.yaml:8 decision "allow" / "step_up"',
      'tests/x.test.yaml:9 rules ["demo.bulk-delete"] / ["demo.production-release"]',
      'tests/x.test.yaml:10 silent ["demo.production-release"] / ["demo.production-release"]',
      'tests/x.test.yaml:11 route ["ceo"] / ["release-manager"]',
    ]);
    expect(failed[1]!.why.join('\n')).toMatch(/demo\.bulk-delete does not apply to release\.deploy[\s\S]*deploy\.environment = "production" \(derived\)[\s\S]*parameters\.frozenService = "billing"/);
  });

  it.each<[string, string, RegExp, number]>([
    ['is no YAML', 'tests:\n  - name: [', /./, 2],
    ['has a field nobody knows', 'tests:\n  - name: a\n    tool: release.deploy\n    expect: { decison: allow }\n', /tests\[0\]\.expect must NOT have additional properties \(decison\)/, 4],
    ['has a fixture that cannot have happened', 'tests:\n  - name: a\n    tool: care.read_ticket\n    arguments: { ticket: T-1 }\n    earlier: [{ tool: care.read_ticket, arguments: {} }]\n    expect: { tier: 1 }\n', /earlier\[0\] care\.read_ticket cannot have happened: .*required property/, 2],
    ['approves what nobody asked about', 'tests:\n  - name: a\n    tool: care.read_ticket\n    arguments: { ticket: T-1 }\n    approval: approved\n    expect: { tier: 1 }\n', /people answer, but were not asked: allow/, 2],
    ['names no tool', 'tests:\n  - name: a\n    expect: { tier: 1 }\n', /names no tool/, 2],
  ])('a file that %s fails with its line', async (_, text, why, line) => {
    const { passed, failed } = await demo(text);
    expect({ passed, failed }).toMatchObject({ passed: 0, failed: [{ line, got: expect.stringMatching(why) }] });
  });
});

it('coverage tells a rule that fired from one that was only looked at', async () => {
  const { coverage } = await demo(`tests:
  - { name: a, tool: care.refund, arguments: { order: A-1, minor: 1, currency: EUR }, instruction: Refund A-1, expect: { tier: 2 } }
  - { name: b, tool: care.refund, arguments: { order: A-1, minor: 9999, currency: EUR }, instruction: Refund A-1, expect: { tier: 3 } }
`);
  const of = (rule: string) => coverage.rules.find((one) => one.rule === rule);
  expect(of('demo.refund-over-limit')).toEqual({ rule: 'demo.refund-over-limit', tier: 3, fired: 1, notFired: 1, tools: ['care.refund'], covered: true });
  expect(of('demo.unusual-agent')).toMatchObject({ fired: 0, notFired: 2, covered: false });
  expect(of('demo.bulk-delete')).toMatchObject({ fired: 0, notFired: 0, covered: false });
  expect(coverage).toMatchObject({ tiers: { 2: 1, 3: 1 }, decisions: { allow: 1, step_up: 1 } });
});
