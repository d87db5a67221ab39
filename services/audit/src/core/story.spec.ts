import { describe, expect, it } from '@jest/globals';
import { payment, run } from '../story.fixture.ts';
import { leafOf } from './entry.ts';
import { storyOf } from './story.ts';
import type { StoryEntry } from './story.ts';

const entries = (): StoryEntry[] => payment().map((message, index) => {
  const body = JSON.parse(message.value!.toString()) as unknown;
  return { index, body, leaf: leafOf({ ...message, at: message.timestamp, value: message.value! }, body, { commitment: 'x', pseudonym: () => 'p-1', digest: () => 'd', shownTo: () => 'seen' }) };
});
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
    const story = storyOf(run, entries().map((entry) => ({ ...entry, body: undefined })));
    expect(story.steps).toHaveLength(7);
    expect(story.gaps[0]).toMatch(/the words of 7 entries are erased/);
    expect(story.actions[0]).toMatchObject({ arguments: null, reason: null, outcome: 'succeeded', rounds: [{ decision: 'step_up' }, { decision: 'allow' }] });
    expect(JSON.stringify(story)).not.toContain('tess');
  });

  it('says what is missing: an outcome that nobody reported, an action still waiting, an end', () => {
    const all = entries();
    expect(storyOf(run, all.slice(0, 5)).gaps.join('\n')).toMatch(/has not ended[\s\S]*nobody has said what came of it/);
    expect(storyOf(run, all.slice(0, 2)).gaps.join('\n')).toMatch(/was still waiting/);
    expect(storyOf(run, []).gaps).toEqual(['nothing of this run is on the record']);
  });
});
