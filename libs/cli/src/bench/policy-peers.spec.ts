import { describe, expect, it } from '@jest/globals';
import { ourEngine, peersTask } from './policy-peers.ts';
import type { Task } from './policy-peers.ts';

/** The task read with nothing but comparisons: what every engine must say. */
const plainly = ({ rules }: Task) => (text: string): string => {
  const { tool, facts } = JSON.parse(text) as { tool: string; facts: Record<string, number | string | boolean> };
  const holds = { '==': (a: unknown, b: unknown) => a === b, '!=': (a: unknown, b: unknown) => a !== b, '>': (a: number, b: number) => a > b, '>=': (a: number, b: number) => a >= b, '<': (a: number, b: number) => a < b } as Record<string, (a: never, b: never) => boolean>;
  const fired = rules.filter((rule) => rule.tool === tool && rule.all.every(({ fact, op, value }) => holds[op]!(facts[fact] as never, value as never)));
  return fired.some(({ effect }) => effect === 'deny') ? 'deny' : fired.length > 0 ? 'step_up' : 'allow';
};

describe('the task that policy engines are compared on', () => {
  const task = peersTask(2_000);
  it('has 1,000 rules over 100 tools and 25 facts, the same each time', () => {
    expect([task.rules.length, new Set(task.rules.map(({ tool }) => tool)).size, Object.keys((JSON.parse(task.requests[0]!) as { facts: object }).facts).length]).toEqual([1_000, 100, 25]);
    expect(peersTask(2_000)).toEqual(task);
  });
  it('is decided by our rules as its conditions read, with every outcome often', () => {
    const ours = task.requests.map(ourEngine(task));
    expect(ours).toEqual(task.requests.map(plainly(task)));
    for (const outcome of ['allow', 'step_up', 'deny'] as const) expect(ours.filter((one) => one === outcome).length).toBeGreaterThan(200);
  });
});
