import { describe, expect, it } from '@jest/globals';
import type { WitnessPolicy } from '../core/witness-policy.ts';
import { createWitnessing } from './witnessing.ts';
import type { Answer, WitnessStore } from './witnessing.ts';

/** Two witnesses, both needed, and what each answers in turn. */
const given = (answers: Readonly<Record<string, readonly Answer[]>>) => {
  const policy: WitnessPolicy = { witnesses: ['a', 'b'].map((name) => ({ name, verifierKey: `key-${name}`, url: `http://${name}` })), satisfied: (by) => by.size === 2, text: '' };
  const asked: string[] = [], alarms: string[] = [];
  const seen = new Map<string, number>();
  const kept = new Map<string, string>();
  let published = false;
  const queue = new Map(Object.entries(answers).map(([name, all]) => [name, [...all]]));
  const store: WitnessStore = {
    signed: async () => ({ size: 10, note: 'note', cosigned: new Set(kept.keys()) }),
    seen: async (name) => seen.get(name) ?? 0,
    saw: async (name, size) => { seen.set(name, size); },
    cosigned: async (_, name, line, publish) => { kept.set(name, line); published ||= publish; },
  };
  const witnessing = createWitnessing({
    policy, store, alarm: (who, why) => alarms.push(`${who}: ${why}`),
    ask: async ({ name }, old) => { asked.push(`${name} from ${old}`); return queue.get(name)!.shift()!; },
  });
  return { witnessing, asked, alarms, kept, published: () => published };
};
const cosigned = (line: string): Answer => ({ kind: 'cosigned', line });

describe('carrying a checkpoint to its witnesses', () => {
  it('publishes it once enough have cosigned', async () => {
    const log = given({ a: [cosigned('A')], b: [{ kind: 'unreachable', why: 'down' }, cosigned('B')] });
    await log.witnessing.round();
    expect([log.published(), ...log.kept.keys()]).toEqual([false, 'a']);
    await log.witnessing.round();
    expect([log.published(), ...log.kept.keys()]).toEqual([true, 'a', 'b']);
    expect(log.asked).toEqual(['a from 0', 'b from 0', 'b from 0']);
  });

  it('begins where the witness says it stands', async () => {
    const log = given({ a: [{ kind: 'conflict', size: 7 }, cosigned('A')], b: [cosigned('B')] });
    await log.witnessing.round();
    expect(log.asked).toContain('a from 7');
    expect(log.published()).toBe(true);
  });

  it.each<readonly [string, Answer]>([
    ['it has seen more than there is', { kind: 'conflict', size: 11 }],
    ['it saw another beginning', { kind: 'refused', why: 'no beginning of this log' }],
  ])('raises the alarm and does not publish where %s', async (_, answer) => {
    const log = given({ a: [answer], b: [cosigned('B')] });
    await log.witnessing.round();
    expect(log.alarms).toHaveLength(1);
    expect(log.published()).toBe(false);
  });
});
