import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { accountOf, reconcile, reconcileEvery } from './reconcile.ts';
import type { Account, Seen } from './reconcile.ts';

const source = (partition = 0) => ({ topic: 'runs.governed.v1', partition, offset: 0n, at: 1, headers: {}, value: new Uint8Array() });
const line = (position: number, partition = 0, change: Partial<Account> = {}) => ({ source: source(partition), account: { position, inbox: position * 2, unproven: 0, ...change } });
const after = (lines: readonly ReturnType<typeof line>[], before: ReadonlyMap<string, Seen> = new Map()) => reconcile(before, lines);

describe('following the positions of the governed stream', () => {
  it('owes nothing where they are dense, per partition', () => {
    expect(after([line(0), line(0, 1), line(1), line(2), line(1, 1)]).owes).toEqual([]);
  });

  it('says where records are missing, also over batches, and at the beginning', () => {
    const first = after([line(3)]);
    expect(first.owes).toEqual([{ kind: 'gap', states: { topic: 'runs.governed.v1', partition: 0, expected: 0, found: 3 } }]);
    expect(after([line(4), line(7)], first.seen).owes).toEqual([{ kind: 'gap', states: { topic: 'runs.governed.v1', partition: 0, expected: 5, found: 7 } }]);
  });

  it('makes one incident of positions that come again, and goes on from the highest', () => {
    const { seen, owes } = after([line(0), line(1), line(0), line(1), line(2)]);
    expect(owes).toEqual([{ kind: 'incident', states: { what: 'position_repeated', topic: 'runs.governed.v1', partition: 0, first: 0, last: 1, count: 2 } }]);
    expect(seen.get('runs.governed.v1/0')!.next).toBe(3);
  });

  it('says every so often what was there, with the offsets of the inbox it answers', () => {
    const { seen, owes } = after(Array.from({ length: reconcileEvery + 1 }, (_, n) => line(n, 0, n === 5 ? { inbox: null, unproven: 7 } : {})));
    expect(owes).toEqual([{ kind: 'reconciled', states: { topic: 'runs.governed.v1', partition: 0, first: 0, last: reconcileEvery - 1, governed: reconcileEvery, unproven: 7, inboxFirst: 0, inboxLast: (reconcileEvery - 1) * 2 } }]);
    expect(seen.get('runs.governed.v1/0')).toMatchObject({ since: reconcileEvery, governed: 1 });
  });

  it('finds every missing position however the stream is cut into batches', () => {
    fc.assert(fc.property(fc.uniqueArray(fc.integer({ min: 0, max: 60 }), { maxLength: 10 }), fc.array(fc.integer({ min: 1, max: 9 }), { maxLength: 20 }), (gone, cuts) => {
      const lines = Array.from({ length: 61 }, (_, n) => line(n)).filter(({ account }) => !gone.includes(account.position));
      let seen: ReadonlyMap<string, Seen> = new Map();
      const missing: number[] = [];
      for (let at = 0, cut = 0; at < lines.length; cut++) {
        const size = cuts[cut] ?? 7;
        const result = reconcile(seen, lines.slice(at, at + size));
        seen = result.seen;
        for (const { states } of result.owes) for (let n = Number(states['expected']); n < Number(states['found']); n++) missing.push(n);
        at += size;
      }
      const last = lines.at(-1)?.account.position ?? -1;
      expect(missing).toEqual(gone.filter((n) => n < last).toSorted((a, b) => a - b));
    }), { seed: 7, numRuns: 200 });
  });
});

const numbered = (number: number) => ({ ...source(), topic: 'approvals.events.v1', headers: { cs_seq: String(number) } });

describe('following the numbers that a service gives its events', () => {
  const said = (...numbers: number[]) => numbers.map((number) => ({ source: numbered(number), account: { position: number, inbox: null, unproven: 0 } }));

  it('says which are missing, the end of a stream too once anything follows, and takes it in good part that a crash says some again', () => {
    expect(reconcile(new Map(), said(0, 1, 2, 1, 2, 3)).owes).toEqual([]);
    const { seen, owes } = reconcile(new Map(), said(0, 1, 5));
    expect(owes).toEqual([{ kind: 'gap', states: { topic: 'approvals.events.v1', partition: 0, expected: 2, found: 5 } }]);
    expect(reconcile(seen, said(6)).owes).toEqual([]);
  });

  it('tells of a service that goes on from an old copy of its database', () => {
    const { seen } = reconcile(new Map([['approvals.events.v1/0', { next: 5_000, since: 0, governed: 0, unproven: 0, firstInbox: null, lastInbox: null }]]), said(5_000));
    expect(reconcile(seen, said(1_200, 1_201)).owes).toEqual([{ kind: 'incident', states: { what: 'position_repeated', topic: 'approvals.events.v1', partition: 0, first: 1_200, last: 1_201, count: 2 } }]);
  });
});

describe('what a record accounts for', () => {
  it('is its position, the inbox record it answers, and what it counts as unproven', () => {
    expect(accountOf(source(), { position: 4, inbox: { offset: '17' } })).toEqual({ position: 4, inbox: 17, unproven: 0 });
    expect(accountOf(source(), { position: 5, inbox: null, counts: [{ count: 3 }, { count: 4 }] })).toEqual({ position: 5, inbox: null, unproven: 7 });
    expect(accountOf({ ...source(), topic: 'registry.events.v1' }, { position: 4 })).toBeNull();
    expect(accountOf(numbered(12), { position: 4 })).toEqual({ position: 12, inbox: null, unproven: 0 });
    expect(accountOf({ ...numbered(12), headers: { cs_seq: '12', cs_audit_refused: 'bad_signature' } }, {})).toBeNull();
    expect(accountOf({ ...numbered(12), headers: { cs_seq: '-1' } }, {})).toBeNull();
    expect(accountOf(source(), { position: 'x' })).toBeNull();
  });
});
