import { beforeAll, describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
// @ts-expect-error a configuration file without types
import rules from '../../.dependency-cruiser.mjs';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../..', import.meta.url));
const bin = (name: string) => `${root}node_modules/.bin/${name}`;
const fixtures = 'test/architecture/fixtures';

interface Violation { readonly rule: { readonly name: string }; readonly from: string }

const violations = async (...args: string[]): Promise<Violation[]> => {
  const { stdout } = await run(bin('depcruise'), ['--config', '.dependency-cruiser.mjs', '--output-type', 'json', ...args], { cwd: root, maxBuffer: 1 << 26 })
    .catch((error: { stdout: string }) => error);
  return (JSON.parse(stdout) as { summary: { violations: Violation[] } }).summary.violations;
};

const names: string[] = (rules as { forbidden: { name: string }[] }).forbidden.map((rule) => rule.name);

describe('who may import whom', () => {
  let inFixtures: Violation[] = [];
  beforeAll(async () => {
    inFixtures = await violations(fixtures);
  });

  it.each(names)('%s: its fixture fails', (name) => {
    const own = inFixtures.filter((violation) => violation.from.startsWith(`${fixtures}/${name}/`));
    expect(own.map((violation) => violation.rule.name)).toContain(name);
  });

  it('has no fixture without a rule', () => {
    const known = new Set([...names, 'lint', 'types']);
    expect(readdirSync(`${root}${fixtures}`).filter((name) => !known.has(name))).toEqual([]);
  });

  it('holds for the repository', async () => {
    const found = await violations('libs', 'services', 'contracts/generated', 'test', '--exclude', '(^|/)dist/|test/architecture/fixtures');
    expect(found.map((violation) => `${violation.rule.name}: ${violation.from}`)).toEqual([]);
  });
});
