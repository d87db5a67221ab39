// Installs only when the lock file is not the one node_modules was made from.
// `npm install --no-save` and not `npm ci`: ci refuses the whole lock file when a registry does not carry the optional packages of other
// platforms; versions and hashes come from the lock file either way, and it is not written.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bin, root } from './paths.mjs';
import { say, Trouble } from './say.mjs';

const marker = join(root, 'node_modules/.countersign-lock');
const lockHash = () => createHash('sha256').update(readFileSync(join(root, 'package-lock.json'))).digest('hex');

export const isInstalled = () => {
  try { return readFileSync(marker, 'utf8') === lockHash() && existsSync(bin('node')); } catch { return false; }
};

/** npm writes node_modules/.package-lock.json; when it lists what our lock file lists, an install by hand is as good as ours. */
function matchesByHand() {
  try {
    const packages = (file) => JSON.parse(readFileSync(file, 'utf8')).packages;
    const installed = packages(join(root, 'node_modules/.package-lock.json'));
    const wanted = packages(join(root, 'package-lock.json'));
    return existsSync(bin('node')) && Object.entries(wanted).every(([path, entry]) => !path || entry.optional || entry.link
      || !path.startsWith('node_modules/') || installed[path]?.version === entry.version);
  } catch { return false; }
}

/** Leaves node_modules as the lock file says. */
export function install() {
  if (isInstalled()) return;
  if (!matchesByHand()) {
    say('Installing packages (npm install, as locked) …');
    const npm = process.env.npm_execpath;
    const [command, args] = npm?.endsWith('.js') ? [process.execPath, [npm]] : ['npm', []];
    const result = spawnSync(command, [...args, 'install', '--no-save', '--no-audit', '--no-fund', '--loglevel=error'], { cwd: root, stdio: ['ignore', 2, 2] });
    if (result.status !== 0) throw new Trouble('npm install failed: see above. It needs a package registry once; afterwards no network is needed.');
  }
  writeFileSync(marker, lockHash());
}
