import { describe, expect, it } from '@jest/globals';
import { createMemoryEventStore } from '@countersign/spec';
import type { GraphNode } from '@countersign/contracts';
import { createGraph } from './graph.ts';
import type { GraphReview } from './graph.ts';
import type { Inventory, Messages } from './ports.ts';

const setUp = (maxNodes = 100) => {
  const store = createMemoryEventStore();
  const rows = new Map<string, GraphNode>();
  const inventory = {
    nodes: async () => [...rows.values()].map((snapshot) => ({ node: snapshot.node, version: snapshot.version, snapshot })),
    putNodes: async (nodes: readonly GraphNode[]) => { for (const one of nodes) if ((rows.get(one.node)?.version ?? 0) < one.version) rows.set(one.node, one); },
    graphVersion: async () => String([...rows.values()].reduce((sum, { version }) => sum + version, 0)),
    versions: async () => new Map([...rows].map(([id, { version }]) => [`node:${id}`, version])),
  } as unknown as Inventory;
  const message = (key: string) => ({ topic: 't', key, value: null, headers: {} });
  const messages: Messages = { snapshot: (_, key) => message(key), events: (stream, events) => events.map(() => message(stream)) };
  return { store, rows, graph: createGraph({ store, inventory, messages, tenant: 'acme', now: () => 7, maxNodes }) };
};
const pair = [{ node: 'a', kind: 'service', dependsOn: ['b'] }, { node: 'b', kind: 'service', marks: ['critical_path'] }];
const signed = (change: string, by = 'rita', roles = ['policy-reviewer']): GraphReview => ({ by, roles, change, jws: 'jws' });

describe('the system graph', () => {
  it('takes an import once: the same again makes no event and no message', async () => {
    const { graph, store } = setUp();
    expect(await graph.put({ nodes: pair }, 'olga', null)).toMatchObject({ status: 'done', plan: { changes: [{ node: 'a' }, { node: 'b' }], loosened: [] } });
    const sent = store.outbox.length;
    expect(sent).toBe(4);
    expect(await graph.put({ nodes: pair, prune: true }, 'olga', null)).toMatchObject({ status: 'done', plan: { changes: [] } });
    expect(store.outbox).toHaveLength(sent);
  });

  it('lets one person add, and asks for a second where a mark, an edge or a node goes', async () => {
    const { graph, rows } = setUp();
    await graph.put({ nodes: pair }, 'olga', null);
    const smaller = { nodes: [{ node: 'a', kind: 'service' }], prune: true };
    expect(await graph.put(smaller, 'olga', null)).toMatchObject({ status: 'refused', code: 'review_required', detail: expect.stringMatching(/^a no longer depends on b; b is removed\./) });
    const planned = await graph.put({ ...smaller, dryRun: true }, 'olga', null);
    const digest = planned.status === 'done' ? planned.plan.digest : '';
    expect(rows.get('b')!.status).toBe('live');
    for (const review of [signed('another'), signed(digest, 'rita', ['operator'])]) expect(await graph.put(smaller, 'olga', review)).toMatchObject({ code: 'review_required' });
    expect(await graph.put(smaller, 'olga', signed(digest, 'olga'))).toMatchObject({ code: 'self_approval' });
    expect(await graph.put(smaller, 'olga', signed(digest))).toMatchObject({ status: 'done' });
    expect([rows.get('a')!.dependsOn, rows.get('b')!.status]).toEqual([[], 'gone']);
  });

  it('takes a signature once: the same change after it was taken back has other versions, so another digest', async () => {
    const { graph } = setUp();
    await graph.put({ nodes: pair }, 'olga', null);
    const remove = { remove: ['critical_path'] };
    const planned = await graph.mark('b', { ...remove, dryRun: true }, 'olga', null);
    const review = signed(planned.status === 'done' ? planned.plan.digest : '');
    expect(await graph.mark('b', remove, 'olga', review)).toMatchObject({ status: 'done' });
    await graph.mark('b', { add: ['critical_path'] }, 'olga', null);
    expect(await graph.mark('b', remove, 'olga', review)).toMatchObject({ code: 'review_required' });
    expect(await graph.mark('nobody', remove, 'olga', review)).toMatchObject({ code: 'not_found' });
  });

  it('takes nothing of what is too much', async () => {
    const { graph, store } = setUp(3);
    const heavy = Array.from({ length: 500 }, (_, i) => `${'x'.repeat(190)}${i}`);
    expect(await graph.put({ nodes: [{ node: 'a', kind: 'service', dependsOn: heavy, neededBy: heavy }] }, 'olga', null)).toMatchObject({ status: 'refused', code: 'too_large' });
    const many = Array.from({ length: 4 }, (_, i) => ({ node: `n${i}`, kind: 'service' }));
    expect(await graph.put({ nodes: many }, 'olga', null)).toMatchObject({ status: 'refused', code: 'graph_too_large' });
    expect(store.outbox).toEqual([]);
  });

  it('takes 50,000 nodes as one change where they may be, and one too many not at all, in moments', async () => {
    const nodes = Array.from({ length: 50_000 }, (_, i) => ({ node: `component:default/service-${i}`, kind: 'service', dependsOn: i === 0 ? [] : [`component:default/service-${i - 1 - (i % Math.min(i, 7))}`] }));
    const bounded = setUp(20_000);
    expect(await bounded.graph.put({ nodes }, 'olga', null)).toMatchObject({ status: 'refused', code: 'graph_too_large', detail: 'the graph would have 50000 nodes, at most 20000 are taken; nothing was changed' });
    expect([bounded.rows.size, bounded.store.outbox]).toEqual([0, []]);

    const { graph, rows, store } = setUp(50_000);
    expect(await graph.put({ nodes }, 'olga', null)).toMatchObject({ status: 'done', plan: { given: 50_000, loosened: [] } });
    const sent = store.outbox.length;
    expect(await graph.put({ nodes, prune: true }, 'olga', null)).toMatchObject({ status: 'done', plan: { changes: [] } });
    expect([rows.size, store.outbox.length]).toEqual([50_000, sent]);
    expect(await graph.put({ nodes: [{ node: 'one-more', kind: 'service' }] }, 'olga', null)).toMatchObject({ code: 'graph_too_large' });
  });

  it('goes on where a crash left rows behind their streams', async () => {
    const { graph, rows } = setUp();
    await graph.put({ nodes: pair }, 'olga', null);
    rows.delete('a');
    expect(await graph.put({ nodes: [{ node: 'a', kind: 'service', dependsOn: ['b', 'c'] }] }, 'olga', null)).toMatchObject({ status: 'done' });
    expect(rows.get('a')).toMatchObject({ version: 2, dependsOn: ['b', 'c'] });
    expect((await graph.current()).of('b', 1, 10)).toMatchObject({ radius: { count: 1 } });
  });
});
