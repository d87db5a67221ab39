import type { Entity } from '@backstage/catalog-model';
import type { PutGraphRequest } from '@countersign/contracts';
import { isMap } from './documents.ts';
import type { Problem, SourceDocument } from './documents.ts';
import type { Backstage } from './entity.ts';

export type Node = PutGraphRequest['nodes'][number];
/** That an entity names another one, and where it says so. */
export interface Relation { readonly to: string; readonly as: string; readonly file: string; readonly line: number }
export interface ReadNode { readonly node: Node; readonly file: string; readonly line: number; readonly relations: readonly Relation[] }

/** Relations of spec, the kind that a name without one has, and on which side the need is: a system needs its parts, an API whoever provides it. */
const kinds: Readonly<Record<string, { readonly kind: string; readonly side: 'dependsOn' | 'neededBy' }>> = {
  dependsOn: { kind: 'component', side: 'dependsOn' }, consumesApis: { kind: 'api', side: 'dependsOn' },
  dependencyOf: { kind: 'component', side: 'neededBy' }, providesApis: { kind: 'api', side: 'neededBy' }, system: { kind: 'system', side: 'neededBy' }, subcomponentOf: { kind: 'component', side: 'neededBy' },
};
/** Tags, which cannot hold underscores, that stand for marks. */
const tagMarks: Readonly<Record<string, string>> = { 'critical-path': 'critical_path', 'revenue-path': 'revenue_path', 'regulated-data': 'regulated_data' };
const markKeys = ['countersign.dev/marks', 'countersign/marks'], pathKeys = ['countersign.dev/paths', 'countersign/paths'];

const listOf = (text: unknown): string[] => (typeof text === 'string' ? text.split(',').map((one) => one.trim()).filter((one) => one !== '') : []);
const kindOf = (type: unknown, kind: string): string => (typeof type === 'string' && /^[a-z][a-z0-9-]{0,63}$/.test(type) ? type : kind.toLowerCase());
/** `url:https://github.com/acme/shop/tree/main/services/web/` says where its files lie. */
const folderOf = (location: unknown): string[] => {
  const folder = typeof location === 'string' ? /\/(?:tree|blob)\/[^/]+\/(.+?)\/?$/.exec(location)?.[1] : undefined;
  return folder === undefined ? [] : [`${folder}/*`];
};

/** The node that an entity is, with everything it names; what is no reference is a problem at its line. */
export const nodeOf = (entity: Entity, ref: string, { file, line, lineOf }: SourceDocument, { reference }: Backstage): { readonly read: ReadNode; readonly problems: readonly Problem[] } => {
  const { metadata } = entity;
  const spec = isMap(entity.spec) ? entity.spec : {};
  const namespace = metadata.namespace ?? 'default';
  const problems: Problem[] = [], relations: Relation[] = [];
  const named = (text: unknown, as: string, kind: string, path: readonly (string | number)[]): string[] => {
    if (typeof text !== 'string') return [];
    const at = lineOf(path);
    try {
      const to = reference(text, kind, namespace);
      relations.push({ to, as, file, line: at });
      return [to];
    } catch (error) {
      problems.push({ file, line: at, code: 'catalog_invalid', message: `${as}: ${(error as Error).message}` });
      return [];
    }
  };
  const sides = { dependsOn: [] as string[], neededBy: [] as string[] };
  for (const [as, { kind, side }] of Object.entries(kinds)) {
    const value = spec[as];
    if (Array.isArray(value)) value.forEach((one, i) => sides[side].push(...named(one, as, kind, ['spec', as, i])));
    else sides[side].push(...named(value, as, kind, ['spec', as]));
  }
  const [owner = null] = named(spec['owner'], 'owner', 'group', ['spec', 'owner']);
  const { annotations = {}, labels = {}, tags = [] } = metadata;
  return {
    problems,
    read: {
      file, line, relations,
      node: {
        node: ref, kind: kindOf(spec['type'], entity.kind), title: metadata.title ?? metadata.name, owner, dependsOn: sides.dependsOn, neededBy: sides.neededBy,
        marks: [...new Set([...markKeys.flatMap((key) => [...listOf(annotations[key]), ...listOf(labels[key])]), ...tags.flatMap((tag) => tagMarks[tag] ?? [])])],
        paths: [...new Set([...pathKeys.flatMap((key) => listOf(annotations[key])), ...folderOf(annotations['backstage.io/source-location'])])],
      },
    },
  };
};
