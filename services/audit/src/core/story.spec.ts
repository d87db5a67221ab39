import { describe, expect, it } from '@jest/globals';
import { payment, run } from '../story.fixture.ts';
import { leafOf } from './entry.ts';
import { storyOf } from './story.ts';
import type { StoryEntry } from './story.ts';

const entries = (): StoryEntry[] => payment().map((message, index) => {
  const body = JSON.parse(message.value!.toString()) as unknown;
  return { index, body, leaf: leafOf({ ...message, at: message.timestamp, value: message.value! }, body, { commitment: 'x', pseudonym: () => 'p-1', digest: () => 'd', shownTo: () => 'seen' }) };
});
/** A statement of audit's own, as its leaf stands in the log. */
/** @param after what has passed since the run, ms */
const stated = (index: number, kind: string, states: Readonly<Record<string, string | number>>, after = 0) => {
  const { leaf } = entries()[0]!;
  return { index, leaf: { ...leaf, at: leaf.at + after, type: `countersign.audit.${kind}.v1`, source: { topic: 'audit.statements', partition: 0, offset: '0' }, run: null, oversight: [], states } };
};
const whats = (all: readonly StoryEntry[]): string[] => storyOf(run, all).steps.map(({ who, what }) => `${who} ${what}`);

describe('the story of a run', () => {
  it('says who did what, in the order in which it came about', () => {
    expect(whats(entries())).toEqual([
      'payer opens the run under an instruction',
      'policy payer proposes payments.transfer: step_up, tier 3 (approval_required), by money.large',
      'approvals asks people: finance',
      'tess votes approve',
      'policy payments.transfer is decided again, round 2, after 1 vote: allow, tier 3, by money.large',
      'payer reports the outcome of payments.transfer: succeeded',
      'payer the run ends',
    ]);
  });

  it('is the same in whatever order the entries came: topics overtake each other', () => {
    expect(storyOf(run, entries().reverse())).toEqual(storyOf(run, entries()));
  });

  it('keeps the steps of what was erased, and says so', () => {
    const gone = entries().map((entry) => ({ ...entry, body: undefined }));
    const story = storyOf(run, gone, [stated(7, 'erased', { erasure: 1, scope: 'run', what: run, keys: 2, by: 'p-2' })]);
    expect(story.steps).toHaveLength(7);
    expect(story.gaps[0]).toMatch(/the words of 7 entries are erased/);
    expect(story.actions[0]).toMatchObject({ arguments: null, reason: null, outcome: 'succeeded', rounds: [{ decision: 'step_up' }, { decision: 'allow' }] });
    expect(JSON.stringify(story)).not.toContain('tess');
  });

  it('says which words are gone without an erasure on the record', () => {
    const gone = entries().map((entry) => (entry.index === 3 ? { ...entry, body: undefined } : entry));
    const erased = (change: object) => storyOf(run, gone, [stated(7, 'erased', { scope: 'run', what: run, ...change })]).gaps[0];
    expect(storyOf(run, gone).gaps[0]).toMatch(/1 entries are gone or were changed, and no erasure on the record covers them \(3\)/);
    expect(erased({ what: 'another' })).toMatch(/no erasure on the record covers/);
    // An erasure covers what was said before it, on behalf of the person who instructed the run as well.
    expect(storyOf(run, gone, [stated(2, 'erased', { scope: 'run', what: run })]).gaps[0]).toMatch(/no erasure on the record covers/);
    expect(erased({ scope: 'person', what: 'p-1' })).toMatch(/are erased/);
    const slot = { slot: 'long_2026_11', first: 0, last: 3 };
    expect([slot, { ...slot, last: 2 }, { ...slot, slot: 'long_2026_10' }].map((states) => /are erased/.test(storyOf(run, gone, [stated(7, 'expired', states, 11 * 365 * 86_400_000)]).gaps[0]!))).toEqual([true, false, false]);
    // Before its time nothing expires, whoever says so.
    expect(storyOf(run, gone, [stated(7, 'expired', slot, 9 * 365 * 86_400_000)]).gaps[0]).toMatch(/no erasure on the record covers/);
  });

  it('counts the records of the run: none goes missing between the others', () => {
    const holes = (left: (entry: StoryEntry) => boolean) => storyOf(run, entries().filter(left)).gaps.filter((gap) => gap.startsWith('records of the run'));
    // A decision after people answered is no message of the runtime: its round, and what came of it, give it away.
    const unnumbered = (entry: StoryEntry): StoryEntry => ({ ...entry, body: { ...entry.body as object, seq: null } });
    expect(holes(() => true)).toEqual([]);
    expect(storyOf(run, entries().filter(({ index }) => index !== 4).map(unnumbered)).gaps[0]).toMatch(/has an outcome and no decision that allowed it/);
    expect(storyOf(run, entries().filter(({ index }) => index !== 1).map(unnumbered)).gaps[0]).toMatch(/round 1 of/);
    expect(holes(({ index }) => index !== 2)).toEqual(['records of the run are missing: event 1 of approval-7']);
    expect(holes(({ index }) => ![0, 3].includes(index))).toEqual(['records of the run are missing: its messages 0']);
    // What was erased has no number to read; one more than were erased is missing all the same.
    const erased = (entry: StoryEntry): StoryEntry => (entry.index === 3 ? entry : { ...entry, body: undefined });
    expect(storyOf(run, entries().map(erased)).gaps.filter((gap) => gap.startsWith('records of the run'))).toEqual([]);
  });

  it('says what is missing: an outcome that nobody reported, an action still waiting, an end', () => {
    const all = entries();
    expect(storyOf(run, all.slice(0, 5)).gaps.join('\n')).toMatch(/has not ended[\s\S]*nobody has said what came of it/);
    expect(storyOf(run, all.slice(0, 2)).gaps.join('\n')).toMatch(/was still waiting/);
    expect(storyOf(run, []).gaps).toEqual(['nothing of this run is on the record']);
  });
});
