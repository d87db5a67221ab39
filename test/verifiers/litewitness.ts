import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { freePorts } from '@countersign/spec/whole';
import { folder } from './outsiders.ts';

const emptyRoot = '47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=';

export interface Witness {
  readonly url: string;
  readonly verifierKey: string;
  close(): Promise<void>;
}

/** torchwood's litewitness, its key in an ssh-agent as it wants it, knowing one log. */
export const startLitewitness = async (origin: string, logKey: string): Promise<Witness> => {
  const dir = mkdtempSync(join(tmpdir(), 'countersign-witness-'));
  const running: ChildProcess[] = [];
  const start = (program: string, args: readonly string[], found: RegExp): Promise<string> => new Promise((resolve, reject) => {
    const child = spawn(join(folder, program), args, { cwd: dir });
    running.push(child);
    let said = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (bytes: Buffer) => {
      said += bytes.toString();
      const match = found.exec(said);
      if (match) resolve(match[1]!);
    });
    child.once('exit', () => reject(new Error(`${program} ended: ${said}`)));
  });
  const close = async (): Promise<void> => {
    await Promise.all(running.map((child) => new Promise((resolve) => { child.once('exit', resolve); if (!child.kill('SIGKILL')) resolve(undefined); })));
    rmSync(dir, { recursive: true, force: true });
  };
  try {
    const [port] = await freePorts(1);
    const fingerprint = await start('verifiers', ['agent', 'agent.sock'], /(SHA256:\S+)\n/);
    const verifierKey = await start('litewitness', ['-name', 'witness.test/lite', '-db', 'lite.db', '-ssh-agent', 'agent.sock', '-key', fingerprint, '-listen', `127.0.0.1:${port}`], /vkey=(\S+)[\s\S]*listening/);
    // What witnessctl add-log and add-key write; it is not built here, for it needs a module that our registry does not carry.
    const known = new DatabaseSync(join(dir, 'lite.db'));
    known.prepare('insert into log (origin, tree_size, tree_hash) values (?, 0, ?)').run(origin, emptyRoot);
    known.prepare('insert into key (origin, key) values (?, ?)').run(origin, logKey);
    known.close();
    return { url: `http://127.0.0.1:${port}`, verifierKey, close };
  } catch (error) {
    await close();
    throw error;
  }
};
