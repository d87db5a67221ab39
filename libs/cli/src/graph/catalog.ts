import type { PutGraphRequest } from '@countersign/contracts';
import { parseAllDocuments } from 'yaml';
import { CannotRun } from '../errors.ts';

type Node = PutGraphRequest['nodes'][number];
type Fields = Readonly<Record<string, unknown>>;
const isMap = (value: unknown): value is Fields => typeof value === 'object' && value !== null && !Array.isArray(value);
const textsOf = (value: unknown): string[] => (Array.isArray(value) ? value : []).filter((one): one is string => typeof one === 'string');
const parts = (value: unknown): string[] => (typeof value === 'string' ? value.split(',').map((one) => one.trim()).filter((one) => one !== '') : []);

/**
 * Nodes of a YAML file: either `nodes:` as the registry takes them, or Backstage entities (catalog-info.yaml, several documents).
 * Of an entity count kind, name, namespace, spec.type, owner, dependsOn, consumesApis and providesApis, the annotations
 * `countersign/marks` and `countersign/paths` (both with commas), and the folder in `backstage.io/source-location`.
 */
export const nodesIn = (text: string, file: string): readonly Node[] => {
  const documents = parseAllDocuments(text, { maxAliasCount: 0 } as never);
  const nodes: Node[] = [];
  const provided: { readonly api: string; readonly by: string }[] = [];
  for (const document of documents) {
    if (document.errors.length > 0) throw new CannotRun(`${file}: ${document.errors[0]!.message.split('\n')[0]}`);
    const value = document.toJS({ maxAliasCount: 0 }) as unknown;
    if (value === null) continue;
    if (!isMap(value)) throw new CannotRun(`${file}: neither a list under nodes: nor a Backstage entity`);
    if (Array.isArray(value['nodes'])) nodes.push(...value['nodes'] as Node[]);
    else nodes.push(entity(value, file, provided));
  }
  // Who provides an API is what the API needs to work.
  return nodes.map((node) => ({ ...node, dependsOn: [...(node.dependsOn ?? []), ...provided.filter(({ api }) => api === node.node).map(({ by }) => by)] }));
};

const entity = (value: Fields, file: string, provided: { readonly api: string; readonly by: string }[]): Node => {
  const { kind, metadata, spec = {} } = value;
  if (typeof kind !== 'string' || !isMap(metadata) || typeof metadata['name'] !== 'string' || !isMap(spec)) throw new CannotRun(`${file}: an entity needs kind, metadata.name and spec`);
  const namespace = typeof metadata['namespace'] === 'string' ? metadata['namespace'] : 'default';
  const node = reference(`${kind}:${namespace}/${metadata['name']}`, kind, namespace);
  const annotations = isMap(metadata['annotations']) ? metadata['annotations'] : {};
  for (const api of textsOf(spec['providesApis'])) provided.push({ api: reference(api, 'api', namespace), by: node });
  return {
    node, kind: kindOf(spec['type'], kind), title: String(metadata['title'] ?? metadata['name']), owner: typeof spec['owner'] === 'string' ? reference(spec['owner'], 'group', namespace) : null,
    dependsOn: [...textsOf(spec['dependsOn']).map((one) => reference(one, 'component', namespace)), ...textsOf(spec['consumesApis']).map((one) => reference(one, 'api', namespace))],
    marks: parts(annotations['countersign/marks']), paths: [...parts(annotations['countersign/paths']), ...folderOf(annotations['backstage.io/source-location'])],
  };
};

/** `Component:default/web`, `component:web` and `web` are the same: `component:web`. */
const reference = (text: string, kind: string, namespace: string): string => {
  const [, ofKind = kind, ofNamespace = namespace, name] = /^(?:([^:/]+):)?(?:([^:/]+)\/)?(.+)$/.exec(text)!;
  return `${ofKind.toLowerCase()}:${ofNamespace === 'default' ? '' : `${ofNamespace.toLowerCase()}/`}${name!.toLowerCase()}`;
};

const kindOf = (type: unknown, kind: string): string => (typeof type === 'string' && /^[a-z][a-z0-9-]{0,63}$/.test(type) ? type : kind.toLowerCase());

/** `url:https://github.com/acme/shop/tree/main/services/web/` says where its files lie. */
const folderOf = (location: unknown): string[] => {
  const folder = typeof location === 'string' ? /\/(?:tree|blob)\/[^/]+\/(.+?)\/?$/.exec(location)?.[1] : undefined;
  return folder === undefined ? [] : [`${folder}/*`];
};
