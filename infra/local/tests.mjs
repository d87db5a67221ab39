// `npm test`: lint, types, generated code, unit tests, then the real infrastructure and everything that needs it.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import { build } from './build.mjs';
import { down, up } from './infrastructure.mjs';
import { bin, profile, root } from './paths.mjs';
import { addresses, guarded } from './programs.mjs';
import { isOurs, look } from './process.mjs';
import { say, Trouble } from './say.mjs';
import { endServices } from './services.mjs';
import { readState, writeState } from './state.mjs';
import { verifiersOrWhy } from './verifiers.mjs';

const projects = { unit: 'unit', int: 'integration', journeys: 'journeys', faults: 'faults' };
const has = (folder, pattern) => existsSync(join(root, folder)) && readdirSync(join(root, folder), { recursive: true }).some((name) => pattern.test(String(name)) && !String(name).includes('node_modules') && !/(^|\/)(dist|fixtures)\//.test(String(name)));
const filesOf = {
  unit: () => ['libs', 'services', 'contracts', 'test/architecture', 'test/contracts', 'test/histories'].some((folder) => has(folder, /(?<!\.int)\.spec\.ts$/)),
  int: () => ['libs', 'services'].some((folder) => has(folder, /\.int\.spec\.ts$/)),
  journeys: () => has('test/journeys', /\.spec\.ts$/),
  faults: () => ['test/faults', 'test/verifiers'].some((folder) => has(folder, /\.spec\.ts$/)),
};

function parse(args) {
  const only = [];
  const paths = [];
  for (let i = 0; i < args.length; i++) {
    if (args[i] === '--only') only.push(...(args[++i] ?? '').split(','));
    else if (args[i].startsWith('-')) throw new Trouble(`Unknown option ${args[i]}. Usage: npm test -- [--only unit|int|journeys|faults] [path …]`);
    else paths.push(args[i]);
  }
  for (const name of only) if (!projects[name]) throw new Trouble(`--only ${name}: there are ${Object.keys(projects).join(', ')}.`);
  return { only, paths };
}

/** More than this many files do not fail by chance. */
const fewFiles = 3;
const filesThatFailed = ({ testResults }) => testResults.filter(({ status }) => status === 'failed').map(({ name }) => name);
const passedIn = ({ testResults }, files) => testResults.filter(({ name }) => files.includes(name)).reduce((sum, { assertionResults }) => sum + assertionResults.filter(({ status }) => status === 'passed').length, 0);

/** Runs to the end; resolves to {code}. The output goes to the terminal. */
function step(command, args, env, watch) {
  const child = spawn(command, args, { cwd: root, stdio: ['ignore', 2, 2], env: { ...process.env, PATH: `${join(root, 'node_modules/.bin')}:${process.env.PATH}`, NX_DAEMON: 'false', NX_TUI: 'false', ...env } });
  return watch({ done: new Promise((resolve) => { child.once('exit', (code, signal) => resolve({ code: code ?? (signal ? 130 : 2) })); child.once('error', () => resolve({ code: 2 })); }), stop: (signal) => child.kill(signal) });
}

export async function test(args) {
  const { only, paths } = parse(args);
  const here = profile('test');
  const before = readState(here).owner;
  if (isOurs(before)) throw new Trouble(`npm test is already running in this clone (pid ${before.pid}): wait for it, or \`npm run stop\`.`);
  const totals = { passed: 0, failed: 0, skipped: 0 };
  const timings = [];
  const broken = [];
  const wavering = [];
  const wanted = only.length ? only : Object.keys(projects);
  const all = !only.length && !paths.length;
  return guarded(async ({ later, watch, interrupted }) => {
    writeState(here, { owner: { pid: process.pid, started: look(process.pid)?.started, mark: 'run.mjs' } });
    later(async () => writeState(here, { owner: undefined }));
    const timed = async (name, body) => {
      if (interrupted()) return;
      say(`── ${name}`);
      const began = Date.now();
      let ok = false;
      try { ok = await body(); } catch (error) { if (error instanceof Trouble) say(error.message); else throw error; if (error.exitCode === 2) throw error; } finally { timings.push([name, Date.now() - began]); }
      if (!ok && !interrupted()) broken.push(name);
    };
    const command = (name, program, list) => timed(name, async () => (await step(program, list, {}, watch)).code === 0);
    const runJest = async (name, env, workers, chosen) => {
      const out = join(here.dir, `jest-${name}.json`);
      mkdirSync(here.dir, { recursive: true });
      rmSync(out, { force: true });
      const { code } = await step(bin('node'), ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning', '--disable-warning=TimeoutNegativeWarning', '--disable-warning=FSTWRN004', join(root, 'node_modules/jest/bin/jest.js'), '--selectProjects', projects[name], '--json', `--outputFile=${out}`,
        '--passWithNoTests', workers, ...chosen], env, watch);
      return existsSync(out) ? { ...JSON.parse(readFileSync(out, 'utf8')), code } : undefined;
    };
    const jest = (name, env) => timed(name, async () => {
      const first = await runJest(name, env, name === 'unit' || name === 'journeys' ? '--maxWorkers=2' : '--runInBand', paths.length ? ['--testPathPatterns', ...paths] : []);
      if (!first) return false;
      if (first.numTotalTests === 0 && !paths.length) { say(`${name}: there are test files, but no test ran.`); return false; }
      const failed = filesThatFailed(first);
      let result = first;
      // A file can fail because the machine stood still: a few such files are judged once more with the machine to themselves, and named.
      if (failed.length > 0 && failed.length <= fewFiles && !interrupted()) {
        say(`${name}: ${failed.length} of ${first.numTotalTestSuites} files failed. Once more, alone: ${failed.map((file) => relative(root, file)).join(', ')}`);
        const second = await runJest(name, env, '--runInBand', ['--runTestsByPath', ...failed]);
        if (second) result = { ...second, numPassedTests: first.numPassedTests - passedIn(first, failed) + second.numPassedTests };
        if (second?.code === 0) wavering.push(...failed.map((file) => relative(root, file)));
      }
      totals.passed += result.numPassedTests;
      totals.failed += result.numFailedTests + result.numRuntimeErrorTestSuites;
      totals.skipped += first.numPendingTests + first.numTodoTests;
      return result.code === 0;
    });
    // Others' verifiers are built beside lint and types, which keep one core busy; the tests that need them wait for it.
    const built = wanted.includes('faults') ? verifiersOrWhy().catch((error) => error) : undefined;
    if (all) {
      await command('lint and types', bin('node'), [bin('nx'), 'run-many', '-t', 'lint', 'imports', 'typecheck', 'typecheck-core', '--parallel=1', '--outputStyle=stream']);
      const check = join(root, 'contracts/tool/generate.mjs');
      if (existsSync(check)) await command('generated code', bin('node'), [check, '--check']);
    }
    if (wanted.includes('unit') && filesOf.unit()) await jest('unit', {});
    const later_ = wanted.filter((name) => name !== 'unit' && filesOf[name]());
    if (later_.length && !interrupted()) {
      await timed('build', async () => { await build(); return true; });
      await endServices(here);
      if (built) await timed('verifiers', async () => { const got = await built; if (got instanceof Error) throw got; if (got.why) say(`Tests with independent verifiers are skipped: ${got.why}`); return true; });
      let infra;
      await timed('infrastructure', async () => { infra = await up(here, { scram: { tls: true } }); return true; });
      if (infra) {
        later(() => infra.close().then(() => down(here)).then(() => undefined));
        const env = {
          ...(infra.kafka ? { CS_TEST_KAFKA: infra.kafka.brokers } : {}), CS_TEST_POSTGRES: infra.postgres.url('postgres'), ...(infra.redis ? { CS_TEST_REDIS: infra.redis } : {}),
          ...(infra.kafka?.scram ? { CS_TEST_KAFKA_SCRAM: JSON.stringify(infra.kafka.scram) } : {}), CS_LOCAL: JSON.stringify(addresses(infra)), CS_SECRETS_DIR: infra.secrets.dir,
        };
        for (const name of later_) await jest(name, env);
      }
    }
    for (const [name, ms] of timings) say(`${name.padEnd(16)} ${(ms / 1000).toFixed(1).padStart(7)} s${broken.includes(name) ? '  FAILED' : ''}`);
    if (broken.length) say(`Failed: ${broken.join(', ')}.`);
    if (wavering.length) say(`Held only when run again alone, which is a fault of the test or of the product: ${wavering.join(', ')}`);
    process.stdout.write(`${totals.passed} passed, ${totals.failed} failed, ${totals.skipped} skipped\n`);
    if (interrupted()) return 130;
    return broken.length || totals.failed || (!paths.length && !totals.passed) ? 1 : 0;
  });
}

/** `npm run faults`: the kills of test/faults/audit-killed.spec.ts, many more of them than npm test has time for. */
export function faults(args) {
  const kills = args[0] ?? '100';
  if (!/^[1-9]\d{0,3}$/.test(kills) || args.length > 1) throw new Trouble('Usage: npm run faults -- [N], N kills from 1 to 9999 (default 100).');
  process.env.CS_FAULTS_KILLS = kills;
  return test(['--only', 'faults', 'test/faults/audit-killed']);
}
