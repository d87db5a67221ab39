import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { encodings } from '@countersign/identity';
import { leafHash, parseCheckpoint, parseProof, verifyInclusion } from '@countersign/tamper-log';
import { join } from 'node:path';
import { Held } from './app/privacy.ts';
import { openLogbook } from './audit.fixture.ts';
import type { Audit } from './compose.ts';
import { localCustody } from './outbound/custody.ts';
import { readState, textOf } from './outbound/log-state.ts';
import { createOwnWord } from './outbound/own-word.ts';
import type { Logbook } from './audit.fixture.ts';
import { told } from './story.fixture.ts';
import { readStory } from './views/story.ts';

const log = 'countersign.test/acme';
const started = (run: string, person: string) => told('runs.governed.v1', 'governed.run.started', { kind: 'run.started', run, agent: 'payer', instruction: { attestedBy: person } });
const ended = (run: string) => told('runs.governed.v1', 'governed.run.ended', { kind: 'run.ended', run, agent: 'payer', reason: `said in ${run}` });
/** As the approvals service tells it: the question names the run, the vote after it does not. */
const approval = (run: string) => [
  told('approvals.events.v1', 'approvals.event', { stream: `approval-${run}`, version: 1, type: 'approval.requested', at: 1, by: 'system', data: { question: { run, action: 'a', agent: 'payer' } } }),
  told('approvals.events.v1', 'approvals.event', { stream: `approval-${run}`, version: 2, type: 'vote.cast', at: 2, by: 'theo', data: { comment: 'fine' } }),
];

/** The state as a version left it that did not know of holds in it. */
const asLeftBefore = async ({ pool }: Logbook): Promise<void> => {
  const word = createOwnWord(Buffer.alloc(32));
  const client = await pool.connect();
  const { state } = (await readState(client, log, word))!;
  await client.query('update log set holds = null, mac = $1', [word.mac(textOf(log, state, false))]);
  client.release();
};

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

  it.each([['run', 'held', 1950], ['agent', 'holder', 1951], ['person', 'ann', 1952], ['all', null, 1953]] as const)('a hold on %s keeps a vote that came a month after its question, and nothing else', async (scope, id, year) => {
    const [run, other] = [scope === 'run' ? 'held' : `about-${scope}`, `other-${scope}`];
    const agent = scope === 'agent' ? 'holder' : 'payer';
    const at = (month: number, day: number) => ({ timestamp: Date.UTC(year, month, day) });
    const asked = (stream: string, about: string, whose: string) => told('approvals.events.v1', 'approvals.event', { stream, version: 1, type: 'approval.requested', at: 1, by: 'system', data: { question: { run: about, action: 'a', agent: whose } } }, at(0, 31));
    const voted = (stream: string, month: number) => told('approvals.events.v1', 'approvals.event', { stream, version: 2, type: 'vote.cast', at: 2, by: 'theo', data: { comment: 'fine' } }, at(month, 1));
    await book.audit.record([asked(`approval-${run}`, run, agent), asked(`approval-${other}`, other, 'somebody'), voted(`approval-${run}`, 1), voted(`approval-${other}`, 2)]);
    const last = book.audit.sequencer.size();
    await book.audit.privacy.hold(scope, id, 'olga', 'matter 3');
    const { hold } = (await book.audit.privacy.holds())[0]!;
    expect((await statements()).at(-1)).toMatchObject({ type: 'countersign.audit.held.v1', states: { hold, scope } });
    // The month of a vote that is about nobody held goes, unless everything is held.
    expect(await book.audit.privacy.expire()).toEqual(scope === 'run' || scope === 'agent' ? [`long_${year}_03`] : []);
    expect(await readable()).toEqual(expect.arrayContaining([last - 4, last - 3, last - 2]));
    await book.audit.privacy.release(hold, 'olga', 'settled');
    expect((await book.audit.privacy.expire()).length).toBe(scope === 'run' || scope === 'agent' ? 2 : 3);
  });

  it('keeps what the index does not know, and what a hold in another log of the same database may cover', async () => {
    const index = book.audit.sequencer.size();
    await book.audit.record([told('runs.governed.v1', 'governed.run.ended', { kind: 'run.ended', run: 'older', agent: 'payer' }, { timestamp: Date.UTC(1961, 0, 5) })]);
    while (await book.audit.questions.step() > 0);
    await book.audit.privacy.hold('run', 'nobody', 'olga', 'matter 4');
    await book.pool.query('delete from indexed where index = $1', [index]);
    expect(await book.audit.privacy.expire()).toEqual([]);
    await book.audit.privacy.release((await book.audit.privacy.holds())[0]!.hold, 'olga', 'settled');
    await book.pool.query(`insert into sealed_payload (log, index, slot, key, body) select 'countersign.test/other', index, slot, key, body from sealed_payload where index = $1`, [index]);
    await book.pool.query(`insert into legal_hold (log, scope, by, at, reason) values ('countersign.test/other', 'all', 'olga', 1, 'matter 5')`);
    expect(await book.audit.privacy.expire()).toEqual([]);
    expect(await readable()).toContain(index);
    await book.pool.query(`update legal_hold set released = 1 where log = 'countersign.test/other'`);
    expect(await book.audit.privacy.expire()).toEqual(['standard_1961_01']);
  });

  describe('an erasure that a crash cut off', () => {
    const keysOf = async (run: string) => (await localCustody(book.folder, join(book.folder, 'keeper'))).keys.find('acme', { subjects: [`run:${run}`] });
    const index = () => book.audit.sequencer.size();
    /** Cut off between plan and keys: the keeper of the keys is away. */
    const cutOff = async (run: string) => {
      const { keys } = await localCustody(book.folder, join(book.folder, 'keeper'));
      const dying = await book.again({ keys: { ...keys, destroy: () => Promise.reject(new Error('killed')) } });
      await expect(dying.privacy.erase('run', run, 'olga', 'asked')).rejects.toThrow('killed');
      await dying.close();
    };
    const said = async (audit: Audit) => (await audit.published.find({}, 1000)).map(({ leaf }) => JSON.parse(leaf.toString()) as { type: string; states: object | null }).filter(({ states }) => states !== null).at(-1);

    it('is finished at the next start', async () => {
      await book.audit.record([ended('cut1')]);
      const at = index() - 1;
      await cutOff('cut1');
      expect(await keysOf('cut1')).toHaveLength(1);
      const next = await book.again();
      expect(await said(next)).toMatchObject({ type: 'countersign.audit.erased.v1', states: { scope: 'run', what: 'cut1', keys: 1 } });
      expect([await keysOf('cut1'), await next.published.payload(at)]).toEqual([[], undefined]);
      const { length } = await next.published.find({}, 1000);
      await next.close();
      expect(await (await book.again()).published.find({}, 1000)).toHaveLength(length);
    });

    it.each([['run', 'cut2'], ['all', null], ['agent', 'payer']] as const)('gives way to a hold on %s that came in between', async (scope, id) => {
      const before = await book.again();
      await before.record([{ ...ended('cut2'), offset: BigInt(900_000 + before.sequencer.size()) }]);
      await before.close();
      await cutOff('cut2');
      const { rows: [placed] } = await book.pool.query<{ hold: number }>(`insert into legal_hold (log, scope, what, by, at, reason) values ('countersign.test/acme', $1, $2, 'olga', 1, 'matter') returning id::int as hold`, [scope, id]);
      const { hold } = placed!;
      const next = await book.again();
      expect(await said(next)).toMatchObject({ type: 'countersign.audit.incident.v1', states: { what: 'erasure_held', hold } });
      expect(await keysOf('cut2')).toHaveLength(1);
      await next.privacy.release(hold, 'olga', 'settled');
      await next.close();
      expect(await said(await book.again())).toMatchObject({ type: 'countersign.audit.released.v1' });
    });

    it('is not what somebody wrote into the table: no key goes, and that is an incident', async () => {
      const [key] = await keysOf('r2');
      for (const mac of [null, 'x'.repeat(43)]) {
        await book.pool.query(`insert into erasure (log, scope, what, subjects, keys, by, at, reason, mac) values ('countersign.test/acme', 'run', 'r2', '{run:r2}', $1, 'olga', 1, 'asked', $2)`, [[key!.id], mac]);
        const next = await book.again();
        expect(await said(next)).toMatchObject({ type: 'countersign.audit.incident.v1', states: { what: 'erasure_forged' } });
        expect([await keysOf('r2'), (await next.published.payload(5))?.body.toString().includes('said in r2')]).toEqual([[key], true]);
        await next.close();
      }
      // One that was asked for, with other keys put in.
      await book.pool.query(`update erasure set done = false, keys = $1 where id = (select min(id) from erasure)`, [[key!.id]]);
      expect(await said(await book.again())).toMatchObject({ states: { what: 'erasure_forged' } });
      expect(await keysOf('r2')).toEqual([key]);
    });

    it('nobody owes a statement in audit\'s name: an expiry that was not is an incident', async () => {
      await book.pool.query(`insert into statement_due (log, kind, states) values ('countersign.test/acme', 'expired', '{"slot":"long_2010_01","entries":1,"first":0,"last":0}')`);
      const next = await book.again();
      expect(await said(next)).toMatchObject({ type: 'countersign.audit.incident.v1', states: { what: 'statement_forged' } });
      expect((await book.pool.query('select 1 from statement_due where log = $1', ['countersign.test/acme'])).rowCount).toBe(0);
    });
  });

  it.each([
    ['deleted', 'delete from legal_hold where id = $1'], ['ended', 'update legal_hold set released = 1 where id = $1'], ['turned to somebody else', `update legal_hold set what = 'nobody' where id = $1`],
    ['deleted with its number given to another', `with gone as (delete from legal_hold where id = $1) select setval(pg_get_serial_sequence('legal_hold', 'id'), $1, false)`],
  ])('a hold whose row was %s by somebody else holds on, and that is an incident; only its release on the record ends it', async (_, change) => {
    const next = await book.again();
    const at = next.sequencer.size();
    await next.record([{ ...ended('r4'), offset: BigInt(950_000 + at) }]);
    await next.privacy.hold('run', 'r4', 'olga', 'matter 6');
    const hold = (await next.privacy.holds()).at(-1)!.hold;
    await book.pool.query(change, [hold]);
    await next.privacy.hold('run', 'elsewhere', 'olga', 'matter 7');
    const other = (await next.privacy.holds()).find(({ id }) => id === 'elsewhere')!.hold;
    expect(other).not.toBe(hold);
    await expect(next.privacy.erase('run', 'r4', 'olga', 'asked')).rejects.toBeInstanceOf(Held);
    expect(await statements()).toContainEqual(expect.objectContaining({ type: 'countersign.audit.incident.v1', states: { what: 'hold_changed', hold } }));
    expect(book.alarms.at(-1)).toContain(`legal hold ${hold}`);
    await next.close();
    // It outlives a start, for it is part of what audit's MAC is over; changed there, nothing starts.
    const { rows: [row] } = await book.pool.query<{ holds: object[] }>('select holds from log');
    await book.pool.query(`update log set holds = '[]'`);
    await expect(book.again()).rejects.toMatchObject({ code: 'log_changed' });
    await book.pool.query('update log set holds = $1', [JSON.stringify(row!.holds)]);
    const later = await book.again();
    await expect(later.privacy.erase('run', 'r4', 'olga', 'asked')).rejects.toBeInstanceOf(Held);
    for (const { hold: one } of await later.privacy.holds()) await later.privacy.release(one, 'olga', 'settled');
    expect(await later.privacy.holds()).toEqual([]);
    expect((await later.published.payload(at))?.body.toString()).toContain('said in r4');
    await later.close();
  });

  it('takes the holds of a log of before out of its own statements', async () => {
    const before = await book.again();
    await before.privacy.hold('agent', 'nobody', 'olga', 'matter 8');
    await before.close();
    await asLeftBefore(book);
    await book.pool.query('delete from legal_hold where what = $1', ['nobody']);
    const next = await book.again();
    const [hold] = await next.privacy.holds();
    expect(hold).toMatchObject({ scope: 'agent', id: 'nobody', reason: expect.stringContaining('on the record') });
    await next.privacy.release(hold!.hold, 'olga', 'settled');
    await next.close();
  });
});
