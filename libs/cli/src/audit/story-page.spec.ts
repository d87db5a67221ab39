import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import type { StoryView } from '@countersign/contracts';
import { storyPage } from './story-page.ts';
import { timeOf } from './time.ts';

const typical = (JSON.parse(readFileSync(new URL('../../../../contracts/schemas/http/StoryView.v1.examples.json', import.meta.url), 'utf8')) as { valid: { value: StoryView }[] }).valid[0]!.value;

describe('the page of a story', () => {
  it('tells it with a timeline, and loads and runs nothing', () => {
    const page = storyPage(typical, '2026-11-21T14:00:00Z');
    for (const part of ['<svg', 'pay the printer', 'signed by ann', 'step_up', 'payments.transfer', 'What this does not show', `countersign who-answers ${typical.run}`]) expect(page).toContain(part);
    expect(page).not.toMatch(/<script|src=|href=|@import|url\(/i);
  });

  it('shows what an agent wrote as text wherever it stands', () => {
    const evil = `"><script>alert(1)</script><img src=x onerror=alert(1)>\u202Emoc.live`;
    const [action] = typical.actions;
    const story: StoryView = {
      ...typical, agent: evil, trace: evil, instruction: { text: evil, by: evil }, gaps: [evil], actors: [{ kind: 'agent', id: evil, did: [evil] }],
      actions: [{ ...action!, tool: evil, action: evil, arguments: evil, reason: evil, result: evil, outcome: evil, votes: [{ person: evil, vote: evil, at: 1, saw: evil }], rounds: [{ ...action!.rounds[0]!, decision: evil, code: evil, policy: evil, rules: [evil] }] }],
      steps: [{ ...typical.steps[0]!, who: evil, what: `halts ${evil}`, said: evil }],
    };
    const page = storyPage(story, 'now');
    expect(page).not.toMatch(/<script|<img|\u202E/);
    expect(page.match(/onerror=/g)!.length).toBe(page.match(/&lt;img src=x onerror=/g)!.length);
  });

  it('draws the timeline of a run whose clock stood still', () => {
    expect(storyPage({ ...typical, steps: typical.steps.map((step) => ({ ...step, at: 5 })), actions: typical.actions.map((action) => ({ ...action, proposedAt: 5, decidedAt: 5 })) }, 'now')).not.toContain('NaN');
  });
});

describe('times of a question', () => {
  it('are dates in UTC, or how long ago', () => {
    expect(timeOf('2026-11-21T14:00', 'from', 0)).toBe(Date.UTC(2026, 10, 21, 14));
    expect(timeOf('2026-11-21', 'from', 0)).toBe(Date.UTC(2026, 10, 21));
    expect(timeOf('2h', 'from', 10_000_000)).toBe(2_800_000);
    for (const bad of ['', 'yesterday', '2026-13-01', '12']) expect(() => timeOf(bad, 'from', 0)).toThrow('--from');
  });
});
