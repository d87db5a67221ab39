import { afterAll, afterEach, describe, expect, it } from '@jest/globals';
import { hash } from 'node:crypto';
import type { Worker } from 'node:worker_threads';
import type { SubjectKeys } from '../../app/keys.ts';
import type { Entry } from '../../app/ports.ts';
import type { Leaf, SourceRecord } from '../../core/entry.ts';
import { nothingHidden, notStored } from '../../core/sanitise.ts';
import type { HiddenOf } from '../../core/sanitise.ts';
import { payment } from '../../story.fixture.ts';
import { commit, unseal } from '../seal.ts';
import { createPreparing, startThread } from './stage.ts';
import type { Preparing } from './stage.ts';

const keyOf = (subject: string): { readonly id: string; readonly key: Buffer } => ({ id: `key of ${subject}`, key: hash('sha256', subject, 'buffer') });
const given = (threads: number, change: { readonly keysFor?: SubjectKeys['keysFor']; readonly hidden?: (tool: string) => HiddenOf } = {}) => {
  const started: Worker[] = [];
  const preparing = createPreparing({
    threads, pseudonym: (person) => `p-${person.length}-${person.at(-1)}`, hidden: change.hidden ?? (() => nothingHidden),
    keys: { keysFor: change.keysFor ?? (async (subjects) => subjects.map(({ subject }) => keyOf(subject))) } as SubjectKeys,
    start: () => { const worker = startThread(); started.push(worker); return worker; },
  });
  open.push(preparing);
  return { preparing, started };
};
const open: Preparing[] = [];
afterEach(async () => { await Promise.all(open.splice(0).map((one) => one.close())); });
afterAll(() => { expect(open).toEqual([]); });

/** Enough for a thread: the same payment again and again, as of several runs. */
const records = (copies = 8): SourceRecord[] => Array.from({ length: copies }, () => payment()).flat().map((message, i) => ({ ...message, offset: BigInt(i), at: message.timestamp, value: message.value! }));
const leafOf = ({ leaf }: Entry): Leaf => JSON.parse(Buffer.from(leaf).toString()) as Leaf;
const opened = (entry: Entry) => {
  const { id, tenant, payload } = leafOf(entry);
  const subject = entry.payload.key.slice('key of '.length);
  const { salt, body } = unseal(keyOf(subject).key, id, tenant, Buffer.from(entry.payload.bytes));
  expect(commit(salt, body)).toBe(payload);
  return body.toString();
};

describe('the stage before the sequencer', () => {
  it('makes the same of a record in a thread as without one, in order, and what it seals opens', async () => {
    const sources = records();
    const here = await given(0).preparing.prepare(sources);
    const there = given(1);
    const [first, second] = await Promise.all([there.preparing.prepare(sources), there.preparing.prepare(sources.toReversed())]);
    const plain = (entry: Entry) => ({ ...entry, leaf: { ...leafOf(entry), payload: '' }, hash: entry.hash.length, digest: Buffer.from(entry.digest).toString('hex'), payload: [entry.payload.key, opened(entry)] });
    expect(first.map(plain)).toEqual(here.map(plain));
    expect(second.map(plain)).toEqual(here.map(plain).toReversed());
    expect(first.map(opened)).toEqual(sources.map(({ value }) => Buffer.from(value).toString()));
    expect(there.started).toHaveLength(1);
  });

  it('calls people by their names in the log, wherever a leaf or a key speaks of them', async () => {
    const [first] = records(1);
    const departed = { ...first!, topic: 'registry.events.v1', headers: { ...first!.headers, ce_type: 'countersign.registry.event.v1' }, value: Buffer.from(JSON.stringify({ stream: 'person:ann', type: 'disabled', at: 1, by: 'olga', data: {} })) };
    for (const threads of [0, 1]) {
      const entries = await given(threads).preparing.prepare([...records(), departed]);
      expect(leafOf(entries[0]!).oversight).toMatchObject([{ event: 'instructed', who: 'p-3-n' }]);
      expect(leafOf(entries[3]!)).toMatchObject({ oversight: [{ event: 'voted', who: 'p-4-s' }] });
      expect([leafOf(entries.at(-1)!), entries.at(-1)!.payload.key]).toMatchObject([{ stream: 'person:p-3-n', oversight: [{ who: 'p-4-a' }] }, 'key of person:p-3-n']);
      expect(entries.map(({ leaf }) => Buffer.from(leaf).toString()).join('')).not.toMatch(/"ann"|tess|olga|\\u0000/);
    }
  });

  it('stores nothing that a tool hides, in a thread as without one', async () => {
    for (const threads of [0, 1]) {
      const { preparing } = given(threads, { hidden: (tool) => (tool === 'payments.transfer' ? { paths: [['to']], facts: [] } : nothingHidden) });
      const text = (await preparing.prepare(records())).map(opened).join('\n');
      expect(text).toContain(notStored);
      expect(text).not.toContain('NL01PRNT');
    }
  });

  it('fails the batch of a thread that dies, and gives the next one a new thread', async () => {
    let asked = (): void => undefined;
    const gone = new Promise<void>((resolve) => { asked = resolve; });
    let first = true;
    const { preparing, started } = given(1, { keysFor: async (subjects) => {
      if (first) { first = false; asked(); await new Promise<void>((resolve) => { started[0]!.once('exit', () => resolve()); }); }
      return subjects.map(({ subject }) => keyOf(subject));
    } });
    const failing = expect(preparing.prepare(records())).rejects.toThrow('ended');
    await gone;
    await started[0]!.terminate();
    await failing;
    expect(await preparing.prepare(records())).toHaveLength(56);
    expect(started).toHaveLength(2);
  });

  it('seals nothing under a key that was not made durable, and goes on with the next batch', async () => {
    let full = true;
    const { preparing, started } = given(1, { keysFor: async (subjects) => {
      if (full) throw new Error('no space left on device');
      return subjects.map(({ subject }) => keyOf(subject));
    } });
    await expect(preparing.prepare(records())).rejects.toThrow('no space left');
    full = false;
    expect(await preparing.prepare(records())).toHaveLength(56);
    expect(started).toHaveLength(1);
  });
});
