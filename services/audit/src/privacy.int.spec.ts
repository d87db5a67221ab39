import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { encodings } from '@countersign/identity';
import { leafHash, parseCheckpoint, parseProof, verifyInclusion } from '@countersign/tamper-log';
import { Held } from './app/privacy.ts';
import { openLogbook } from './audit.fixture.ts';
import type { Logbook } from './audit.fixture.ts';
import { told } from './story.fixture.ts';
import { readStory } from './views/story.ts';

const started = (run: string, person: string) => told('runs.governed.v1', 'governed.run.started', { kind: 'run.started', run, agent: 'payer', instruction: { attestedBy: person } });
const ended = (run: string) => told('runs.governed.v1', 'governed.run.ended', { kind: 'run.ended', run, agent: 'payer', reason: `said in ${run}` });
/** As the approvals service tells it: the question names the run, the vote after it does not. */
const approval = (run: string) => [
  told('approvals.events.v1', 'approvals.event', { stream: `approval-${run}`, version: 1, type: 'approval.requested', at: 1, by: 'system', data: { question: { run, action: 'a', agent: 'payer' } } }),
  told('approvals.events.v1', 'approvals.event', { stream: `approval-${run}`, version: 2, type: 'vote.cast', at: 2, by: 'theo', data: { comment: 'fine' } }),
];

describe('erasure, legal holds and retention', () => {
  let book: Logbook;
  const readable = async (): Promise<number[]> => {
    const found = await book.audit.published.find({}, 1000);
    return [...(await book.audit.published.payloads(found.map(({ index }) => index))).keys()].toSorted((a, b) => a - b);
  };
  const statements = async () => (await book.audit.published.find({}, 1000)).map(({ leaf }) => JSON.parse(leaf.toString()) as { type: string; states: Record<string, unknown> | null }).filter(({ states }) => states !== null);

  beforeAll(async () => {
    book = await openLogbook(process.env['CS_TEST_POSTGRES']!);
    await book.audit.record([started('r1', 'ann'), ended('r1'), ...approval('r1'), started('r2', 'bob'), ended('r2'), started('r3', 'ann')]);
  });
  afterAll(() => book.close());

  it('holds nothing in the open: payloads in the database are sealed', async () => {
    const { rows } = await book.pool.query<{ body: Buffer }>('select body from sealed_payload');
    expect(rows).toHaveLength(7);
    expect(rows.some(({ body }) => body.includes('r1') || body.includes('ann'))).toBe(false);
    expect(await readable()).toEqual([0, 1, 2, 3, 4, 5, 6]);
  });

  it.each([['all', null], ['run', 'r1'], ['agent', 'payer'], ['person', 'ann']] as const)('a hold on %s refuses the erasure, and its release allows it again', async (scope, id) => {
    await book.audit.privacy.hold(scope, id, 'olga', 'matter 1');
    await expect(book.audit.privacy.erase('run', 'r1', 'olga', 'asked')).rejects.toBeInstanceOf(Held);
    await expect(book.audit.privacy.erase('person', 'ann', 'olga', 'asked')).rejects.toBeInstanceOf(Held);
    const [hold] = await book.audit.privacy.holds();
    expect(await book.audit.privacy.release(hold!.hold, 'olga', 'settled')).toBe(true);
    expect(await readable()).toContain(0);
  });

  it('erases a run with the votes about it, states so, and every proof still verifies', async () => {
    expect(await book.audit.privacy.erase('run', 'r1', 'olga', 'asked')).toMatchObject({ keys: 2, entries: 4 });
    expect((await readable()).slice(0, 3)).toEqual([4, 5, 6]);
    expect((await statements()).at(-1)).toMatchObject({ type: 'countersign.audit.erased.v1', states: { scope: 'run', what: 'r1', keys: 2, by: expect.stringMatching(/^p-/) } });
    const { checkpoint } = parseCheckpoint(encodings, (await book.audit.published.checkpoint())!)!;
    for (const { index, leaf } of await book.audit.published.find({}, 1000)) {
      const proof = parseProof(encodings, (await book.audit.published.proof(index))!)!;
      expect(verifyInclusion(encodings.sha256, index, checkpoint.size, leafHash(encodings.sha256, leaf), proof.path, checkpoint.root)).toBe(true);
    }
    expect(await book.audit.questions.ask({ text: 'said in r1' }, { after: -1, limit: 10 })).toEqual([]);
    expect(await book.audit.privacy.erase('run', 'r1', 'olga', 'again')).toBeUndefined();
  });

  it('erases a person: the runs on their behalf and no others', async () => {
    expect(await book.audit.privacy.erase('person', 'ann', 'olga', 'asked')).toMatchObject({ keys: 1, entries: 1 });
    expect((await readable()).slice(0, 2)).toEqual([4, 5]);
    expect((await statements()).every(({ states }) => !JSON.stringify(states).includes('ann'))).toBe(true);
  });

  it('a story says which words were erased on the record, and which are simply gone', async () => {
    const gaps = async (run: string) => (await readStory(book.audit.questions, book.audit.published, run))!.gaps;
    expect(await gaps('r1')).toContainEqual(expect.stringMatching(/^the words of 4 entries are erased/));
    expect(await gaps('r3')).toContainEqual(expect.stringMatching(/^the words of 1 entries are erased/));
    const { rows: [row] } = await book.pool.query<{ slot: string; key: string; body: Buffer }>('delete from sealed_payload where index = 5 returning slot, key, body');
    expect(await gaps('r2')).toContainEqual('the words of 1 entries are gone or were changed, and no erasure on the record covers them (5): somebody took them away');
    await book.pool.query('insert into sealed_payload (log, index, slot, key, body) values ($1, 5, $2, $3, $4)', ['countersign.test/acme', row!.slot, row!.key, row!.body]);
    expect((await gaps('r2')).join()).not.toContain('the words');
  });

  it('refuses to erase where holds cannot be read', async () => {
    await book.pool.query('alter table legal_hold rename to gone');
    await expect(book.audit.privacy.erase('run', 'r2', 'olga', 'asked')).rejects.toThrow('legal_hold');
    await expect(book.audit.privacy.expire()).rejects.toThrow('legal_hold');
    await book.pool.query('alter table gone rename to legal_hold');
    expect(await readable()).toContain(4);
  });

  it('shows no payload that was changed', async () => {
    await book.pool.query('update sealed_payload set body = set_byte(body, 60, get_byte(body, 60) # 1) where index = 5');
    expect(await readable()).not.toContain(5);
    await book.pool.query('update sealed_payload set body = set_byte(body, 60, get_byte(body, 60) # 1) where index = 5');
    expect(await readable()).toContain(5);
  });

  it('drops what is past its retention, a month of a class at a time, unless a hold covers any of it', async () => {
    const old = told('runs.governed.v1', 'governed.run.ended', { kind: 'run.ended', run: 'old', agent: 'payer' }, { timestamp: Date.UTC(1960, 0, 5) });
    const index = book.audit.sequencer.size();
    await book.audit.record([old]);
    await book.audit.privacy.hold('run', 'old', 'olga', 'matter 2');
    expect(await book.audit.privacy.expire()).toEqual([]);
    expect(await readable()).toContain(index);
    await book.audit.privacy.release((await book.audit.privacy.holds())[0]!.hold, 'olga', 'settled');
    expect(await book.audit.privacy.expire()).toEqual(['standard_1960_01']);
    expect(await readable()).not.toContain(index);
    expect((await statements()).at(-1)).toMatchObject({ type: 'countersign.audit.expired.v1', states: { slot: 'standard_1960_01', entries: 1, first: index, last: index } });
  });
});
