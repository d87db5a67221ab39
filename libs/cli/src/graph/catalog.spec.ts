import { describe, expect, it } from '@jest/globals';
import { validatePutGraphRequest } from '@countersign/contracts';
import { nodesIn } from './catalog.ts';

const catalogue = `
apiVersion: backstage.io/v1alpha1
kind: Component
metadata:
  name: Web
  annotations:
    countersign/marks: revenue_path, critical_path
    backstage.io/source-location: url:https://github.com/acme/shop/tree/main/services/web/
spec: { type: service, owner: shop, dependsOn: [resource:orders-db, component:other/billing], consumesApis: [payments] }
---
kind: API
metadata: { name: payments, namespace: default }
spec: { type: openapi, owner: user:sam }
---
kind: Component
metadata: { name: billing, namespace: other, annotations: { countersign/paths: 'services/billing/*,libs/money/*' } }
spec: { type: service, providesApis: ['api:default/payments'] }
`;

describe('a Backstage catalogue', () => {
  it('becomes nodes: names made equal, APIs need who provides them, files from the source location', () => {
    const nodes = nodesIn(catalogue, 'catalog-info.yaml');
    expect(nodes).toEqual([
      { node: 'component:web', kind: 'service', title: 'Web', owner: 'group:shop', dependsOn: ['resource:orders-db', 'component:other/billing', 'api:payments'], marks: ['revenue_path', 'critical_path'], paths: ['services/web/*'] },
      { node: 'api:payments', kind: 'openapi', title: 'payments', owner: 'user:sam', dependsOn: ['component:other/billing'], marks: [], paths: [] },
      { node: 'component:other/billing', kind: 'service', title: 'billing', owner: null, dependsOn: [], marks: [], paths: ['services/billing/*', 'libs/money/*'] },
    ]);
    expect(validatePutGraphRequest({ nodes })).toBe(true);
  });

  it.each([['a text', 'just words'], ['an entity without a name', 'kind: Component\nmetadata: {}\nspec: {}'], ['no YAML', 'a: [']])('that is %s is refused with its file', (_, text) => expect(() => nodesIn(text, 'x.yaml')).toThrow(/^x\.yaml: /));
  it('may as well be plain nodes', () => expect(nodesIn('nodes: [{ node: a, kind: service, dependsOn: [b] }]', 'x')).toEqual([{ node: 'a', kind: 'service', dependsOn: ['b'] }]));
});
