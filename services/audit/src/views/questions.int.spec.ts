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
});
