import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jest } from '@jest/globals';
import type { Command } from '../../../cli/src/commands.ts';
import { CannotRun } from '../../../cli/src/errors.ts';
import { savePerson } from '../../../cli/src/people/local-people.ts';
import type { Human } from './people.ts';
import { until } from '../until.ts';
import type { Urls } from './services.ts';

/** `out`: the object of --json, `{}` where nothing was printed. `code` is what main.ts would exit with. */
export interface Typed<T> { readonly code: number; readonly out: T; readonly err: string }

/** A machine at which people type `countersign …`, with their keys on it. */
export interface Terminal {
  readonly folder: string;
  /** Keeps somebody's key here. @param roles by which commands choose who acts where nobody is named */
  keep(who: Human, roles: readonly string[]): void;
  /** A file in the folder; its path. */
  file(name: string, text: string): string;
  /** Types a command with --json, again for as long as a service says that it cannot see who is there: then nothing was done. */
  typed<T = Record<string, unknown>>(command: Command, ...args: string[]): Promise<Typed<T>>;
  close(): void;
}

export const openTerminal = (urls: Urls): Terminal => {
  const folder = mkdtempSync(join(tmpdir(), 'terminal-'));
  return {
    folder,
    keep: ({ person, key }, roles) => savePerson(folder, { person, name: person, roles }, key),
    file: (name, text) => { const path = join(folder, name); writeFileSync(path, text); return path; },
    typed: <T>(command: Command, ...args: string[]) => until('a service that sees who is there', async () => {
      process.env['CS_LOCAL'] = JSON.stringify({ dir: folder, secrets: folder, http: urls });
      const out: string[] = [], err: string[] = [];
      const hear = (stream: NodeJS.WriteStream, heard: string[]) => jest.spyOn(stream, 'write').mockImplementation((text) => { heard.push(String(text)); return true; });
      const spies = [hear(process.stdout, out), hear(process.stderr, err)];
      try {
        const code = await command([...args, '--json']).catch((error: unknown) => {
          if (!(error instanceof CannotRun)) throw error;
          err.push(error.message);
          return 2;
        });
        if (err.some((text) => text.includes('stale_snapshot:'))) return undefined;
        return { code, out: (out.length === 0 ? {} : JSON.parse(out.join('').trim().split('\n').at(-1)!)) as T, err: err.join('') };
      } finally {
        for (const spy of spies) spy.mockRestore();
        delete process.env['CS_LOCAL'];
      }
    }),
    close: () => rmSync(folder, { recursive: true, force: true }),
  };
};
