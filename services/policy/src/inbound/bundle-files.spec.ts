import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from '@jest/globals';
import { bundleDigest, bundleLimits, loadBundle, parseBundle, readBundleFiles } from './bundle-files.ts';

const head = "version: t-1\npermit: ['pay.*']\n";
const rule = (id: string, when = 'amount > parameters.limit') => `- id: ${id}\n  owner: olga\n  rationale: because\n  tools: [pay.send]\n  when: ${when}\n  tier: 3\n`;
const sound = { 'bundle.yaml': head, 'parameters.yaml': 'limit: 100\n', 'rules/pay.yaml': rule('pay.large'), 'tests/pay.test.yaml': '[]\n' };
const files = (more: Readonly<Record<string, string>> = {}) => Object.entries({ ...sound, ...more }).map(([path, text]) => ({ path, text }));
const refusal = (more: Readonly<Record<string, string>>): string => {
  try { parseBundle(files(more)); } catch (error) { return (error as Error).message; }
  return 'accepted';
};

const folders: string[] = [];
const folder = async (content: Readonly<Record<string, string | Uint8Array>>): Promise<string> => {
  const dir = await mkdtemp(join(tmpdir(), 'bundle-'));
  folders.push(dir);
  for (const [path, text] of Object.entries(content)) {
    await mkdir(dirname(join(dir, path)), { recursive: true });
    await writeFile(join(dir, path), text);
  }
  return dir;
};
afterEach(async () => { for (const dir of folders.splice(0)) await rm(dir, { recursive: true }); });

describe("a bundle's folder", () => {
  it('is read by path and put together: rules of all files, parameters beside them', async () => {
    const dir = await folder({ ...sound, 'rules/a.yaml': rule('a.first', 'amount > 1'), 'README.md': 'words', 'tools.json': '[]' });
    const read = await readBundleFiles(dir);
    expect(read.map(({ path }) => path)).toEqual(['bundle.yaml', 'parameters.yaml', 'rules/a.yaml', 'rules/pay.yaml', 'tests/pay.test.yaml']);
    const { spec, bundle, tests, where } = parseBundle(read);
    expect(spec.rules.map(({ id }) => id)).toEqual(['a.first', 'pay.large']);
    expect(bundle).toMatchObject({ version: 't-1', parameters: { 'parameters.limit': 100 } });
    expect(tests.map(({ path }) => path)).toEqual(['tests/pay.test.yaml']);
    expect(where('rules[1].when')).toEqual({ file: 'rules/pay.yaml', line: 5, column: 9 });
    expect(where('parameters.limit')).toEqual({ file: 'parameters.yaml', line: 1, column: 8 });
  });
  it('of every pack in the repository loads', async () => {
    for (const pack of ['../../packs/demo', '../../packs/agentdojo', '../../../../libs/spec/src/whole/desk']) await expect(loadBundle(fileURLToPath(new URL(pack, import.meta.url)))).resolves.toBeDefined();
  });
  it('has a digest of its content, whatever the order of its files', () => {
    expect(bundleDigest(files())).toMatch(/^[\w-]{43}$/);
    expect(bundleDigest(files().reverse())).toBe(bundleDigest(files()));
    expect(bundleDigest(files({ 'parameters.yaml': 'limit: 101\n' }))).not.toBe(bundleDigest(files()));
  });
  it.each([
    ['a rule file under another name, which would be left out', { 'rules/more.yml': '[]' }, /rules\/more\.yml: has no place/],
    ['YAML beside the known files', { 'parameter.yaml': 'limit: 1' }, /parameter\.yaml: has no place/],
    ['a test under another name', { 'tests/pay.yaml': '[]' }, /tests\/pay\.yaml: has no place/],
    ['a file that is too large', { 'rules/big.yaml': '#'.repeat(bundleLimits.fileBytes + 1) }, /rules\/big\.yaml: too large/],
    ['bytes that are no UTF-8', { 'rules/odd.yaml': Uint8Array.of(0xff, 0xfe) }, /rules\/odd\.yaml: is no UTF-8/],
  ])('refuses %s', async (_, more, why) => { await expect(readBundleFiles(await folder({ ...sound, ...more }))).rejects.toThrow(why); });
  it('does not follow a link that leads out of it, and follows one inside (as mounted config maps have them)', async () => {
    const dir = await folder(sound);
    await symlink('pay.yaml', join(dir, 'rules/same.yaml'));
    expect((await readBundleFiles(dir)).map(({ path }) => path)).toContain('rules/same.yaml');
    await symlink('/etc/hostname', join(dir, 'rules/out.yaml'));
    await expect(readBundleFiles(dir)).rejects.toThrow(/rules\/out\.yaml: is a link that leads out/);
  });
  it('says so when it is not there, or is a file', async () => {
    await expect(loadBundle('/nowhere/at/all')).rejects.toThrow(/there is no such folder/);
    await expect(loadBundle(join(await folder(sound), 'bundle.yaml'))).rejects.toThrow(/is no folder/);
  });
});

describe('a bundle with anything wrong in it', () => {
  it('is refused whole, with file, line, column and reason of every problem', () => {
    const bad = `${rule('pay.large').replace('tier: 3', 'tier: 7')}${rule('pay.other', 'amount > > 1')}${rule('pay.large', 'amout > 1')}`;
    expect(refusal({ 'rules/pay.yaml': bad, 'bundle.yaml': `${head}ownr: me\n` }).split('\n')).toEqual([
      'bundle.yaml:3:7: ownr: is no known field',
      'rules/pay.yaml:6:9: rule pay.large: tier: is 1, 2, 3 or 4',
      expect.stringMatching(/^rules\/pay\.yaml:11:16: rule pay\.other: when: at 1:8: found > but expecting/),
      'rules/pay.yaml:13:7: rule pay.large: id: is used twice',
      expect.stringMatching(/^rules\/pay\.yaml:17:\d+: rule pay\.large: when: unknown name amout/),
    ]);
  });
  it.each([
    ['amount > "much"', '>', 'null or a number > a text: they never go together'],
    ['target.named == "yes"', '==', 'a truth value == a text: they never go together'],
    ['true && agent.roles', 'agent', '&& needs a truth value, not a list'],
    ['parameters.limit', 'parameters', 'is never true or false'],
    ['parameters.limit.more == 1', 'parameters', 'no field more in a number'],
    ['level > 3 || amount > 1', '>', 'a text > a number: they never go together'],
    ['run.calls.exists(c, c > 1)', 'run', 'a list is needed, not a number'],
    ['size(run.calls) > 1', 'run', 'size needs a text or a list or a map, not a number'],
    ['amount + level == "x"', '+', 'null or a number + a text: they never go together'],
    ['"x" in level', 'level', 'in needs a list or a map, not a text'],
    ['(target.named ? level : target.from) > 1', '>', 'null or a text > a number: they never go together'],
  ])('is refused for the kinds of %s', (when, part, why) => {
    expect(refusal({ 'rules/pay.yaml': rule('pay.large', `'${when}'`) })).toBe(`rules/pay.yaml:5:${10 + when.indexOf(part)}: rule pay.large: when: ${why}`);
  });
  it('lets pass what may fit', () => {
    for (const when of ['amount == null || amount > 1', 'args_of == 3 && args_of.size() > 1', 'target.from != null', 'confidence < 0.5', '["a"].exists(one, one in agent.roles)', 'amount * 2 > run.calls', 'has(args_of.a)']) expect([when, refusal({ 'rules/pay.yaml': rule('pay.large', `'${when}'`), 'bundle.yaml': `${head}facts: [args_of]\n` })]).toEqual([when, 'accepted']);
  });
  it('points into folded text', () => {
    expect(refusal({ 'rules/pay.yaml': rule('pay.large', '>-\n    amount > 1\n    && amount < 2 3') })).toMatch(/^rules\/pay\.yaml:7:19: .*found 3/);
  });
  it.each<[string, Record<string, string>, RegExp]>([
    ['broken YAML', { 'rules/pay.yaml': '- id: [\n' }, /^rules\/pay\.yaml:2:1: /],
    ['the same key twice', { 'bundle.yaml': `${head}version: t-2\n` }, /^bundle\.yaml:3:1: Map keys must be unique/],
    ['an alias', { 'parameters.yaml': 'limit: &a 1\nother: *a\n' }, /^parameters\.yaml:1:11: an anchor.*\nparameters\.yaml:2:8: an alias/],
    ['a tag', { 'parameters.yaml': 'limit: !!binary aGk=\n' }, /^parameters\.yaml:1:17: a tag/],
    ['rules that are no list', { 'rules/pay.yaml': 'id: x\n' }, /^rules\/pay\.yaml:1:1: a list of rules is needed/],
    ['parameters among the head', { 'bundle.yaml': `${head}parameters: { limit: 1 }\n` }, /^bundle\.yaml:3:13: parameters: belongs into parameters\.yaml/],
    ['a parameter beyond 2^53', { 'parameters.yaml': 'limit: 9007199254740993\n' }, /^parameters\.yaml:1:8: parameters\.limit: is a number/],
    ['a parameter that is no number', { 'parameters.yaml': 'limit: .nan\n' }, /^parameters\.yaml:1:8: /],
    ['a parameter called __proto__', { 'parameters.yaml': 'limit: 1\n__proto__: 2\n' }, /^parameters\.yaml:2:12: parameters\.__proto__: a name/],
    ['nesting without end in YAML', { 'rules/pay.yaml': '['.repeat(100_000) }, /^rules\/pay\.yaml:1:[\s\S]* more$/],
    ['nesting without end in a condition', { 'rules/pay.yaml': rule('pay.large', `${'('.repeat(1_900)}true${')'.repeat(1_900)}`) }, /^rules\/pay\.yaml:5:\d+: /],
  ])('is refused: %s', (_, more, why) => expect(refusal(more)).toMatch(why));
  it('needs bundle.yaml', () => expect(() => parseBundle(files().filter(({ path }) => path !== 'bundle.yaml'))).toThrow(/bundle\.yaml: is missing/));
  it('refuses paths that are none of a bundle, and one path twice', () => expect(() => parseBundle([...files(), { path: '../x.yaml', text: '' }, { path: 'rules/pay.yaml', text: '' }])).toThrow(/\.\.\/x\.yaml: has no place[\s\S]*rules\/pay\.yaml: has no place/));
});
