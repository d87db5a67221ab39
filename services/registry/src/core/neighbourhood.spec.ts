import { describe, expect, it } from '@jest/globals';
import type { GraphNode } from '@countersign/contracts';
import { systemGraph } from './neighbourhood.ts';

const node = (id: string, over: Partial<GraphNode> = {}): GraphNode => ({ node: id, tenant: 'acme', version: 1, kind: 'service', title: id, owner: null, dependsOn: [], marks: [], paths: [], status: 'live', ...over });

describe('the neighbourhood of a node', () => {
  const graph = systemGraph([
    node('db', { owner: 'dba' }), node('billing', { dependsOn: ['db'], marks: ['critical_path'], owner: 'fin' }), node('web', { dependsOn: ['billing', 'gone'], marks: ['revenue_path'] }), node('app', { dependsOn: ['billing'] }), node('shop', {}), node('cart', { neededBy: ['shop'], dependsOn: ['web'] }),
    node('x', { dependsOn: ['y'] }), node('y', { dependsOn: ['x'] }),
  ]);

  it('is what depends on it and what it depends on, by distance, the heaviest first', () => {
    const found = graph.of('db', 50, 10)!;
    expect(found.dependants.map(({ node: id, depth, radius }) => [id, depth, radius.weight])).toEqual([['billing', 1, 10], ['web', 2, 2], ['app', 2, 0], ['cart', 3, 1], ['shop', 4, 0]]);
    expect(found).toMatchObject({ radius: { count: 5, weight: 11 + 7 + 1 + 1 + 1 }, marks: ['critical_path', 'revenue_path'], owners: ['dba', 'fin'], dependencies: [], more: { dependants: 0 } });
    expect(graph.of('shop', 50, 10)!.dependencies.map(({ node: id }) => id)).toEqual(['cart', 'web', 'billing', 'db']);
  });

  it('is bounded, says how much is left out, and ends at cycles', () => {
    const found = graph.of('db', 2, 1)!;
    expect([found.dependants.map(({ node: id }) => id), found.more, found.edges]).toEqual([['billing'], { dependants: 2, dependencies: 0 }, [{ from: 'billing', to: 'db' }]]);
    expect(graph.of('x', 50, 10)).toMatchObject({ radius: { count: 1, weight: 1 }, dependants: [{ node: 'y', depth: 1 }], dependencies: [{ node: 'y' }] });
    expect(graph.of('nothing', 1, 1)).toBeUndefined();
  });
});
