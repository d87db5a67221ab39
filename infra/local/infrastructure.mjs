// For each of Kafka, PostgreSQL, Redis: an address in the environment, Docker, a local process, else the embedded adapter.
import { chmodSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { composeDown, composeUp, dockerAnswers } from './docker.mjs';
import { startKafka, stopKafka } from './kafka.mjs';
import { serviceNames } from './paths.mjs';
import { createDatabases, postgresPlace, startPostgres, stopPostgres } from './postgres.mjs';
import { freePort, isOurs } from './process.mjs';
import { startRedis, stopRedis } from './redis.mjs';
import { say } from './say.mjs';
import { secretsOf } from './secrets.mjs';
import { readState, writeState } from './state.mjs';

const stoppers = { kafka: stopKafka, postgres: stopPostgres, redis: stopRedis };
const withDatabase = (base) => (name) => { const url = new URL(base); url.pathname = `/${name}`; return url.href; };

async function freePorts() {
  const [kafka, controller, scram, postgres, redis, tools, ...rest] = await Promise.all(Array.from({ length: 6 + serviceNames.length }, freePort));
  return { kafka, controller, scram, postgres, redis, http: { tools, ...Object.fromEntries(serviceNames.map((name, i) => [name, rest[i]])) } };
}

/** What was said before something failed outlives the profile: the next attempt of the same name takes its place. */
const keepLogsOf = (profile) => {
  const kept = join(dirname(profile.dir), `${profile.name.replace(/-\d+$/, '')}-failed-logs`);
  rmSync(kept, { recursive: true, force: true });
  renameSync(profile.logs, kept);
  say(`Its logs are kept in ${kept}.`);
};

const composeEnv = (ports, secrets) => ({ CS_KAFKA_PORT: String(ports.kafka), CS_POSTGRES_PORT: String(ports.postgres), CS_REDIS_PORT: String(ports.redis), CS_DB_PASSWORD: secrets.postgres, CS_REDIS_PASSWORD: secrets.redis });

/** How each component is obtained: {how, address…, record?}. */
function ways(profile, ports, secrets, { scram }) {
  const log = (name) => join(profile.logs, `${name}.log`);
  const dir = (name) => join(profile.dir, name);
  const postgresUrl = (database) => `postgres://countersign:${secrets.postgres}@127.0.0.1:${ports.postgres}/${database}`;
  return {
    kafka: {
      given: process.env.CS_KAFKA_BROKERS && { brokers: process.env.CS_KAFKA_BROKERS },
      docker: { brokers: `127.0.0.1:${ports.kafka}` },
      local: async () => { const { record, brokers, scram: listener } = await startKafka({ dir: dir('kafka'), ports, log: log('kafka'), scram }); return { record, brokers, scram: listener }; },
      without: 'the bus runs embedded on PostgreSQL',
    },
    postgres: {
      given: process.env.CS_POSTGRES_URL && { base: process.env.CS_POSTGRES_URL },
      docker: { base: postgresUrl('postgres') },
      local: async () => { const { record, url } = await startPostgres({ dir: dir('postgres'), port: ports.postgres, log: log('postgres'), password: secrets.postgres }); return { record, base: url('postgres') }; },
    },
    redis: {
      given: process.env.CS_REDIS_URL && { url: process.env.CS_REDIS_URL },
      docker: { url: `redis://:${secrets.redis}@127.0.0.1:${ports.redis}` },
      local: () => startRedis({ dir: dir('redis'), port: ports.redis, log: log('redis'), password: secrets.redis }),
      without: 'hot state is kept in memory, per process',
    },
  };
}

async function obtain(name, way, { required, docker, before, note, mayLack }) {
  if (way.given) return { how: 'environment', ...way.given };
  if (before?.how === 'process' && isOurs(before.record)) return { ...before, reused: true };
  if (docker) { await docker(name); return { how: 'docker', ...way.docker }; }
  try {
    const started = await way.local();
    const component = { how: 'process', ...started };
    note(name, component);
    return component;
  } catch (error) {
    if (required || !way.without || !mayLack(error)) throw error;
    say(`${name} cannot be had, so ${way.without}. ${error.message.split('\n')[0]}`);
    return { how: 'embedded' };
  }
}

/**
 * Brings up what the profile needs and is not running. Options: components (default all three), required (no embedded fallback; default CI=true),
 * scram ({tls} adds a SCRAM listener to Kafka). Returns {profile, ports, secrets, kafka?, postgres, redis?, bus, addresses, close({keep})};
 * close stops only what this call started.
 */
export async function up(profile, { components = ['kafka', 'postgres', 'redis'], required = process.env.CI === 'true', scram } = {}) {
  const began = Date.now();
  mkdirSync(profile.logs, { recursive: true });
  for (const dir of [profile.dir, profile.logs]) chmodSync(dir, 0o755);
  const secrets = secretsOf(profile);
  const before = readState(profile);
  const ports = profile.ports ?? before.ports ?? await freePorts();
  const choices = ways(profile, ports, secrets, { scram });
  writeState(profile, { ports });
  const missing = components.filter((name) => !choices[name].given && !isOurs(before.components?.[name]?.record));
  const docker = missing.length && await dockerAnswers();
  const project = `countersign-${profile.name}`;
  const viaDocker = docker ? composeUp(project, composeEnv(ports, secrets), missing) : undefined;
  viaDocker?.catch(() => undefined);
  const note = (name, component) => writeState(profile, { components: { ...readState(profile).components, [name]: component } });
  const results = await Promise.allSettled(components.map((name) => obtain(name, choices[name], {
    required, before: before.components?.[name], note, docker: docker && missing.includes(name) ? () => viaDocker : undefined,
    mayLack: (error) => error.lacking === true,
  })));
  const got = Object.fromEntries(components.map((name, i) => [name, results[i].value]));
  const close = async ({ quiet = false, keepLogs = false } = {}) => {
    const mine = components.filter((name) => got[name]?.how === 'process' && !got[name].reused);
    await Promise.all(mine.map((name) => stoppers[name](got[name].record)));
    if (docker) await composeDown(project, composeEnv(ports, secrets), { volumes: profile.ephemeral });
    const left = { ...readState(profile).components };
    for (const name of mine) delete left[name];
    writeState(profile, { components: left });
    if (profile.ephemeral) {
      if (keepLogs) keepLogsOf(profile);
      erase(profile);
    }
    if (!quiet && mine.length) say(`Stopped ${mine.join(', ')}.`);
  };
  const failure = results.find((result) => result.status === 'rejected');
  if (failure) { await close({ quiet: true, keepLogs: true }); throw failure.reason; }
  const urlOf = withDatabase(got.postgres.base);
  if (got.postgres.how === 'environment' || got.postgres.how === 'docker') await createDatabases(urlOf);
  const bus = !got.kafka || got.kafka.how === 'embedded' ? 'embedded' : 'kafka';
  const line = components.map((name) => `${name} ${{ environment: 'from the environment', docker: 'in Docker', embedded: 'embedded', process: `on 127.0.0.1:${ports[name]}` }[got[name].how]}${got[name].reused ? ' (already running)' : ''}`).join(', ');
  say(`Infrastructure: ${line} (${((Date.now() - began) / 1000).toFixed(1)} s).`);
  const redis = got.redis && got.redis.how !== 'embedded' ? got.redis.url : undefined;
  return { profile, ports, secrets, bus, kafka: bus === 'kafka' ? got.kafka : undefined, postgres: { url: urlOf }, redis, close };
}

/** Deletes a profile's data, wherever it is. Nothing of it may be running. */
export function erase(profile) {
  const elsewhere = postgresPlace(join(profile.dir, 'postgres'));
  if (!elsewhere.startsWith(profile.dir)) rmSync(elsewhere, { recursive: true, force: true });
  rmSync(profile.dir, { recursive: true, force: true });
}

/** Stops whatever a profile still has running from an earlier command. Returns the names. */
export async function down(profile) {
  const state = readState(profile);
  const alive = Object.entries(state.components ?? {}).filter(([, component]) => isOurs(component.record));
  await Promise.all(alive.map(([name, component]) => stoppers[name](component.record)));
  const inDocker = Object.entries(state.components ?? {}).filter(([, component]) => component.how === 'docker');
  if (inDocker.length && await dockerAnswers()) await composeDown(`countersign-${profile.name}`, composeEnv(state.ports, secretsOf(profile)));
  if (state.components) writeState(profile, { components: {} });
  return [...alive, ...inDocker].map(([name]) => name);
}
