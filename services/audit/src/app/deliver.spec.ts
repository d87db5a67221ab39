import { describe, expect, it } from '@jest/globals';
import type { SiemRecord } from '../core/siem/record.ts';
import { createDelivery } from './deliver.ts';
import type { Cursor, DeliveryStore, SendBatch } from './deliver.ts';
import { keepGoing } from './keep-going.ts';
import type { Wait } from './keep-going.ts';

const record = (index: number): SiemRecord => ({ index, at: index, type: 'countersign.governed.action.decided.v1', run: null, agent: index % 2 === 0 ? 'even' : 'odd', action: null, tool: null, stream: null, decision: 'deny', tier: 1, code: null, outcome: null, trace: null, rules: [], people: [] });

/** A store in memory, a clock that only moves while somebody waits, and receivers that are told when to be there. */
const given = (entries: number) => {
  const all = Array.from({ length: entries }, (_, i) => record(i));
  const cursors = new Map<string, Cursor>();
  const store: DeliveryStore = {
    load: async (name, from) => cursors.get(name) ?? { next: from === 'start' ? 0 : all.length, sent: 0, refused: 0 },
    save: async (name, cursor) => { cursors.set(name, cursor); },
    read: async (from, most) => all.slice(from, from + most),
  };
  let time = 0;
  const waits: number[] = [];
  const wait: Wait = async (ms, signal) => { if (!signal.aborted) { waits.push(ms); time += ms; } await new Promise(setImmediate); };
  const delivery = (name: string, send: SendBatch, filter = {}) => createDelivery({ name, kind: 'test', filter, from: 'start', send }, store, () => time);
  return { all, cursors, delivery, wait, waits, now: () => time };
};
const until = async (is: () => boolean): Promise<void> => { for (let i = 0; !is() && i < 20_000; i++) await new Promise(setImmediate); };

describe('delivery to receivers outside', () => {
  it('a receiver that is down for an hour gets everything, once and in order, and holds up nobody else', async () => {
    const { delivery, wait, waits, now } = given(1_000);
    const [slow, quick]: number[][] = [[], []];
    const down = delivery('down', async (records) => {
      if (now() < 3_600_000) throw new Error('503');
      slow!.push(...records.map(({ index }) => index));
      return 'taken';
    });
    const up = delivery('up', async (records) => { quick!.push(...records.map(({ index }) => index)); return 'taken'; });
    while (await up.step() > 0) { /* goes on by itself */ }
    expect(quick).toHaveLength(1_000);
    const troubles: string[] = [];
    const going = keepGoing(() => down.step(), wait, (error) => troubles.push(error.message));
    await until(() => slow!.length === 1_000);
    await going.stop();
    expect(slow).toEqual(Array.from({ length: 1_000 }, (_, i) => i));
    // Backed off: an hour in steps of at most half a minute, not thousands of calls.
    expect(troubles.length).toBeLessThan(135);
    expect(Math.max(...waits)).toBe(30_000);
  });

  it('says why it waits and since when, and forgets that once it goes on', async () => {
    const { delivery } = given(3);
    let down = true;
    const one = delivery('one', async () => { if (down) throw new Error('the receiver answered 401'); return 'taken'; });
    await expect(one.step()).rejects.toThrow('401');
    expect(one.state()).toMatchObject({ trouble: 'the receiver answered 401', since: 0 });
    down = false;
    await one.step();
    expect(one.state()).toMatchObject({ trouble: null, since: null, cursor: { next: 3, sent: 3 } });
  });

  it('goes on after a restart where it was; what was sent and not noted goes twice, nothing is left out', async () => {
    const { delivery, cursors } = given(450);
    const seen: number[] = [];
    const send: SendBatch = async (records) => { seen.push(...records.map(({ index }) => index)); return 'taken'; };
    await delivery('siem', send).step();
    const noted = cursors.get('siem')!;
    await delivery('siem', send).step();
    cursors.set('siem', noted); // the crash came before the note
    const again = delivery('siem', send);
    while (await again.step() > 0) { /* to the end */ }
    expect([...new Set(seen)]).toEqual(Array.from({ length: 450 }, (_, i) => i));
    expect(seen).toHaveLength(650);
  });

  it('passes over the one entry that a receiver will not have, and counts it', async () => {
    const { delivery } = given(200);
    const seen: number[] = [];
    const picky = delivery('picky', async (records) => {
      if (records.some(({ index }) => index === 77)) return 'refused';
      seen.push(...records.map(({ index }) => index));
      return 'taken';
    });
    await picky.step();
    expect(seen).toEqual(Array.from({ length: 200 }, (_, i) => i).filter((index) => index !== 77));
    expect(picky.state().cursor).toEqual({ next: 200, sent: 199, refused: 1 });
  });

  it('sends only what fits the filter, and moves on past the rest', async () => {
    const { delivery } = given(10);
    const seen: number[] = [];
    const even = delivery('even', async (records) => { seen.push(...records.map(({ index }) => index)); return 'taken'; }, { agents: ['even'] });
    await even.step();
    expect([seen, even.state().cursor?.next]).toEqual([[0, 2, 4, 6, 8], 10]);
  });
});
