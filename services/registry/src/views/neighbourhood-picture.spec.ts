import { describe, expect, it } from '@jest/globals';
import type { GraphNodeView } from '@countersign/contracts';
import { neighbourhoodPicture } from './neighbourhood-picture.ts';

const hostile = '<script>alert(1)</script>" onload="x\u202E';
const neighbour = (node: string, over: object = {}) => ({ node, kind: 'service', title: node, owner: null, marks: [], depth: 1, radius: { count: 0, weight: 0 }, ...over });
const view: GraphNodeView = {
  node: { node: 'component:default/billing', tenant: 'acme', version: 1, kind: 'service', title: hostile, owner: hostile, dependsOn: ['db'], marks: ['critical_path'], paths: [], status: 'live' },
  radius: { count: 341, weight: 400 }, marks: ['critical_path'], owners: [], dependants: [neighbour('web', { marks: ['revenue_path'] }), neighbour('loop')], dependencies: [neighbour('db'), neighbour('loop')], more: { dependants: 340, dependencies: 0 },
  edges: [{ from: 'web', to: 'component:default/billing' }, { from: 'component:default/billing', to: 'db' }, { from: 'loop', to: 'component:default/billing' }, { from: 'component:default/billing', to: 'loop' }, { from: 'loop', to: 'loop' }],
};

describe('the picture of a neighbourhood', () => {
  it('shows each node once, layered, with its marks, and says what is left out', async () => {
    const svg = await neighbourhoodPicture(view);
    expect(svg.match(/<g><title>/g)).toHaveLength(4);
    expect(svg.match(/<path class="edge"/g)).toHaveLength(4);
    expect(svg).toContain('and 340 more that depend on it');
    for (const mark of ['critical path', 'revenue path']) expect(svg).toContain(`>${mark}</text>`);
    const placeOf = (name: string): number => Number(new RegExp(`x="([\\d.]+)" y="[\\d.]+">${name}</text>`).exec(svg)![1]);
    expect(placeOf('web')).toBeLessThan(placeOf('db'));
  });

  it('obeys nothing that strangers wrote', async () => {
    const svg = await neighbourhoodPicture(view);
    expect(svg).not.toContain('<script');
    expect(svg).not.toContain('\u202E');
    expect(svg).not.toMatch(/"[^"<>]*" onload=/);
  });
});
