import { describe, expect, it } from '@jest/globals';
import type { Stage } from './stage.ts';

const drifting = ['the garden', 'the cellar', 'the attic', 'the roof', 'the bridge'];

/** R7: how far the sequence has moved from the request; escalates past a threshold. */
export const r7 = (stage: () => Stage): void => describe('R7 distance from the request', () => {
  it('R7.1 a sequence that diverges step by step is escalated where no single step would have been', async () => {
    const { open, decided } = stage();
    const run = await open('plan the house');
    const seen: [string, unknown][] = [];
    for (const what of drifting) {
      const action = run.propose('desk.plan', { what });
      const { decision } = await action.decision;
      seen.push([decision, (await decided(run, action))[0]!.facts['run.drift']!.value]);
    }
    expect(seen.map(([decision]) => decision)).toEqual(['allow', 'allow', 'allow', 'step_up', 'step_up']);
    expect(seen.map(([, drift]) => drift)).toEqual([...seen.map(([, drift]) => drift as number)].sort((a, b) => a - b));
    const single = await open('plan the house');
    expect(await single.propose('desk.plan', { what: drifting.at(-1)! }).decision).toMatchObject({ decision: 'allow' });
  });

  it('R7.1 a sequence as long that does what was asked for is not', async () => {
    const run = await stage().open(`plan ${drifting.join(', ')}`);
    for (const what of drifting) expect(await run.propose('desk.plan', { what }).decision).toMatchObject({ decision: 'allow' });
  });
});
