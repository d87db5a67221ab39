// start, replay, bench and the countersign command: infrastructure, services, then libs/cli.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from './build.mjs';
import { demoChannels } from './demo-channels.mjs';
import { down, erase, up } from './infrastructure.mjs';
import { bin, profile, root } from './paths.mjs';
import { isOurs, look } from './process.mjs';
import { say, Trouble } from './say.mjs';
import { built, endServices, envOf, startServices, urlsOf } from './services.mjs';
import { readState, writeState } from './state.mjs';

const main = join(root, 'libs/cli/dist/main.js');

/** All addresses, for programs and fault tests: the JSON in CS_LOCAL. */
export const addresses = (infra, services) => ({
  profile: infra.profile.name, dir: infra.profile.dir, bus: infra.bus, kafka: infra.kafka?.brokers, redis: infra.redis, secrets: infra.secrets.dir,
  postgres: Object.fromEntries(['registry', 'policy', 'approvals', 'supervision', 'anomaly', 'audit', 'gateway', 'bus'].map((name) => [name, infra.postgres.url(`countersign_${name}`)])),
  http: urlsOf(infra), logs: infra.profile.logs, services: services ? services.pids() : {}, ports: infra.ports,
});

/** Runs libs/cli with our addresses; resolves to its exit code. Signals reach it through `stop`. */
function program(args, env) {
  if (!existsSync(main)) throw new Trouble('libs/cli has no main yet: there is nothing to run.');
  const child = spawn(bin('node'), ['--enable-source-maps', '--disable-warning=TimeoutNegativeWarning', main, ...args], { cwd: process.env.INIT_CWD ?? root, stdio: 'inherit', env: { ...process.env, ...env } });
  return { done: new Promise((resolve) => child.once('exit', (code, signal) => resolve(code ?? (signal ? 130 : 2)))), stop: (signal) => child.kill(signal) };
}

const ended = async ({ done, stop }) => {
  stop('SIGTERM');
  const late = setTimeout(() => stop('SIGKILL'), 10_000);
  await done;
  clearTimeout(late);
};

/** Runs `body`, closing everything it opened, also on Ctrl-C and SIGTERM. `body` gets `later(close)` and `watch(child)`. */
export async function guarded(body) {
  const closers = [];
  let child;
  let interrupted = false;
  const onSignal = (signal) => {
    if (interrupted) return;
    interrupted = true;
    say('Stopping …');
    child?.stop(signal);
    wake();
  };
  let wake;
  const woken = new Promise((resolve) => { wake = resolve; });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, onSignal);
  const running = body({ later: (close) => closers.unshift(close), watch: (one) => { child = one; if (interrupted) one.stop('SIGTERM'); return one.done; }, woken, interrupted: () => interrupted });
  try { return await running; } finally {
    // A service that died ends this too: what runs on it goes first, or it would go on writing about what it no longer reaches.
    if (child) await ended(child);
    for (const close of closers) await close().catch((error) => say(`While stopping: ${error.message}`));
  }
}

const owner = (dev) => { const { owner: who } = readState(dev); return isOurs(who) ? who : undefined; };
const own = (dev) => writeState(dev, { owner: { pid: process.pid, started: look(process.pid)?.started, mark: 'run.mjs' } });

/** `npm start`: the whole product and its demonstration, until Ctrl-C. */
export async function start(args) {
  const dev = profile('dev');
  const who = owner(dev);
  if (who) { say(`Countersign is already running (pid ${who.pid}). \`npm run stop\` stops it.`); return 0; }
  await endServices(dev);
  await build();
  own(dev);
  return guarded(async ({ later, watch, interrupted, woken }) => {
    later(async () => writeState(dev, { owner: undefined }));
    const infra = await up(dev);
    later(() => (readState(dev).keep ? Promise.resolve() : infra.close().then(() => down(dev)).then(() => undefined)));
    if (interrupted()) return 130;
    // Traces go into files unless somebody collects them; what reads them is in infra/otel.
    const traces = process.env.CS_OTLP_ENDPOINT ?? pathToFileURL(join(dev.dir, 'traces')).href;
    const services = await startServices(infra, undefined, { env: { CS_OTLP_ENDPOINT: traces }, envFor: { approvals: demoChannels(infra) } });
    later(() => services.close());
    const failed = new Promise((_, reject) => services.onExit(reject));
    const local = addresses(infra, services);
    writeState(dev, { local });
    const done = existsSync(main) ? watch(program(['start', ...args], { CS_LOCAL: JSON.stringify(local), ...envOf(infra, 'cli') })) : woken.then(() => 0);
    return Promise.race([done, failed]);
  });
}

/** `npm run up`: infrastructure only, left running until `npm run stop`. */
export async function bringUp(args) {
  const dev = profile(args.includes('--test') ? 'test' : 'dev');
  const scram = args.includes('--scram') ? { tls: args.includes('--tls') } : undefined;
  const infra = await up(dev, { scram });
  writeState(dev, { keep: true });
  process.stdout.write(`${JSON.stringify(addresses(infra))}\n`);
  return 0;
}

/** A program on infrastructure of its own that nobody has used before; gone when it ends. */
async function alone(command, args, { services: wanted, envFor = {}, checked = false }) {
  await build({ quiet: true });
  // What is wrong with the command line is said before anything is started.
  const wrong = checked ? await program([command, ...args, '--check'], {}).done : 0;
  if (wrong !== 0) return wrong;
  const embedded = args.some((arg, i) => arg === '--bus=embedded' || (arg === '--bus' && args[i + 1] === 'embedded'));
  const own = profile(`${command}-${process.pid}`, { ephemeral: true });
  return guarded(async ({ later, watch, interrupted }) => {
    const infra = await up(own, { components: embedded ? ['postgres', 'redis'] : ['kafka', 'postgres', 'redis'] });
    let started = !wanted;
    later(() => infra.close({ quiet: true, keepLogs: !started && !interrupted() }));
    if (interrupted()) return 130;
    const services = wanted ? await startServices(infra, undefined, { envFor }) : undefined;
    if (services) later(() => services.close());
    started = true;
    const failed = services ? new Promise((_, reject) => services.onExit(reject)) : new Promise(() => undefined);
    return Promise.race([watch(program([command, ...args], { CS_LOCAL: JSON.stringify(addresses(infra, services)), ...envOf(infra, 'cli') })), failed]);
  });
}

/** Recorded sessions are judged by the rules written for their workplaces. Anomaly levels and breakers count per minute, and a replay's minute is many recorded ones: they are recorded without effect, so that two runs can be compared. */
export const replay = (args) => alone('replay', args, { services: true, checked: true, envFor: { policy: { CS_POLICY_BUNDLE: join(root, 'services/policy/packs/agentdojo'), CS_ANOMALY_EFFECT: 'record' }, supervision: { CS_BREAKERS_EFFECT: 'record' }, approvals: { CS_APPROVALS_FRICTION: 'report', CS_APPROVALS_OPEN_PER_AGENT: '100000', CS_APPROVALS_OPEN_PER_OWNER: '100000' } } });
/** Bench starts what each measure needs by itself: an echo must not share two cores with seven idle services. */
export const bench = (args) => alone('bench', args, { services: false });

/** A measure that needs no infrastructure. */
export const evaluation = (command) => async (args) => {
  await build({ quiet: true });
  return guarded(({ watch }) => watch(program([command, ...args], {})));
};

/** The simulated fleet, from its sources: it is no part of the product. */
export const fleet = (args) => guarded(({ watch }) => {
  const child = spawn(bin('node'), ['-C', 'source', join(root, 'test/load/fleet/run.ts'), ...args], { cwd: root, stdio: 'inherit' });
  return watch({ done: new Promise((resolve) => child.once('exit', (code, signal) => resolve(code ?? (signal ? 130 : 2)))), stop: (signal) => child.kill(signal) });
});

/** `countersign …` against whatever `npm start` has running; verifying a folder needs nothing running. */
export async function cli(args) {
  await build({ quiet: true });
  const dev = profile('dev');
  const state = readState(dev);
  const local = owner(dev) ? state.local : undefined;
  return guarded(({ watch }) => watch(program(args, local ? { CS_LOCAL: JSON.stringify(local) } : {})));
}

/** Stops what we started, in any profile. */
export async function stop() {
  const stopped = [];
  for (const name of ['dev', 'test']) {
    const one = profile(name);
    const who = owner(one);
    if (who) {
      process.kill(who.pid, 'SIGTERM');
      for (let i = 0; i < 600 && isOurs(who); i++) await new Promise((resolve) => setTimeout(resolve, 50));
      stopped.push(`${name} (pid ${who.pid})`);
    }
    stopped.push(...await endServices(one), ...await down(one));
    if (readState(one).keep) writeState(one, { keep: undefined });
  }
  say(stopped.length ? `Stopped ${stopped.join(', ')}.` : 'Nothing of ours was running.');
  return 0;
}

/** Stops everything and deletes data and secrets; the cache of fetched programs stays. */
export async function reset() {
  await stop();
  for (const name of ['dev', 'test']) erase(profile(name));
  say('Data and secrets are deleted; what was fetched stays in the cache.');
  return 0;
}

export { built };
