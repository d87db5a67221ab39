// docker-compose.yml for those with a daemon that answers (a command named docker proves nothing).
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { join } from 'node:path';
import { root } from './paths.mjs';
import { Trouble } from './say.mjs';

const run = promisify(execFile);
let answer;
export const dockerAnswers = () => (answer ??= process.env.CS_DOCKER === 'off' ? Promise.resolve(false)
  : run('docker', ['info', '--format', '{{.ServerVersion}}'], { timeout: 5000 }).then(({ stdout }) => stdout.trim() !== '', () => false));

const compose = (project, env, args) => run('docker', ['compose', '-p', project, '-f', join(root, 'docker-compose.yml'), ...args], { cwd: root, env: { ...process.env, ...env }, timeout: 300_000 });

/** Brings the named compose services up and waits until they are healthy. */
export async function composeUp(project, env, services) {
  await compose(project, env, ['up', '-d', '--wait', ...services])
    .catch((error) => { throw new Trouble(`docker compose could not start ${services.join(', ')}: ${`${error.stderr || error.message}`.trim().split('\n').at(-1)}. CS_DOCKER=off uses local processes instead.`); });
}

export const composeDown = (project, env, { volumes = false } = {}) => compose(project, env, ['down', ...(volumes ? ['-v'] : [])]);
