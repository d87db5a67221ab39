// One process per service, with the environment its config.ts reads. Nothing is restarted silently.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { bin, root, serviceNames } from './paths.mjs';
import { end, isOurs, launch, requireFree, until } from './process.mjs';
import { say, Trouble } from './say.mjs';
import { readState, writeState } from './state.mjs';

/** What a batch allocates dies young only where the young generation can hold a batch. */
const nodeFlags = { policy: ['--min-semi-space-size=128', '--max-semi-space-size=128'] };

/** Addresses of the services of a running infrastructure. */
export const urlsOf = (infra) => Object.fromEntries(Object.entries(infra.ports.http).map(([name, port]) => [name, `http://127.0.0.1:${port}`]));

/** What one service reads from its environment (see docs in infra/local/README.md). */
export function envOf(infra, service) {
  const peers = Object.fromEntries(Object.entries(urlsOf(infra)).map(([name, url]) => [`CS_${name.toUpperCase()}_URL`, url]));
  return {
    CS_BUS: infra.bus, ...(infra.kafka ? { CS_KAFKA_BROKERS: infra.kafka.brokers } : {}),
    CS_POSTGRES_URL: infra.postgres.url(`countersign_${service}`), CS_BUS_POSTGRES_URL: infra.postgres.url('countersign_bus'),
    ...(infra.redis ? { CS_REDIS_URL: infra.redis } : {}),
    ...(infra.ports.http[service] ? { CS_HTTP_PORT: String(infra.ports.http[service]) } : {}),
    CS_SECRETS_DIR: infra.secrets.dir, CS_TENANT: process.env.CS_TENANT ?? 'acme', ...peers,
    // Node keeps what it compiled: seven processes import the same few thousand files at each start.
    NODE_COMPILE_CACHE: join(root, '.countersign', 'compile-cache'),
  };
}

/** The environment without what belongs to one component's own choice, so that a service reads only what we say. */
const base = () => Object.fromEntries(Object.entries(process.env).filter(([name]) => !['CS_POSTGRES_URL', 'CS_REDIS_URL', 'CS_KAFKA_BROKERS', 'CS_BUS'].includes(name)));

export const built = () => serviceNames.filter((name) => existsSync(join(root, 'services', name, 'dist/main.js')));

const ready = (url) => fetch(`${url}/readyz`, { signal: AbortSignal.timeout(1000) }).then((answer) => answer.ok, () => false);

/**
 * Starts the named services (default: all that are built) and waits until each says it is ready.
 * `env` is added for all, `envFor[name]` for one. Returns {urls, pids(), kill(name, signal), pause, resume, restart(name), onExit(listener), close()}.
 */
export async function startServices(infra, names = built(), { env = {}, envFor = {}, readyWithinMs = 180_000 } = {}) {
  const began = Date.now();
  const urls = urlsOf(infra);
  const running = new Map();
  const meant = new Set();
  let tell = () => undefined;
  const remember = () => writeState(infra.profile, { services: Object.fromEntries([...running].map(([name, one]) => [name, one.record])) });
  const tail = (log) => { try { return readFileSync(log, 'utf8').trimEnd().split('\n').slice(-15).join('\n'); } catch { return ''; } };

  async function start(name) {
    const main = join(root, 'services', name, 'dist/main.js');
    if (!existsSync(main)) throw new Trouble(`services/${name} is not built.`);
    const port = infra.ports.http[name];
    await requireFree(port, name, 'CS_HTTP_PORT');
    meant.delete(name);
    const launched = launch(bin('node'), ['--enable-source-maps', '--disable-warning=TimeoutNegativeWarning', ...(nodeFlags[name] ?? []), main], {
      log: join(infra.profile.logs, `${name}.log`), mark: main, cwd: root, env: { ...base(), ...envOf(infra, name), ...env, ...envFor[name] },
    });
    running.set(name, launched);
    remember();
    launched.exited.then((how) => {
      if (running.get(name) === launched && !meant.has(name)) tell(new Trouble(`${name} ended (${how.signal ?? `exit ${how.code}`}). Its last lines (${launched.record.log}):\n${tail(launched.record.log)}`));
    });
    await until(() => ready(urls[name]), { what: name, launched, withinMs: readyWithinMs });
    return launched.record.pid;
  }
  const signal = (name, which) => { const one = running.get(name); if (one && isOurs(one.record)) process.kill(one.record.pid, which); };
  const close = async () => {
    for (const name of running.keys()) meant.add(name);
    await Promise.all([...running.values()].map((one) => end(one.record)));
    running.clear();
    remember();
  };
  // The first that cannot start ends the wait: the others may be waiting for it.
  const starting = names.map(start);
  for (const one of starting) one.catch(() => undefined);
  try { await Promise.all(starting); } catch (error) { await close(); throw error; }
  say(`Services ready: ${names.join(', ')} (${((Date.now() - began) / 1000).toFixed(1)} s).`);
  return {
    urls, close, names,
    pids: () => Object.fromEntries([...running].map(([name, one]) => [name, one.record.pid])),
    /** Sends a signal (default SIGKILL) and resolves when the process is gone; it stays gone until `restart`. */
    kill: async (name, which = 'SIGKILL') => { meant.add(name); signal(name, which); await running.get(name)?.exited; },
    pause: (name) => signal(name, 'SIGSTOP'),
    resume: (name) => signal(name, 'SIGCONT'),
    /** Starts a service again, ending it first if it still runs. */
    restart: async (name) => { meant.add(name); await end(running.get(name)?.record); return start(name); },
    /** Told of a service that ended without being asked to. */
    onExit: (listener) => { tell = listener; },
  };
}

/** Ends services that an earlier command left behind. */
export async function endServices(profile) {
  const left = Object.entries(readState(profile).services ?? {}).filter(([, record]) => isOurs(record));
  await Promise.all(left.map(([, record]) => end(record)));
  return left.map(([name]) => name);
}
