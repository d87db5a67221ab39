import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openLogbook } from '../audit.fixture.ts';
import type { Logbook } from '../audit.fixture.ts';
import { action, payment, run, told } from '../story.fixture.ts';
import type { Question } from './questions.ts';
import { readStory } from './story.ts';

describe('questions to the record, on PostgreSQL', () => {
  let book: Logbook;
  beforeAll(async () => {
    book = await openLogbook(process.env['CS_TEST_POSTGRES']!);
    await book.audit.record([...payment(), told('supervision.halts.v1', 'supervision.halt', { halt: 'h1', op: 'halt', mode: 'halt', tenant: 'acme', scope: { kind: 'run', id: run }, by: 'sena', reason: 'careful \u0000', at: 1 })]);
    await book.audit.record([told('runs.inbox-dead.v1', 'runs.proposed', {}, { value: Buffer.from([0, 255]) })]);
    while (await book.audit.questions.step(3) > 0);
  });
  afterAll(() => book.close());

  const ask = async (question: Question, after = -1, limit = 100): Promise<number[]> => (await book.audit.questions.ask(question, { after, limit })).map(({ index }) => index);

  it('answers by run, with what people said about its approvals, and by everything else people ask by', async () => {
    expect(await ask({ run })).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(await ask({ agent: 'payer', tier: 3 })).toEqual([1, 4]);
    expect(await ask({ tool: 'payments.transfer', outcome: 'succeeded' })).toEqual([5]);
    expect(await ask({ person: 'tess' })).toEqual([3, 4]);
    expect(await ask({ person: 'ann' })).toEqual([0, 1, 2]);
    expect(await ask({ rule: 'money.large', decision: 'allow' })).toEqual([4]);
    expect(await ask({ action, from: 1_793_500_000_002, to: 1_793_500_000_003 })).toEqual([4]);
    expect(await ask({ trace: '4bf92f3577b34da6a3ce929d0e0e4736', type: 'countersign.governed.run.ended.v1' })).toEqual([6]);
  });

  it('says what the leaf says, whatever was done to its line, and leaves no entry of a run out', async () => {
    await book.pool.query("update indexed set decision = 'deny', code = 'x', agent = 'other', at = 1 where index = 4; delete from indexed where index = 1; update indexed set run = null where index = 5");
    expect(await ask({ run })).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect((await book.audit.questions.ask({ run }, { after: 3, limit: 1 }))[0]).toMatchObject({ index: 4, decision: 'allow', code: null, agent: 'payer', at: 1_793_500_000_002 });
    expect(book.alarms).toEqual(expect.arrayContaining([expect.stringMatching(/^index: entry 1: .*taken away/), expect.stringMatching(/^index: entry 4: .*not what its leaf says/), expect.stringMatching(/^index: entry 5: /)]));
    expect(await ask({ agent: 'payer', tier: 3 })).toEqual([1]);
    // Where the log's own column was changed as well, the records of the run are counted.
    await book.pool.query('delete from indexed where index = 4; update entry set run = null where index = 4');
    expect((await readStory(book.audit.questions, book.audit.published, run))!.gaps).toContainEqual(expect.stringMatching(/^records of the run are missing: its messages 2/));
    await book.pool.query('update entry set run = $1 where index = 4', [run]);
    expect(await ask({ agent: 'payer', tier: 3 })).toEqual([1]);
    expect(await ask({ run })).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(await ask({ agent: 'payer', tier: 3 })).toEqual([1, 4]);
  });

  it('finds words in what was said, as a web search does', async () => {
    expect(await ask({ text: 'invoice' })).toEqual([3]);
    expect(await ask({ text: '"pay the printer"' })).toEqual([0]);
    expect(await ask({ text: 'toner -invoice' })).toEqual([1, 4]);
    expect(await ask({ text: `'; drop table entry; --` })).toEqual([]);
  });

  it('is read page by page', async () => {
    expect([await ask({ run }, -1, 3), await ask({ run }, 2, 3)]).toEqual([[0, 1, 2], [3, 4, 5]]);
  });

  it('can be made again from the log, and forgets people where told to', async () => {
    await book.pool.query('delete from indexed; delete from indexed_to');
    while (await book.audit.questions.step() > 0);
    expect(await ask({ person: 'tess' })).toEqual([3, 4]);
    await book.audit.questions.forget([3, 4]);
    expect(await ask({ person: 'tess' })).toEqual([]);
    expect(await ask({ text: 'invoice' })).toEqual([]);
    expect(await ask({ run })).toHaveLength(8);
  });

  it('tells a run as one story', async () => {
    const story = (await readStory(book.audit.questions, book.audit.published, run))!;
    expect(story).toMatchObject({ agent: 'payer', instruction: { text: 'pay the printer', by: 'ann' }, trace: '4bf92f3577b34da6a3ce929d0e0e4736', gaps: [] });
    expect(story.actions).toMatchObject([{ tool: 'payments.transfer', arguments: '{"to":"NL01PRNT","minor":900}', rounds: [{ decision: 'step_up', tier: 3 }, { decision: 'allow', tier: 3 }], votes: [{ person: 'tess', vote: 'approve' }], outcome: 'succeeded', result: 'paid, receipt 77' }]);
    expect(story.actors.map(({ id }) => id).sort()).toEqual(['ann', 'approvals', 'payer', 'policy', 'sena', 'tess']);
    expect(await readStory(book.audit.questions, book.audit.published, '0192f5a0-7e1a-7c3e-9a55-000000000000')).toBeUndefined();
  });

  it('counts the messages of runs and the versions of streams, and puts a hole on the record once, also when it is made again', async () => {
    const event = (version: number) => told('approvals.events.v1', 'approvals.event', { stream: 'approval-9', version, type: 'requested', at: 1, by: 'system', data: {} });
    const other = '0192f5a0-7e1a-7c3e-9a55-3f3c2b1a0d4f';
    const message = (seq: number, kind: string, body: object) => told('runs.governed.v1', `governed.${kind}`, { run: other, agent: 'payer', kind, seq, position: 5 + seq, ...body });
    await book.audit.record([event(1), event(4), event(5), event(4), message(0, 'run.started', { token: { run_not_after: 0 } }), message(2, 'run.ended', { attested: true })]);
    while (await book.audit.questions.step(2) > 0);
    const holes = async () => (await book.pool.query<{ leaf: Buffer }>('select leaf from entry order by index')).rows.map(({ leaf }) => JSON.parse(leaf.toString()) as { type: string; states: Record<string, unknown> | null }).filter(({ type, states }) => type === 'countersign.audit.gap.v1' && states?.['stream'] !== undefined);
    expect(await holes()).toMatchObject([{ states: { topic: 'approvals.events.v1', stream: 'approval-9', expected: 2, found: 4 } }]);
    const view = {
      runs: { all: 2, closed: 2, open: 0 }, streams: [{ topic: 'approvals.events.v1', stream: 'approval-9', last: 5, missing: 2 }],
      faulty: expect.arrayContaining([{ run, agent: 'payer', faults: ['unattested'], messages: 5, recorded: 5, attested: 0 }, { run: other, agent: 'payer', faults: ['short'], messages: 3, recorded: 2, attested: 3 }]),
    };
    expect(await book.audit.completeness()).toMatchObject(view);
    await book.pool.query('delete from indexed; delete from indexed_to');
    while (await book.audit.questions.step() > 0);
    expect(await book.audit.completeness()).toMatchObject(view);
    expect(await holes()).toHaveLength(1);
  });
});
