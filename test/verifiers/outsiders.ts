import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

interface Builder { verifiersOrWhy(): Promise<{ readonly folder: string } | { readonly why: string }> }

/** The programs of infra/local/verifiers.mjs; `why` where this machine has none (never with CI=true). */
export const built = await (await import(new URL('../../infra/local/verifiers.mjs', import.meta.url).href) as Builder).verifiersOrWhy();
export const folder = 'folder' in built ? built.folder : '';
/** Ends the title of a suite, so that a skipped one says so. */
export const unlessSkipped = 'why' in built ? ` (SKIPPED: ${built.why})` : '';

/** What a verifier said: it holds, or why not. */
export type Said = { readonly holds: true } | { readonly holds: false; readonly why: string };

/** Verifiers that others wrote, asked about one log by somebody who has its key and, for a policy, those of its witnesses. */
export interface Outsiders {
  /** tessera: entries, tiles and checkpoint of a whole log, over http: or file: */
  fsck(url: string): Promise<Said>;
  /** x/mod sumdb/note. */
  note(checkpoint: string): Promise<Said>;
  /** x/mod tlog and torchwood: what is served has only grown since this checkpoint. */
  extends(checkpoint: string, url: string): Promise<Said>;
  /** torchwood: this leaf stands where the tlog-proof says. */
  proof(leaf: Uint8Array, proof: string): Promise<Said>;
  /** transparency-dev/merkle: whether each of these proofs holds. */
  probes(list: readonly object[]): Promise<readonly boolean[]>;
  close(): void;
}

/** @param policy lines of a torchwood policy beside the log's own: witnesses, groups, quorum */
export const outsiders = (vkey: string, policy = 'quorum none'): Outsiders => {
  const dir = mkdtempSync(join(tmpdir(), 'countersign-outsiders-'));
  let files = 0;
  const file = (content: string | Uint8Array): string => {
    const path = join(dir, String(files++));
    writeFileSync(path, content);
    return path;
  };
  const key = file(`${vkey}\n`);
  const rules = file(`log ${vkey}\n${policy}\n`);
  const ask = (...args: readonly string[]): Promise<Said> => new Promise((resolve, reject) => {
    execFile(join(folder, 'verifiers'), [...args], { timeout: 30_000 }, (error, _, stderr) => {
      if (error === null) resolve({ holds: true });
      else if (error.code === 1) resolve({ holds: false, why: stderr.trim() });
      else reject(new Error(`${args.join(' ')}: ${error.message} ${stderr}`));
    });
  });
  return {
    fsck: (url) => ask('fsck', key, url.replace(/\/?$/, '/')),
    note: (checkpoint) => ask('note', key, file(checkpoint)),
    extends: (checkpoint, url) => ask('extends', rules, file(checkpoint), url),
    proof: (leaf, proof) => ask('proof', rules, file(leaf), file(proof)),
    probes: (list) => new Promise((resolve, reject) => {
      execFile(join(folder, 'verifiers'), ['probes', file(JSON.stringify(list))], { timeout: 30_000, maxBuffer: 1 << 24 }, (error, stdout) => {
        if (error === null) resolve(stdout.trim().split('\n').map((line) => line === 'true'));
        else reject(error);
      });
    }),
    close: () => rmSync(dir, { recursive: true, force: true }),
  };
};
