import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { blastRadii, dependantsOf, reach, weightOf } from './reach.ts';
import type { Linked } from './reach.ts';

const marks = ['critical_path', 'regulated_data', 'revenue_path', 'own'];
const graphs = fc.integer({ min: 1, max: 40 }).chain((size) => fc.array(fc.record({
  dependsOn: fc.uniqueArray(fc.integer({ min: 0, max: size + 1 }).map((n) => `n${n}`), { maxLength: 5 }), neededBy: fc.uniqueArray(fc.integer({ min: 0, max: size + 1 }).map((n) => `n${n}`), { maxLength: 2 }), marks: fc.uniqueArray(fc.constantFrom(...marks), { maxLength: 2 }),
}), { minLength: size, maxLength: size }).map((nodes): Linked[] => nodes.map((node, i) => ({ node: `n${i}`, ...node }))));

describe('the blast radius', () => {
  it('of all nodes at once is what a walk from each one finds: cycles, edges to nowhere and edges said from either side included', () => {
    fc.assert(fc.property(graphs, (nodes) => {
      const by = new Map(nodes.map((node) => [node.node, node]));
      const direct = dependantsOf(nodes);
      const radii = blastRadii(nodes);
      for (const { node } of nodes) {
        const found = reach((at) => direct.get(at) ?? [], [node], (one) => by.has(one));
        expect(radii.get(node)).toEqual({ count: found.size, weight: [...found].reduce((sum, one) => sum + weightOf(by.get(one)!.marks), 0) });
      }
    }), { seed: 10, numRuns: 300 });
  });

  it('spans blocks: a chain of 3,000 in which each depends on the one before', () => {
    const chain = Array.from({ length: 3_000 }, (_, i) => ({ node: `n${i}`, dependsOn: i === 0 ? [] : [`n${i - 1}`], marks: i === 2_999 ? ['critical_path'] : [] }));
    const radii = blastRadii(chain);
    expect([radii.get('n0'), radii.get('n2998'), radii.get('n2999')]).toEqual([{ count: 2_999, weight: 3_009 }, { count: 1, weight: 11 }, { count: 0, weight: 0 }]);
  });

  it('weighs marks: a critical path counts more than anything unmarked', () => {
    expect([weightOf([]), weightOf(['critical_path']), weightOf(['critical_path', 'own'])]).toEqual([1, 11, 12]);
  });

  it('of 10,000 nodes with 50,000 edges takes less than a second of a processor', () => {
    let seed = 7;
    const random = (below: number): number => (seed = (seed * 48_271) % 2_147_483_647) % below;
    const nodes = Array.from({ length: 10_000 }, (_, i) => ({ node: `n${i}`, dependsOn: Array.from({ length: 5 }, () => `n${random(10_000)}`), marks: i % 10 === 0 ? ['critical_path'] : [] }));
    const began = process.cpuUsage();
    expect(blastRadii(nodes).size).toBe(10_000);
    expect(process.cpuUsage(began).user / 1_000).toBeLessThan(1_000);
  });
});
