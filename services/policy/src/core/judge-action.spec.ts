import { describe, expect, it } from '@jest/globals';
import { agent, proposed, resolvedFor, runId, scene, started, vote, world } from './scene.fixture.ts';
import type { Scene } from './scene.fixture.ts';
import type { Question, World } from './world.ts';

const asked = (over: Partial<World> = {}, amount = 5): Scene => {
  const s = scene();
  s.tell(s.message(started));
  expect(s.tell(s.message(proposed(1, 'tier3', { amount })), over).replies[0]).toMatchObject({ decision: 'step_up', tier: 3 });
  return s;
};
const approved = (s: Scene, role = 'controller') => resolvedFor(s, 1, 'approved', [vote('carl', [role])]);
const as = (tool: string) => ({ judge: (question: Question) => world().judge({ ...question, proposal: { ...question.proposal, tool } }) });

describe('an approval, once it comes', () => {
  it('is superseded where the action is of a stricter tier by now: people are asked again, those of that tier', () => {
    const s = asked();
    const draft = s.hear(approved(s), as('tier4'));
    expect(draft.replies[0]).toMatchObject({ decision: 'step_up', tier: 4, round: 2 });
    expect(draft.grants).toHaveLength(0);
    expect(draft.records[0]).toMatchObject({ decision: { approval: { route: ['cfo'] } } });
    expect(s.hear(approved(s, 'cfo'), as('tier4')).replies[0]).toMatchObject({ decision: 'allow', tier: 4, round: 3 });
  });

  it('holds where the action is of a lower tier by now', () => {
    const s = asked();
    expect(s.hear(approved(s), as('tier2')).replies[0]).toMatchObject({ decision: 'allow', tier: 2, round: 2 });
  });

  it.each<[string, Partial<World>, number]>([
    ['money', {}, 10_000],
    ['calls', { agent: () => ({ ...agent, limits: { calls: 1, money: null } }) }, 5],
    ['actions at once', { limits: { ...world().limits, budget: { calls: 1, money: { minor: 5, currency: 'EUR' }, fanOut: 1 } } }, 5],
  ])('takes no %s beyond what was reserved when people were asked: the whole budget may be one action', (_, over, amount) => {
    const s = asked(over, amount);
    expect(s.hear(approved(s), over).replies[0]).toMatchObject({ decision: 'allow', round: 2 });
    expect(s.state.runs.get(runId)).toMatchObject({ calls: 1, spend: { minor: amount, currency: 'EUR' } });
  });
});
