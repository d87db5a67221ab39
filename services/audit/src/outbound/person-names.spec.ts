import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openPersonNames } from './person-names.ts';

let folder: string;
beforeEach(() => { folder = mkdtempSync(join(tmpdir(), 'person-names-')); });
afterEach(() => { rmSync(folder, { recursive: true }); });
const open = () => openPersonNames(folder, Buffer.alloc(32, 7));

describe('names of people in the log', () => {
  it('are one per person, the same after a restart and in another process, and name nobody where they lie', () => {
    const [one, other] = [open(), open()];
    const name = one.nameOf('ann@acme.test');
    expect(name).toMatch(/^p-[A-Za-z0-9_-]{22}$/);
    expect([one.nameOf('ann@acme.test'), other.nameOf('ann@acme.test'), open().nameOf('ann@acme.test')]).toEqual([name, name, name]);
    expect(one.nameOf('bob@acme.test')).not.toBe(name);
    expect(readFileSync(join(folder, 'pseudonyms.jsonl'), 'utf8')).not.toMatch(/ann|bob/);
  });

  it('are forgotten for good: whoever has secret and file cannot say whose it was, and the person gets another one', () => {
    const names = open();
    const name = names.nameOf('ann');
    const kept = names.nameOf('bob');
    names.forget(name);
    expect(readFileSync(join(folder, 'pseudonyms.jsonl'), 'utf8')).not.toContain(name);
    for (const from of [names, open()]) expect(from.nameOf('ann')).not.toBe(name);
    expect(open().nameOf('bob')).toBe(kept);
  });

  it('survive a line that a crash cut off', () => {
    const name = open().nameOf('ann');
    appendFileSync(join(folder, 'pseudonyms.jsonl'), '{"who":"cut');
    const names = open();
    expect(names.nameOf('ann')).toBe(name);
    expect(open().nameOf('bob')).toBe(names.nameOf('bob'));
  });
});
