import { describe, expect, it } from '@jest/globals';
import { payment, told } from '../story.fixture.ts';
import { leafOf } from './entry.ts';
import { oversightOf } from './oversight-pack.ts';
import type { StoryEntry } from './story.ts';

const opened = (messages: ReturnType<typeof payment>): StoryEntry[] => messages.map((message, index) => {
  const body = JSON.parse(message.value!.toString()) as unknown;
  return { index, body, leaf: leafOf({ ...message, at: message.timestamp, value: message.value! }, body, { commitment: 'x', pseudonym: (person) => `p-${person}`, digest: () => 'd', shownTo: () => null }) };
});
const without = (entries: readonly StoryEntry[], ...indices: number[]): StoryEntry[] => entries.filter(({ index }) => !indices.includes(index));
const changed = (entries: readonly StoryEntry[], from: string, to: string): StoryEntry[] => entries.map((entry) => ({ ...entry, body: JSON.parse(JSON.stringify(entry.body).replaceAll(from, to)) as unknown }));
const whats = (entries: readonly StoryEntry[]): string[] => oversightOf(entries).exceptions.map(({ what }) => what);

describe('human oversight, counted out of the record', () => {
  const entries = opened(payment());

  it('counts who was asked, who answered what, how fast, and on what they were shown', () => {
    expect(oversightOf(entries)).toMatchObject({
      actions: 1, alone: { tier1: 0, tier2: 0, denied: 0 }, asked: { questions: 1, approved: 1, denied: 0, expired: 0, open: 0 }, people: [{ person: 'tess', approved: 1, denied: 0, medianS: 0.01, hasty: 1 }],
      votes: { cast: 1, onWhatWasShown: 1, beforehand: 0 }, exceptions: [], closed: 0,
    });
  });

  it('points at what should not be, with the entries to look at', () => {
    expect(whats(without(entries, 4))).toEqual(['it ran although people were asked and did not approve']);
    expect(whats(without(entries, 5))).toEqual(['it was allowed and nobody has said what came of it']);
    expect(whats(changed(entries, '"requesters":["ann"]', '"requesters":["tess"]'))).toEqual(['somebody voted on what they had asked for themselves']);
    expect(whats(changed(entries, '"quorum":1', '"quorum":2'))).toEqual(['it was allowed with fewer approvals than the rules asked for']);
    expect(oversightOf(without(entries, 4)).exceptions[0]!.entries).toEqual([1, 5]);
  });

  it('counts stops and blind reviews, and a vote on something else than what was shown', () => {
    const more = opened([...payment(), told('supervision.halts.v1', 'supervision.halt', { halt: 'h', op: 'halt', by: 'sena', at: 1, scope: { kind: 'everything', id: null } }), told('approvals.events.v1', 'approvals.event', { stream: 'review-r-a', version: 1, type: 'reviewed', at: 1, by: 'rob', data: { run: 'r', action: 'a', person: 'rob', verdict: 'wrong' } })]);
    expect(oversightOf(more)).toMatchObject({ stopped: { halts: 1 }, reviewed: { blind: 1, wrong: 1 } });
    const other = entries.map((entry) => (entry.index === 4 ? changed([entry], '47DEQpj8', 'AAAAAAAA')[0]! : entry));
    expect(oversightOf(other).votes).toEqual({ cast: 1, onWhatWasShown: 0, beforehand: 0 });
  });

  it('tells votes given beforehand from those on what was asked, and calls nobody hasty for them', () => {
    const before = changed(entries, '"vote":"approve",', '"vote":"approve","preApproval":"pre_1",');
    expect(oversightOf(before)).toMatchObject({ votes: { cast: 0, onWhatWasShown: 0, beforehand: 1 }, people: [{ person: 'tess', approved: 1, hasty: 0, medianS: null }], exceptions: [] });
  });

  it('says how much of it was closed, and counts what leaves alone tell', () => {
    expect(oversightOf(entries.map((entry) => ({ ...entry, body: undefined })))).toMatchObject({ closed: 7, actions: 1, people: [{ person: 'p-tess', approved: 1 }] });
  });
});
