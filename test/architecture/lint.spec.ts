import { describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../..', import.meta.url));
const fixtures = `${root}test/architecture/fixtures`;
const { default: config } = await import(`${root}eslint.config.mjs`) as { readonly default: readonly { readonly rules?: Readonly<Record<string, unknown>> }[] };

/** The lint rules that a fixture breaks; it is linted as if the fixture folder were the repository. */
const broken = async (name: string): Promise<string[]> => {
  const { stdout } = await run(`${root}node_modules/.bin/eslint`, ['--no-ignore', '--config', 'eslint.config.mjs', '--format', 'json', `${fixtures}/lint/${name}`], { cwd: root })
    .catch((error: { stdout: string }) => error);
  return (JSON.parse(stdout) as { messages: { ruleId: string }[] }[]).flatMap((file) => file.messages.map((message) => message.ruleId));
};

/** The rules of eslint.config.mjs that can fail a file, without the plugin's prefix. */
const rules = [...new Set(config.flatMap(({ rules: of = {} }) => Object.entries(of).filter(([, level]) => level !== 'off').map(([name]) => name.replace(/^ts\//, ''))))];

describe('what one file may contain', () => {
  it.each(rules)('%s: its fixture fails', async (name) => {
    expect((await broken(name)).map((rule) => rule.replace(/^ts\//, ''))).toContain(name);
  });

  it('a main.ts is 25 lines at most', async () => {
    expect(await broken('main-is-short')).toEqual(['max-lines']);
  });

  it('a core has no time and no chance of its own, in whatever way it is written', async () => {
    expect(await broken('no-restricted-syntax')).toEqual(Array.from({ length: 9 }, () => 'no-restricted-syntax'));
  });

  it('a core has none of the globals that do something', async () => {
    expect(await broken('no-restricted-globals')).toHaveLength(11);
  });

  it('a core has no ambient types: process does not exist there', async () => {
    const { stdout } = await run(`${root}node_modules/.bin/tsc`, ['-p', `${fixtures}/types/tsconfig.json`], { cwd: root }).catch((error: { stdout: string }) => error);
    expect(stdout).toMatch(/TS2580|TS2591/);
  });
});
