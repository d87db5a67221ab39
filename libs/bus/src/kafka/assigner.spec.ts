import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { assignTogether } from './assigner.ts';

const someMembers = fc.uniqueArray(fc.string({ minLength: 1, maxLength: 8 }).filter((name) => name !== '__proto__'), { minLength: 1, maxLength: 6 });
const someTopics = fc.dictionary(fc.constantFrom('a.v1', 'b.v1', 'c.v1'), fc.integer({ min: 1, max: 16 }), { minKeys: 1 }).map((topics) => new Map(Object.entries(topics)));
const owners = (assigned: ReturnType<typeof assignTogether>, topic: string): string[] => {
  const by: string[] = [];
  for (const [member, share] of assigned) for (const partition of share[topic] ?? []) { expect(by[partition]).toBeUndefined(); by[partition] = member; }
  return by;
};

describe('who reads what', () => {
  it('gives every partition to exactly one member, the same partition of all topics to the same one', () => {
    fc.assert(fc.property(someMembers, someTopics, (members, topics) => {
      const assigned = assignTogether(members, topics);
      const byTopic = [...topics].map(([topic, count]) => { const by = owners(assigned, topic); expect(by.filter(Boolean)).toHaveLength(count); return by; });
      for (const by of byTopic) for (const other of byTopic) for (let p = 0; p < Math.min(by.length, other.length); p += 1) expect(by[p]).toBe(other[p]);
    }), { seed: 20_261_121 });
  });

  it('does not depend on the order in which members are told, and shares evenly', () => {
    fc.assert(fc.property(someMembers, someTopics, (members, topics) => {
      const assigned = assignTogether(members, topics);
      expect(assignTogether(members.toReversed(), topics)).toEqual(assigned);
      for (const [topic, count] of topics) for (const share of assigned.values()) expect(Math.abs((share[topic] ?? []).length - count / members.length)).toBeLessThan(1);
    }), { seed: 20_261_121 });
  });
});
