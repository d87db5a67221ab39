import { describe, expect, it } from '@jest/globals';
import { validatePutGraphRequest } from '@countersign/contracts';
import { bigCatalogue } from '../bench/big-catalogue.ts';
import { mostDocuments, readCatalogue } from './catalog.ts';
import { documentCount } from './documents.ts';

const entity = (kind: string, name: string, spec: string, metadata = ''): string => `apiVersion: backstage.io/v1alpha1\nkind: ${kind}\nmetadata:\n  name: ${name}\n${metadata}spec: ${spec}\n`;
const component = (name: string, more = ''): string => entity('Component', name, `{ type: service, lifecycle: production, owner: user:sam${more} }`);
const read = (...texts: readonly string[]) => readCatalogue(texts.map((text, i) => ({ name: `${'abc'[i]}.yaml`, text })));
const acme = [
  entity('Component', 'Web', '{ type: service, lifecycle: production, owner: shop, system: store, dependsOn: [resource:orders-db, "component:other/billing"], consumesApis: [payments], subcomponentOf: portal }', `  title: Web shop
  tags: [critical-path, typescript]
  annotations:
    countersign.dev/marks: revenue_path, critical_path
    backstage.io/source-location: url:https://github.com/acme/shop/tree/main/services/web/
`),
  entity('Component', 'billing', "{ type: service, lifecycle: production, owner: 'group:default/shop', providesApis: ['api:default/payments'] }", "  namespace: other\n  annotations: { countersign.dev/paths: 'services/billing/*,libs/money/*' }\n"),
  entity('API', 'payments', '{ type: openapi, lifecycle: production, owner: user:sam, definition: x }'), entity('Resource', 'orders-db', '{ type: database, owner: shop, dependencyOf: [component:portal] }'),
  entity('System', 'store', '{ owner: shop }'), entity('Group', 'shop', '{ type: team, children: [] }'), entity('User', 'sam', '{ memberOf: [shop] }'), component('portal'),
].join('---\n');

describe('a Backstage catalogue', () => {
  it('becomes nodes: references in full, every relation on the side that says it, marks and files from annotations and tags', async () => {
    const { nodes, problems, notes, entities } = await read(acme);
    expect([problems, notes, entities]).toEqual([[], ['1 of kind User left out: no part of the system graph'], 7]);
    expect(nodes.find(({ node }) => node === 'component:default/web')).toEqual({
      node: 'component:default/web', kind: 'service', title: 'Web shop', owner: 'group:default/shop', dependsOn: ['resource:default/orders-db', 'component:other/billing', 'api:default/payments'],
      neededBy: ['system:default/store', 'component:default/portal'], marks: ['revenue_path', 'critical_path'], paths: ['services/web/*'],
    });
    expect(nodes.find(({ node }) => node === 'component:other/billing')).toMatchObject({ neededBy: ['api:default/payments'], paths: ['services/billing/*', 'libs/money/*'] });
    expect(nodes.find(({ node }) => node === 'resource:default/orders-db')).toMatchObject({ kind: 'database', neededBy: ['component:default/portal'] });
    expect(validatePutGraphRequest({ nodes })).toBe(true);
  });

  it.each([
    ['a text', 'just words', 1, /neither a list/], ['no YAML', 'a: 1\nb: [', 2, /./], ['an entity without apiVersion', '# first\n---\nkind: Component\nmetadata: { name: a }\nspec: {}', 3, /apiVersion/],
    ['a name with a space', entity('Component', '"a b"', '{ type: service, lifecycle: x, owner: y }'), 4, /"metadata.name" is not valid/],
    ['a component without an owner', entity('Component', 'a', '\n  type: service\n  lifecycle: production'), 6, /owner/],
    ['a list where a text belongs', entity('Component', 'a', '\n  type: service\n  lifecycle: production\n  owner: user:sam\n  dependsOn:\n    - resource:a\n    - 7'), 11, /dependsOn/],
    ['a reference that is none', component('a', ', dependsOn: ["component:x:y/z"]'), 5, /dependsOn/],
    ['another version of the format', entity('Component', 'a', '{}').replace('v1alpha1', 'v9'), 1, /v9/],
    ['a mark with spaces', entity('Component', 'a', '{ type: service, lifecycle: x, owner: user:sam }', '  annotations: { countersign.dev/marks: very important }\n'), 1, /marks/],
    ['an alias', 'x: &a [1]\ny: *a\n', 1, /alias/i], ['declared twice', `${component('a')}---\n${component('a')}`, 7, /already/],
  ])('that is wrong is refused at its line: %s', async (_, text, line, message) => {
    const { problems, nodes } = await read(text);
    expect(problems).toEqual([{ file: 'a.yaml', line, code: 'catalog_invalid', message: expect.stringMatching(message) }]);
    expect(nodes.length).toBeLessThanOrEqual(1);
  });

  it('names every dangling relation by file and line, or keeps what it names as an unknown node', async () => {
    const texts = [component('a', ',\n  dependsOn: [component:b, component:gone] '), entity('Component', 'b', '{ type: service, lifecycle: x, owner: lost }')];
    expect((await read(...texts)).problems).toEqual([
      { file: 'a.yaml', line: 6, code: 'relation_dangling', message: 'dependsOn names component:default/gone, which is neither here nor in the graph' }, { file: 'b.yaml', line: 5, code: 'relation_dangling', message: 'owner names group:default/lost, which is neither here nor in the graph' },
    ]);
    const files = texts.map((text, i) => ({ name: `${i}`, text }));
    expect((await readCatalogue(files, { known: new Set(['component:default/gone', 'group:default/lost']) })).problems).toEqual([]);
    const kept = await readCatalogue(files, { allowDangling: true });
    expect([kept.problems, kept.nodes.slice(2)]).toEqual([[], ['component:default/gone', 'group:default/lost'].map((node) => ({ node, kind: 'unknown', title: node, owner: null, dependsOn: [], marks: ['unknown'], paths: [] }))]);
  });

  it('of 50,000 entities is refused as too large before any of it is read', async () => {
    const files = [{ name: 'all.yaml', text: bigCatalogue(50_000) }];
    expect(await readCatalogue(files)).toEqual({ nodes: [], notes: [], entities: 0, problems: [{ file: 'all.yaml', line: 1, code: 'graph_too_large', message: expect.stringContaining(`50000 documents, at most ${mostDocuments} are read`) }] });
    // Counted over all files, and each document once, however its file begins.
    const one = component('a');
    expect([documentCount({ name: 'a', text: one }), documentCount({ name: 'a', text: `---\n${one}---\n${one}` })]).toEqual([1, 2]);
    expect((await readCatalogue(Array.from({ length: mostDocuments + 1 }, (_, i) => ({ name: `${i}`, text: one })))).problems).toMatchObject([{ code: 'graph_too_large' }]);
  });

  it('may have cycles, which are said', async () => {
    const { problems, notes } = await read([component('a', ', dependsOn: [b]'), component('b', ', dependsOn: [a]')].join('---\n'));
    expect([problems, notes]).toEqual([[], ['a cycle: component:default/a, component:default/b depend on each other; each is in the blast radius of the others']]);
  });

  it('may as well be plain nodes, with their lines', async () => {
    expect((await read('nodes:\n  - { node: a, kind: service, dependsOn: [b] }\n')).nodes).toEqual([{ node: 'a', kind: 'service', dependsOn: ['b'] }]);
    expect((await read('nodes:\n  - { node: a, kind: service }\n  - { node: b, kind: A Service }\n')).problems).toMatchObject([{ line: 3, code: 'catalog_invalid' }]);
  });
});
