import { describe, expect, it } from '@jest/globals';
import { afterFailure, differing, unread } from './current.ts';
import type { Trouble } from './current.ts';

const digest = (value: unknown) => JSON.stringify(value);

describe('what stands there before the change', () => {
  it('is shown where it differs, also where nothing stood there', () => {
    expect(differing({ name: 'Ann', limit: 500, tags: ['a'], note: null }, { name: 'Ann', limit: 200, other: 1, note: null }, 7, digest)).toEqual({
      at: 7, why: null, changes: [{ name: 'limit', before: 200, after: 500 }, { name: 'tags', after: ['a'] }],
    });
  });
  it('takes nothing for a value that is only in the prototype', () => expect(differing({ constructor: 1 } as never, {}, 7, digest).changes).toEqual([{ name: 'constructor', after: 1 }]));
  it('is bounded, however much differs', () => {
    const many = Object.fromEntries(Array.from({ length: 200 }, (_, i) => [`a${i}`.padEnd(300, 'x'), i]));
    const { changes } = differing(many, {}, 7, digest);
    expect([changes.length, Math.max(...changes.map(({ name }) => name.length))]).toEqual([64, 200]);
  });
  it('is not shown where it is too much for the record', () => expect(differing({ a: 'x'.repeat(40_000) }, {}, 7, digest)).toMatchObject({ changes: [], why: expect.stringContaining('too much') }));
  it('says why it is not known', () => expect(unread('x'.repeat(1_000), 7)).toMatchObject({ changes: [], why: 'x'.repeat(300) }));
  it('is not asked for a while where its reader failed three times in a row', () => {
    let trouble: Trouble | undefined;
    const until = [1, 2, 3, 4].map((now) => (trouble = afterFailure(trouble, now)).until);
    expect(until).toEqual([0, 0, 30_003, 30_004]);
  });
});
