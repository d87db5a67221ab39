import { describe, expect, it } from '@jest/globals';
import { allHidden, hiddenOf, nothingHidden, notStored, sanitise } from './sanitise.ts';

const tool = {
  schema: {
    type: 'object', properties: {
      user: { type: 'string' }, password: { type: 'string', writeOnly: true },
      cards: { type: 'array', items: { type: 'object', properties: { number: { type: 'string', writeOnly: true }, holder: { type: 'string' } } } },
      oneOrOther: { anyOf: [{ type: 'object', properties: { pin: { writeOnly: true } } }, { type: 'null' }] },
    },
  },
  facts: { 'password.length': 'size(args.password)', 'target.name': 'args.user', 'all': 'size(args)', 'by.key': "args['cards'].size()" },
};
const hidden = hiddenOf(tool);
const decided = {
  kind: 'action.decided', tool: 'vault.login', message: { tool: 'vault.login', arguments: { user: 'ann', password: 's3cret', cards: [{ number: '4111', holder: 'Ann' }], oneOrOther: { pin: 1 } } },
  facts: { 'password.length': { value: 6, origin: 'derived' }, 'target.name': { value: 'ann', origin: 'derived' }, all: { value: 4 } },
  modified: { arguments: { password: 'other' }, changes: [{ path: '/password', before: '"s3cret"', after: 'other' }, { path: '/user', before: '"ann"', after: 'bob' }] },
};

describe('what a tool declares is never to be stored', () => {
  it('is what its argument schema says is writeOnly, and facts derived from that', () => {
    expect(hidden.paths).toEqual([['password'], ['cards', '*', 'number'], ['oneOrOther', 'pin']]);
    expect(hidden.facts).toEqual(['password.length', 'all', 'by.key']);
  });

  // Until 2026-11 absent items were followed too, doubling the work at each of 16 depths: this schema would have taken minutes.
  it('is read in one pass over a schema of thousands of arguments', () => {
    const properties = Object.fromEntries(Array.from({ length: 5_000 }, (_, i) => [`p${i}`, { type: 'string', ...(i === 4_999 ? { writeOnly: true } : {}) }]));
    expect(hiddenOf({ schema: { type: 'object', properties }, facts: {} }).paths).toEqual([['p4999']]);
  });

  it('goes wherever a record carries it, and nothing else does', () => {
    expect(sanitise(decided, (name) => (name === 'vault.login' ? hidden : nothingHidden))).toEqual({
      ...decided,
      message: { tool: 'vault.login', arguments: { user: 'ann', password: notStored, cards: [{ number: notStored, holder: 'Ann' }], oneOrOther: { pin: notStored } } },
      facts: { 'password.length': { value: notStored, origin: 'derived' }, 'target.name': { value: 'ann', origin: 'derived' }, all: { value: notStored } },
      modified: { arguments: { password: notStored }, changes: [{ path: '/password', before: notStored, after: notStored }, { path: '/user', before: '"ann"', after: 'bob' }] },
    });
  });

  it('leaves a record of another tool as the very same object, so that its bytes stay as received', () => {
    expect(sanitise(decided, () => nothingHidden)).toBe(decided);
  });

  it('is every argument where the catalogue is not known yet', () => {
    const kept = JSON.stringify(sanitise(decided, () => allHidden));
    for (const secret of ['ann', 's3cret', '4111', 'bob']) expect(kept).not.toContain(secret);
  });
});
