import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Leaf } from './entry.ts';
import { chainFaults, chainParts, countVersions, streamParts } from './completeness.ts';

const at = 1_000_000;
const line = (kind: string, body: object, run = 'r1') => ({ leaf: { type: `countersign.governed.${kind}.v1`, source: { topic: 'runs.governed.v1', partition: 0, offset: '1' }, run, agent: 'clerk', at, stream: null } as unknown as Leaf, body });
const started = line('run.started', { seq: 0, token: { run_not_after: 2_000 } });
const decided = (seq: number | null, attested = false) => line('action.decided', { seq, attested });
const ended = (seq: number | null, attested = true) => line('run.ended', { seq, attested });
const chain = (...lines: Parameters<typeof chainParts>[0]) => chainParts(lines)[0]!;

describe('the chain of a run\'s messages', () => {
  it('is whole where every seq has a record and the last one, signed, closes it; what policy wrote by itself is not counted', () => {
    const whole = chain(started, decided(1), decided(null), decided(2, true), ended(3));
    expect(whole).toMatchObject({ recorded: 4, last: 3, closing: 3, attested: 3, notAfter: 2_000_000 });
    expect(chainFaults(whole, at)).toEqual([]);
  });

  it('a message refused out of its order takes no place: it neither makes a whole chain short nor fills a hole', () => {
    const refused = (seq: number, code: string) => line('message.refused', { kind: 'message.refused', seq, code });
    expect(chainFaults(chain(started, refused(999, 'seq_gap'), refused(1, 'invalid_body'), ended(2)), at)).toEqual([]);
    expect(chainFaults(chain(started, refused(0, 'seq_reused'), ended(2)), at)).toEqual(['short']);
  });

  it.each([
    ['a message is missing', [started, decided(2, true), ended(3)], ['short']],
    ['policy ended it, for its time was over', [started, decided(1, true), ended(null, false)], ['unclosed']],
    ['nobody signed its end', [started, decided(1, true), ended(2, false)], ['unattested']],
    ['nobody signed anything', [started, decided(1), ended(2, false)], ['unattested']],
    ['its beginning was before this index', [decided(5, true), ended(6)], []],
  ] as const)('where %s', (_, lines, faults) => {
    expect(chainFaults(chain(...lines), at)).toEqual(faults);
  });

  it('of a run that goes on lacks nothing yet; after its life it is unclosed', () => {
    const open = chain(started, decided(1, true));
    expect(chainFaults(open, 2_000_000)).toEqual([]);
    expect(chainFaults(open, 2_000_001)).toEqual(['unclosed']);
  });
});

describe('versions of a service\'s stream', () => {
  it('count what never came, whatever is said twice', () => {
    fc.assert(fc.property(fc.integer({ min: 1, max: 30 }), fc.array(fc.nat(29)), fc.array(fc.nat(29)), (n, lost, twice) => {
      const came = Array.from({ length: n }, (_, i) => i + 1).filter((version) => !lost.includes(version) || version === n);
      const told = came.flatMap((version, i) => (twice.includes(i) ? [version, ...came.slice(Math.max(0, i - 2), i + 1)] : [version]));
      const cut = Math.floor(told.length / 2);
      const first = countVersions({ last: 0, missing: 0 }, told.slice(0, cut));
      const all = countVersions(first, told.slice(cut));
      expect(all).toMatchObject({ last: n, missing: n - came.length });
      expect([...first.gaps, ...all.gaps].reduce((sum, { expected, found }) => sum + found - expected, 0)).toBe(n - came.length);
    }), { seed: 7 });
  });

  it('are read out of events, not out of what policy governed', () => {
    const event = (stream: string | null, version: number, topic = 'approvals.events.v1') => ({ leaf: { stream, source: { topic, partition: 0, offset: '1' } } as unknown as Leaf, body: { version } });
    expect(streamParts([event('a', 1), event('a', 2), event('b', 1), event(null, 3), event('a', 9, 'runs.governed.v1')])).toEqual([{ stream: 'a', topic: 'approvals.events.v1', versions: [1, 2] }, { stream: 'b', topic: 'approvals.events.v1', versions: [1] }]);
  });
});
