import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateKey } from '@countersign/identity';
import { savePerson } from './local-people.ts';

interface Asked { readonly method: string; readonly url: string; readonly body: unknown }

/** What a service answers: the same to everything, with 200, or as it is asked. */
type Answering = object | ((asked: Asked) => { readonly status: number; readonly body: object });

/** A terminal at which these people's keys lie, before services that answer whatever they are told to. */
export const terminalOf = (people: readonly { readonly person: string; readonly roles: readonly string[] }[]) => {
  const dir = mkdtempSync(join(tmpdir(), 'terminal-')), before = process.env['CS_LOCAL'];
  const asked: Asked[] = [];
  for (const { person, roles } of people) savePerson(dir, { person, name: person, roles: [...roles] }, generateKey(`${person}-1`));
  process.env['CS_LOCAL'] = JSON.stringify({ dir, http: { registry: 'http://r', supervision: 'http://s', policy: 'http://p' } });
  return {
    dir,
    /** What the last command asked. */
    asked: asked as readonly Asked[],
    typed: async (command: (args: string[]) => Promise<number>, args: readonly string[], answer: Answering): Promise<{ readonly code: number; readonly out: string; readonly err: string }> => {
      asked.length = 0;
      let out = '', err = '';
      const { fetch } = globalThis, { stdout, stderr } = process, write = { out: stdout.write, err: stderr.write };
      stdout.write = ((text: unknown) => { out += String(text); return true; }) as never;
      stderr.write = ((text: unknown) => { err += String(text); return true; }) as never;
      globalThis.fetch = (async (url: string, init: RequestInit) => {
        asked.push({ method: init.method ?? 'GET', url, body: typeof init.body === 'string' ? JSON.parse(init.body) as unknown : undefined });
        const { status, body } = typeof answer === 'function' ? answer(asked.at(-1)!) : { status: 200, body: answer };
        return new Response(JSON.stringify(body), { status, headers: { 'content-type': 'application/json' } });
      }) as never;
      try {
        const code = await command([...args]);
        return { code, out, err };
      } finally {
        globalThis.fetch = fetch;
        stdout.write = write.out;
        stderr.write = write.err;
      }
    },
    close: (): void => {
      if (before === undefined) delete process.env['CS_LOCAL'];
      else process.env['CS_LOCAL'] = before;
      rmSync(dir, { recursive: true });
    },
  };
};
