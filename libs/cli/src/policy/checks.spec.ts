import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { CannotRun } from '../errors.ts';
import { policy } from './command.ts';

jest.setTimeout(120_000);
const demo = new URL('../../../../services/policy/packs/demo', import.meta.url).pathname;
let changed = '';
beforeAll(async () => {
  changed = await mkdtemp(join(tmpdir(), 'cs-bundle-'));
  await cp(demo, changed, { recursive: true });
  const rules = await readFile(join(changed, 'rules/release.yaml'), 'utf8');
  await writeFile(join(changed, 'rules/release.yaml'), rules.replace("when: deploy.environment == 'production' && ", "when: deploy.environment == 'production' && deploy.service != 'web' && "));
});
afterAll(() => rm(changed, { recursive: true, force: true }));

const run = async (...args: string[]) => {
  let out = '';
  const write = jest.spyOn(process.stdout, 'write').mockImplementation((text) => { out += String(text); return true; });
  try {
    return { code: await policy(args), out };
  } finally {
    write.mockRestore();
  }
};

it('policy test: 0 and a summary where all is as expected, 1 with file and line where not, 2 where there is no bundle', async () => {
  expect(await run('test', demo, '--coverage')).toMatchObject({ code: 0, out: expect.stringMatching(/\d+ passed, 0 failed/) });
  const failed = await run('test', changed, '--json');
  expect({ code: failed.code, ok: (JSON.parse(failed.out) as { ok: boolean }).ok }).toEqual({ code: 1, ok: false });
  expect((await run('test', changed)).out).toMatch(/tests\/release\.test\.yaml:\d+: .*\n {2}expected /);
  await expect(run('test', join(demo, 'nowhere'))).rejects.toThrow(CannotRun);
});

it('policy diff and lint show texts of a draft, and their terminal never obeys them', async () => {
  const hostile = await mkdtemp(join(tmpdir(), 'cs-bundle-'));
  try {
    await cp(demo, hostile, { recursive: true });
    const rules = await readFile(join(hostile, 'rules/release.yaml'), 'utf8');
    await writeFile(join(hostile, 'rules/release.yaml'), rules.replace("when: deploy.environment == 'production' && ", "when: deploy.environment == 'production' && deploy.service != '\\u001b[1A\\u001b[2K\\u001b]0;\\u009b2J\\nweb\\u202e' && "));
    const diff = await run('diff', demo, hostile);
    expect(diff).toMatchObject({ code: 1, out: expect.stringMatching(/release\.deploy with .*web.* was tier 3, is tier 2/) });
    for (const { out } of [diff, await run('lint', hostile), await run('test', hostile)]) expect(out.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}]/u);
  } finally {
    await rm(hostile, { recursive: true, force: true });
  }
});

it('policy diff says what is looser; policy lint finds nothing that must not be published', async () => {
  const diff = await run('diff', demo, changed);
  expect(diff).toMatchObject({ code: 1, out: expect.stringMatching(/release\.deploy with .*deploy\.service = 'web'.* was tier 3, is tier 2/) });
  expect((await run('diff', demo, demo, '--json')).code).toBe(0);
  expect((await run('lint', demo)).code).toBe(0);
});
