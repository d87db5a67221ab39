// What this machine has and lacks, each with its remedy.
import { execFile } from 'node:child_process';
import { existsSync, statfsSync } from 'node:fs';
import { freemem, totalmem } from 'node:os';
import { createServer } from 'node:net';
import { promisify } from 'node:util';
import { complaints, readList } from './checksums.mjs';
import { dockerAnswers } from './docker.mjs';
import { isInstalled } from './install.mjs';
import { jarList, java, kafkaHome } from './kafka-jars.mjs';
import { profile, root } from './paths.mjs';
import { isOurs, portOwner } from './process.mjs';
import { nativeDir } from './postgres.mjs';
import { onPath, redisHome } from './redis.mjs';
import { readState } from './state.mjs';
import { installedGo, verifiersBuilt } from './verifiers.mjs';

const run = promisify(execFile);
const version = (command, args) => run(command, args).then(({ stdout, stderr }) => (stdout || stderr).split('\n')[0].replace(/\u001b\[[0-9;]*m/g, '').trim(), () => undefined);
const taken = (port) => new Promise((resolve) => { const server = createServer(); server.once('error', () => resolve(true)); server.listen(port, '127.0.0.1', () => server.close(() => resolve(false))); });

async function ports(name) {
  const one = profile(name);
  const state = readState(one);
  const ours = isOurs(state.owner) || Object.values(state.components ?? {}).some((component) => isOurs(component.record));
  if (ours) return { check: `ports (${name})`, ok: true, found: 'in use by our own running instance' };
  const list = Object.values(one.ports).flatMap((port) => (typeof port === 'number' ? [port] : Object.values(port)));
  const busy = [];
  for (const port of list) if (await taken(port)) busy.push(port);
  return { check: `ports (${name})`, ok: !busy.length, found: busy.length ? busy.map((port) => `${port} by ${portOwner(port)}`).join(', ') : 'free', remedy: 'stop that process, or name your own server in CS_KAFKA_BROKERS, CS_POSTGRES_URL, CS_REDIS_URL' };
}

async function checks() {
  const list = [];
  const add = (check, ok, found, remedy) => list.push({ check, ok: Boolean(ok), found, ...(ok ? {} : { remedy }) });
  add('node', Number(process.versions.node.split('.')[0]) >= 20, process.versions.node, 'install Node 20 or later');
  add('packages', isInstalled(), isInstalled() ? 'installed as locked' : 'not installed', 'any npm command (npm start) installs them; that needs a package registry once');
  const docker = await dockerAnswers();
  list.push({ check: 'docker', ok: true, found: docker ? 'a daemon answers: it will be used' : 'no daemon answers: local processes are used' });
  const kafkaGiven = docker || process.env.CS_KAFKA_BROKERS;
  const vm = await java();
  add('java', kafkaGiven || vm?.major >= 17, vm ? vm.text.split('\n')[0] : 'none', 'install a Java runtime of version 17 or later (for example openjdk-17-jre-headless)');
  const libs = `${kafkaHome()}/libs`;
  const wrong = existsSync(libs) ? complaints(libs, readList(jarList), '.jar') : undefined;
  const mvn = wrong ? undefined : await version('mvn', ['-v']);
  add('kafka', kafkaGiven || (wrong ? !wrong.length : mvn), process.env.CS_KAFKA_BROKERS ? 'from CS_KAFKA_BROKERS' : wrong ? (wrong.length ? wrong[0] : 'jars cached and checked') : mvn ? `not cached; ${mvn} will fetch it` : 'not cached, no Maven', wrong?.length ? `remove ${libs}` : 'install maven, or name a broker in CS_KAFKA_BROKERS');
  add('postgresql', docker || process.env.CS_POSTGRES_URL || existsSync(nativeDir()), process.env.CS_POSTGRES_URL ? 'from CS_POSTGRES_URL' : existsSync(nativeDir()) ? 'binaries in node_modules' : 'no binaries yet', 'install the packages (npm start does), or name a server in CS_POSTGRES_URL');
  const redis = onPath(['valkey-server', 'redis-server']) ?? (existsSync(redisHome()) ? 'Valkey cached' : undefined);
  const pip = redis ? undefined : await version('python3', ['-m', 'pip', '--version']);
  add('redis', docker || process.env.CS_REDIS_URL || redis || pip, process.env.CS_REDIS_URL ? 'from CS_REDIS_URL' : redis ?? (pip ? `not cached; ${pip.split(' from')[0]} will fetch Valkey` : 'none, and no pip to fetch it'), 'install redis-server, or python3 with pip, or name a server in CS_REDIS_URL');
  list.push({ check: 'verifiers', ok: true, found: verifiersBuilt() ? 'built and cached' : installedGo() ? 'npm test builds them with this Go' : 'no Go: npm test fetches one through pip, or skips what needs it' });
  const { bavail, bsize } = statfsSync(root);
  const disk = (bavail * bsize) / 2 ** 30;
  add('disk', disk >= 2, `${disk.toFixed(1)} GiB free`, 'make 2 GiB free');
  add('memory', totalmem() / 2 ** 30 >= 3.5, `${(totalmem() / 2 ** 30).toFixed(1)} GiB, ${(freemem() / 2 ** 30).toFixed(1)} free`, 'use a machine with 4 GiB');
  for (const name of ['dev', 'test']) list.push(await ports(name));
  for (const entry of list) if (entry.ok) delete entry.remedy;
  return list;
}

/** Exit 0 when everything needed is there, 1 when something is missing. */
export async function doctor(args) {
  const list = await checks();
  const ok = list.every((entry) => entry.ok);
  const table = list.map((entry) => `${entry.ok ? 'ok  ' : 'FAIL'}  ${entry.check.padEnd(13)} ${entry.found}${entry.remedy ? `\n                    → ${entry.remedy}` : ''}`).join('\n');
  if (args.includes('--json')) process.stdout.write(`${JSON.stringify({ ok, checks: list })}\n`);
  else process.stdout.write(`${table}\n`);
  return ok ? 0 : 1;
}
