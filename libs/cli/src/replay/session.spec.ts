import { describe, expect, it } from '@jest/globals';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { parseSession, readSessions, SessionFileError } from './session.ts';

const session = { session_id: 's', pipeline: 'm', suite: 'banking', instruction: 'pay', calls: [{ tool: 'send_money', arguments: {}, result: 'ok', error: null, injected: 0 }], extra: 1 };
const file = (name: string, content: string | Buffer) => {
  const path = join(mkdtempSync(join(tmpdir(), 'sessions-')), name);
  writeFileSync(path, content);
  return path;
};
const all = async (path: string, limit?: number) => {
  const found = [];
  for await (const one of readSessions(path, limit)) found.push(one.session_id);
  return found;
};

describe('recorded sessions', () => {
  const line = `${JSON.stringify(session)}\n`;

  it('are read plain and gzipped, as many as asked for', async () => {
    expect(await all(file('a.jsonl', line.repeat(3)))).toHaveLength(3);
    expect(await all(file('a.jsonl.gz', gzipSync(line.repeat(3))), 2)).toHaveLength(2);
  });

  it.each([
    ['no JSON', 'no json\n', ':2: no JSON'],
    ['a missing instruction', `${JSON.stringify({ ...session, instruction: undefined })}\n`, ':2: instruction'],
    ['a wrong label', `${JSON.stringify({ ...session, calls: [{ ...session.calls[0], injected: 2 }] })}\n`, ':2: call 0'],
  ])('with %s are refused with their line', async (_, bad, message) => {
    await expect(all(file('a.jsonl', line + bad))).rejects.toThrow(message);
    await expect(all(file('a.jsonl', line + bad))).rejects.toBeInstanceOf(SessionFileError);
  });

  it('keep an unknown label as unknown', () => {
    expect(parseSession(JSON.stringify({ ...session, calls: [{ tool: 't', arguments: {} }] }))).toMatchObject({ calls: [{ injected: null, result: null }] });
  });
});
