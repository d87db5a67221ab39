// Child processes that outlive a crash of ours must be found again, and nobody else's must be touched:
// a process is known by pid, start time and a mark in its command line.
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, openSync, closeSync, readFileSync, readdirSync, readlinkSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { dirname } from 'node:path';
import { Trouble } from './say.mjs';

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** `{started, command}` of a live process; undefined when there is none (a zombie is none). */
export function look(pid) {
  try {
    if (existsSync('/proc/self/stat')) {
      const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\) /s, '').split(' ');
      if (fields[0] === 'Z') return undefined;
      return { started: fields[19], command: readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim() };
    }
    const line = execFileSync('ps', ['-o', 'lstart=,command=', '-p', String(pid)], { encoding: 'utf8' }).trim();
    return line ? { started: line.slice(0, 24), command: line.slice(24).trim() } : undefined;
  } catch {
    return undefined;
  }
}

/** Is what a state file says still that very process? */
export const isOurs = (record) => {
  const seen = record?.pid && look(record.pid);
  return Boolean(seen && seen.started === record.started && seen.command.includes(record.mark));
};

/** Starts a process of its own group (Ctrl-C reaches only us, we stop it in order), output to a file. */
export function launch(command, args, { log, mark, cwd, env, uid, gid }) {
  mkdirSync(dirname(log), { recursive: true });
  const out = openSync(log, 'a');
  const child = spawn(command, args, { cwd, env: env ?? process.env, stdio: ['ignore', out, out], detached: true, ...(uid === undefined ? {} : { uid, gid }) });
  closeSync(out);
  const failed = new Promise((_, reject) => child.once('error', (error) => reject(new Trouble(`${command} could not be started: ${error.message}`))));
  failed.catch(() => undefined);
  const exited = new Promise((resolve) => child.once('exit', (code, signal) => resolve({ code, signal })));
  child.unref();
  return { record: { pid: child.pid, started: look(child.pid)?.started, mark, log }, exited, failed, child };
}

/** Ends a recorded process: signal, wait, then SIGKILL. Does nothing to a pid that is no longer ours. */
export async function end(record, { signal = 'SIGTERM', patienceMs = 10_000 } = {}) {
  if (!isOurs(record)) return false;
  try { process.kill(record.pid, signal); } catch { return false; }
  try { process.kill(record.pid, 'SIGCONT'); } catch { /* gone already */ }
  const deadline = Date.now() + patienceMs;
  while (isOurs(record)) {
    if (Date.now() > deadline) { try { process.kill(record.pid, 'SIGKILL'); } catch { /* gone */ } await sleep(50); break; }
    await sleep(20);
  }
  return true;
}

export const accepts = (port, host = '127.0.0.1') => new Promise((resolve) => {
  const socket = connect({ port, host, timeout: 1000 });
  socket.once('connect', () => { socket.destroy(); resolve(true); });
  for (const event of ['error', 'timeout']) socket.once(event, () => { socket.destroy(); resolve(false); });
});

export const freePort = () => new Promise((resolve, reject) => {
  const server = createServer();
  server.once('error', reject);
  server.listen(0, '127.0.0.1', () => { const { port } = server.address(); server.close(() => resolve(port)); });
});

/** Who listens on a port, as far as this user may know: `pid 12 (java …)`. */
export function portOwner(port) {
  try {
    const hex = port.toString(16).toUpperCase().padStart(4, '0');
    const inodes = ['tcp', 'tcp6'].flatMap((table) => readFileSync(`/proc/net/${table}`, 'utf8').split('\n'))
      .map((line) => line.trim().split(/\s+/)).filter((f) => f[1]?.endsWith(`:${hex}`) && f[3] === '0A').map((f) => `socket:[${f[9]}]`);
    for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
      try {
        if (readdirSync(`/proc/${pid}/fd`).some((fd) => { try { return inodes.includes(readlinkSync(`/proc/${pid}/fd/${fd}`)); } catch { return false; } }))
          return `pid ${pid} (${look(pid)?.command.slice(0, 60)})`;
      } catch { /* not ours to read */ }
    }
  } catch { /* no /proc */ }
  return 'another process';
}

/** Refuses a taken port in one sentence with the remedy. */
export async function requireFree(port, what, variable) {
  const server = createServer();
  const error = await new Promise((resolve) => { server.once('error', resolve); server.listen(port, '127.0.0.1', () => server.close(() => resolve(undefined))); });
  if (error) throw new Trouble(`Port ${port} for ${what} is taken by ${portOwner(port)}: stop it, or name your own ${what} in ${variable}.`);
}

/** Polls until true. Rejects with what the process wrote last when it exits or time is up; three minutes is for a machine that is busy with something else. */
export async function until(ready, { what, launched, withinMs = 180_000, everyMs = 50 }) {
  let gone;
  launched?.exited.then((how) => { gone = how; });
  const deadline = Date.now() + withinMs;
  for (;;) {
    if (await Promise.race([ready(), ...(launched ? [launched.failed] : [])])) return;
    const tail = () => { try { return readFileSync(launched.record.log, 'utf8').trimEnd().split('\n').slice(-15).join('\n'); } catch { return ''; } };
    if (gone) throw new Trouble(`${what} ended at once (${gone.signal ?? `exit ${gone.code}`}). Its last lines (${launched.record.log}):\n${tail()}`);
    if (Date.now() > deadline) throw new Trouble(`${what} was not ready within ${withinMs / 1000} s.${launched ? ` Its last lines (${launched.record.log}):\n${tail()}` : ''}`);
    await sleep(everyMs);
  }
}
