import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openLogbook } from '../audit.fixture.ts';
import type { Logbook } from '../audit.fixture.ts';
import { payment, run, told } from '../story.fixture.ts';
import type { Question } from './questions.ts';

const other = 'r-other';
const more = Array.from({ length: 300 }, (_, i) => told('registry.events.v1', 'registry.event', { stream: `agent:a${i}`, version: 1, type: 'agent.registered', at: 1, by: 'ann', data: { agent: `a${i}`, purpose: `purpose${i}` } }));

/** Somebody with access to audit's database, and nobody who runs `verify`. */
describe('the patrol, on PostgreSQL', () => {
  let book: Logbook;
  const index = async (): Promise<void> => { while (await book.audit.questions.step() > 0); };
  const round = async (): Promise<void> => { await index(); while (!await book.audit.patrol.step()); };
  const ask = async (question: Question): Promise<number[]> => (await book.audit.questions.ask(question, { after: -1, limit: 100 })).map((one) => one.index);
  const incidents = async (): Promise<object[]> => {
    const { rows } = await book.pool.query<{ leaf: Buffer }>('select leaf from entry where index >= 309 order by index');
    return rows.map(({ leaf }) => JSON.parse(leaf.toString()) as { type: string; states: object }).filter(({ type }) => type === 'countersign.audit.incident.v1').map(({ states }) => states);
  };

  beforeAll(async () => {
    book = await openLogbook(process.env['CS_TEST_POSTGRES']!);
    await book.audit.record([...payment(), ...more, told('runs.governed.v1', 'governed.run.ended', { kind: 'run.ended', run: other, agent: 'payer', position: 5, reason: 'gone with the wind' }), told('runs.inbox-dead.v1', 'runs.proposed', {}, { value: Buffer.from([0, 255]) })]);
    await index();
    await book.pool.query('create table kept as select * from entry; create table kept_tile as select * from tile; create table kept_payload as select * from sealed_payload');
  });
  afterAll(() => book.close());

  it('finds nothing where nothing was changed, before and after words were erased as they may be', async () => {
    expect(book.audit.patrol.since()).toBeNull();
    await round();
    expect(book.audit.patrol.since()).toBe(1);
    expect(await book.audit.privacy.erase('run', other, 'olga', 'asked')).toMatchObject({ entries: 1 });
    await round();
    expect([book.alarms, await incidents()]).toEqual([[], []]);
  });

  it.each([
    ['takes a line away', 'delete from indexed where index = 5', { outcome: 'succeeded' }, 5],
    ['files it under another agent', "update indexed set agent = 'nobody', tool = null where index = 4", { agent: 'payer', decision: 'allow' }, 4],
    ['files it under another time and rule', "update indexed set at = 1, rules = '{}' where index = 1", { rule: 'money.large', from: 1_793_500_000_000, decision: 'step_up' }, 1],
  ] as const)('who %s hides it from a question that names no run until the patrol comes by, and no longer', async (_, change, question, hidden) => {
    await book.pool.query(change);
    expect(await ask(question)).not.toContain(hidden);
    const before = (await incidents()).length;
    await round();
    expect(await ask(question)).toContain(hidden);
    expect((await incidents()).slice(before)).toEqual([{ what: 'index_changed', first: hidden, last: hidden, count: 1 }]);
  });

  it('words and people by which a line is found are put back, of a vote also what it is about', async () => {
    await book.pool.query("update indexed set words = '', people = '{}', run = null where index = 3");
    await round();
    expect([await ask({ text: 'invoice' }), await ask({ person: 'tess' }), await ask({ run })]).toEqual([[3], [3, 4], [0, 1, 2, 3, 4, 5, 6]]);
  });

  it.each([
    ['edits an entry', 'update entry set leaf = set_byte(leaf, 40, 1) where index = 20', 'update entry set leaf = kept.leaf from kept where kept.index = entry.index', [{ what: 'entry_changed', first: 20, last: 20, count: 1 }]],
    ['deletes entries', 'delete from entry where index in (270, 271)', 'insert into entry select * from kept where index in (270, 271)', [{ what: 'entry_changed', first: 270, last: 271, count: 2 }]],
    ['edits an entry with its tile', "update entry set leaf = convert_to(replace(convert_from(leaf, 'utf8'), 'long', 'lone'), 'utf8') where index = 30; update tile set hashes = overlay(hashes placing sha256('\\x00'::bytea || (select leaf from entry where index = 30)) from 961) where level = 0 and n = 0", 'update entry set leaf = kept.leaf from kept where kept.index = entry.index; update tile set hashes = kept_tile.hashes from kept_tile where kept_tile.level = 0 and kept_tile.n = 0 and tile.level = 0 and tile.n = 0', [{ what: 'tree_changed', first: 0, last: 0, count: 1 }]],
    ['puts another head in the place of the signed one', "insert into checkpoint (log, size, note, at) select log, size + 1, replace(note, E'\\n3', E'\\n4'), at from checkpoint order by size desc limit 1", 'select 1', [{ what: 'checkpoint_changed', first: expect.any(Number), last: expect.any(Number), count: 1 }]],
    ['files an entry under no run', 'update entry set run = null where index = 6', 'update entry set run = kept.run from kept where kept.index = entry.index', [{ what: 'filed_wrongly', first: 6, last: 6, count: 1 }]],
    ['makes an id forgotten, so that it may be said again', 'update entry set said = null where index = 300', 'update entry set said = kept.said from kept where kept.index = entry.index', [{ what: 'filed_wrongly', first: 300, last: 300, count: 1 }]],
    ['swaps two payloads', 'update sealed_payload p set body = k.body from kept_payload k where p.index in (41, 42) and k.index = 83 - p.index', 'update sealed_payload p set body = k.body from kept_payload k where p.index = k.index', [{ what: 'payload_changed', first: 41, last: 42, count: 2 }]],
    ['takes words away', 'delete from sealed_payload where index in (50, 290)', 'insert into sealed_payload select * from kept_payload where index in (50, 290)', [{ what: 'payload_gone', first: 50, last: 50, count: 1 }, { what: 'payload_gone', first: 290, last: 290, count: 1 }]],
  ])('a superuser who %s is told of on the record, and in an alarm, although nobody verified', async (_, change, undo, found) => {
    const [before, alarms] = [(await incidents()).length, book.alarms.length];
    await book.pool.query(change);
    await round();
    await round();
    expect((await incidents()).slice(before).filter((one) => found.some(({ what }) => what === (one as { what: string }).what))).toEqual(found);
    expect(book.alarms.slice(alarms).some((alarm) => alarm.startsWith(found[0]!.what))).toBe(true);
    await book.pool.query(undo);
    await round();
  });
});
