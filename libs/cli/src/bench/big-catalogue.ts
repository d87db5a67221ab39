const entity = (kind: string, name: string, spec: object, marks = ''): string => JSON.stringify({ apiVersion: 'backstage.io/v1alpha1', kind, metadata: { name, ...(marks !== '' && { annotations: { 'countersign.dev/marks': marks } }) }, spec });

/**
 * Backstage entities as a large company has them, always the same: components that need up to five others, mostly older and near by,
 * resources, APIs, systems, twenty groups, and here and there a cycle. One document each, JSON being YAML.
 */
export const bigCatalogue = (count: number): string => {
  let seed = 11;
  const random = (below: number): number => (seed = (seed * 48_271) % 2_147_483_647) % below;
  const groups = 20, systems = Math.floor(count / 25), apis = Math.floor(count / 20), resources = Math.floor(count / 10);
  const components = count - groups - systems - apis - resources;
  const owner = (): string => `group:team-${random(groups)}`;
  const needs = (i: number): string[] => (i === 0 ? [] : [...new Set(Array.from({ length: random(6) }, () => `component:service-${Math.max(0, i - 1 - random(random(10) === 0 ? i : 200))}`))]);
  return [
    ...Array.from({ length: groups }, (_, i) => entity('Group', `team-${i}`, { type: 'team', children: [] })), ...Array.from({ length: systems }, (_, i) => entity('System', `system-${i}`, { owner: owner() })),
    ...Array.from({ length: apis }, (_, i) => entity('API', `api-${i}`, { type: 'openapi', lifecycle: 'production', owner: owner(), definition: 'x' })),
    ...Array.from({ length: resources }, (_, i) => entity('Resource', `store-${i}`, { type: 'database', owner: owner() }, i % 7 === 0 ? 'regulated_data' : '')),
    ...Array.from({ length: components }, (_, i) => entity('Component', `service-${i}`, {
      type: 'service', lifecycle: 'production', owner: owner(), system: `system-${random(systems)}`, dependsOn: [...needs(i), ...(i % 3 === 0 ? [`resource:store-${random(resources)}`] : []), ...(i % 500 === 1 ? [`component:service-${i + 1}`] : [])].filter((to) => to !== `component:service-${components}`),
      ...(i < apis && { providesApis: [`api-${i}`] }), consumesApis: i % 4 === 0 ? [`api-${random(apis)}`] : [],
    }, i % 40 === 0 ? 'critical_path' : '')),
  ].join('\n---\n');
};
