import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { appendFile, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openFileKeys } from './file-keys.ts';
import { openLocalKms } from './local-kms.ts';
import { commit, freshSalt, seal, unseal } from './seal.ts';

let folder: string;
beforeEach(async () => { folder = await mkdtemp(join(tmpdir(), 'audit-keys-')); });
afterEach(async () => { await rm(folder, { recursive: true }); });
const open = async () => openFileKeys(folder, await openLocalKms(folder));
const subject = (name: string, person: string | null = null) => ({ tenant: 'acme', subject: name, person });

describe('data keys in a file', () => {
  it('are one per tenant and subject, the same after a restart, and wrapped where they lie', async () => {
    const keys = await open();
    const [a, b, again, other] = await keys.keysFor([subject('run:a'), subject('run:b'), subject('run:a'), { ...subject('run:a'), tenant: 'other' }]);
    expect(again).toEqual(a);
    expect(new Set([a!.id, b!.id, other!.id]).size).toBe(3);
    const [restarted] = await (await open()).keysFor([subject('run:a')]);
    expect(Buffer.from(restarted!.key)).toEqual(Buffer.from(a!.key));
    expect(await readFile(join(folder, 'data-keys.jsonl'), 'utf8')).not.toContain(Buffer.from(a!.key).toString('base64url'));
  });

  it('are gone once destroyed: for a subject, or for a person and everything on their behalf', async () => {
    const keys = await open();
    const [a, b, c, p] = await keys.keysFor([subject('run:a', 'p-ann'), subject('run:b'), subject('run:c'), subject('person:p-ann')]);
    await keys.keysFor([subject('run:c', 'p-ann')]);
    const found = async (whose: Parameters<typeof keys.find>[1]) => (await keys.find('acme', whose)).map(({ id }) => id);
    expect(await found({ subjects: ['run:b'] })).toEqual([b!.id]);
    expect((await found({ person: 'p-ann' })).toSorted()).toEqual([a!.id, c!.id, p!.id].toSorted());
    await keys.destroy([...await found({ subjects: ['run:b'] }), ...await found({ person: 'p-ann' })]);
    for (const from of [keys, await open()]) for (const { id } of [a!, b!, c!, p!]) expect(await from.open(id)).toBeUndefined();
    expect((await keys.keysFor([subject('run:a')]))[0]!.id).not.toBe(a!.id);
  });

  it('are durable before anybody has them, also for many who ask at once, and where the key management fails in between', async () => {
    const kms = await openLocalKms(folder);
    let wraps = 0;
    const keys = await openFileKeys(folder, { ...kms, wrap: (key) => ((wraps += 1) === 2 ? Promise.reject(new Error('the KMS is away')) : kms.wrap(key)) });
    const asked = await Promise.allSettled([[subject('run:a'), subject('run:b')], [subject('run:c'), subject('run:d', 'p-ann')], [subject('run:c'), subject('run:a')]].map((subjects) => keys.keysFor(subjects)));
    expect(asked.map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'fulfilled']);
    const [[c, d], [again, a]] = asked.slice(1).map((one) => (one as PromiseFulfilledResult<readonly { id: string }[]>).value) as [[{ id: string }, { id: string }], [{ id: string }, { id: string }]];
    expect(again).toEqual(c);
    const restarted = await open();
    expect((await restarted.keysFor([subject('run:a'), subject('run:c'), subject('run:d', 'p-ann')])).map(({ id }) => id)).toEqual([a.id, c.id, d.id]);
    expect((await keys.keysFor([subject('run:b')]))[0]!.id).toBe((await (await open()).keysFor([subject('run:b')]))[0]!.id);
  });

  it('survive a line that a crash cut off', async () => {
    const [a] = await (await open()).keysFor([subject('run:a')]);
    await appendFile(join(folder, 'data-keys.jsonl'), '{"id":"cut');
    const [b] = await (await open()).keysFor([subject('run:b')]);
    const keys = await open();
    expect(await keys.open(a!.id)).toBeDefined();
    expect(await keys.open(b!.id)).toBeDefined();
  });
});

describe('a sealed payload', () => {
  const key = Buffer.alloc(32, 1);
  const salt = freshSalt();
  const sealed = seal(key, 'id-1', 'acme', salt, Buffer.from('what was said'));

  it('opens to salt and bytes, which are what the leaf commits to', () => {
    const opened = unseal(key, 'id-1', 'acme', sealed);
    expect(opened.body.toString()).toBe('what was said');
    expect(commit(opened.salt, opened.body)).toBe(commit(salt, Buffer.from('what was said')));
  });

  it.each([['another id', 'id-2', 'acme', key], ['another tenant', 'id-1', 'other', key], ['another key', 'id-1', 'acme', Buffer.alloc(32, 2)]] as const)('does not open under %s', (_, id, tenant, other) => {
    expect(() => unseal(other, id, tenant, sealed)).toThrow();
  });

  it('does not open with any byte changed', () => {
    for (let i = 0; i < sealed.length; i++) expect(() => unseal(key, 'id-1', 'acme', Buffer.from(sealed.map((byte, at) => (at === i ? byte ^ 1 : byte))))).toThrow();
  });
});
