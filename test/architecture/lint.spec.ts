import { describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../..', import.meta.url));
const fixtures = `${root}test/architecture/fixtures`;

/** The lint rules that a fixture breaks; it is linted as if the fixture folder were the repository. */
const broken = async (name: string): Promise<string[]> => {
  const { stdout } = await run(`${root}node_modules/.bin/eslint`, ['--no-ignore', '--config', 'eslint.config.mjs', '--format', 'json', `${fixtures}/lint/${name}`], { cwd: root })
    .catch((error: { stdout: string }) => error);
  return (JSON.parse(stdout) as { messages: { ruleId: string }[] }[]).flatMap((file) => file.messages.map((message) => message.ruleId));
};

describe('what one file may contain', () => {
  it.each(readdirSync(`${fixtures}/lint`))('%s: its fixture fails', async (name) => {
    expect(await broken(name)).toContain(name);
  });

  it('finds each of the four impure calls', async () => {
    expect((await broken('no-restricted-syntax')).filter((rule) => rule === 'no-restricted-syntax')).toHaveLength(4);
  });

  it('a core has no ambient types: process does not exist there', async () => {
    const { stdout } = await run(`${root}node_modules/.bin/tsc`, ['-p', `${fixtures}/types/tsconfig.json`], { cwd: root }).catch((error: { stdout: string }) => error);
    expect(stdout).toMatch(/TS2580|TS2591/);
  });
});
