import { validatePutGraphRequest } from '@countersign/contracts';
import { circles } from '@countersign/kernel';
import { documentCount, documentsIn } from './documents.ts';
import type { Problem, SourceDocument, SourceFile } from './documents.ts';
import { loadBackstage } from './entity.ts';
import { nodeOf } from './relations.ts';
import type { Node, ReadNode, Relation } from './relations.ts';

export interface Catalogue { readonly nodes: readonly Node[]; readonly problems: readonly Problem[]; readonly notes: readonly string[]; readonly entities: number }
export interface ReadOptions {
  /** Nodes that are in the graph already and stay in it. */
  readonly known?: ReadonlySet<string>;
  /** What relations name and nobody knows becomes a node of kind and mark `unknown`. */
  readonly allowDangling?: boolean;
}

/** Twice as many as nodes are taken: users and other kinds are no part of the graph. More are not read at all. */
export const mostDocuments = 40_000;
const circlesTold = 10, kindsIgnored = 'no part of the system graph';

/** Nodes of catalogue files: Backstage entities (catalog-info.yaml, several documents), or `nodes:` as the registry takes them. Nodes with problems are left out. */
export const readCatalogue = async (files: readonly SourceFile[], { known = new Set(), allowDangling = false }: ReadOptions = {}): Promise<Catalogue> => {
  const documents = files.reduce((sum, file) => sum + documentCount(file), 0);
  if (documents > mostDocuments) return { nodes: [], notes: [], entities: 0, problems: [{ file: files[0]!.name, line: 1, code: 'graph_too_large', message: `${documents} documents, at most ${mostDocuments} are read: import the parts that agents can reach` }] };
  const backstage = await loadBackstage();
  const problems: Problem[] = [], ignored = new Map<string, number>();
  const found = new Map<string, ReadNode>();
  const add = (read: ReadNode): void => {
    const twin = found.get(read.node.node);
    const fault = twin === undefined ? faultOf(read.node) : `${read.node.node} is declared at ${twin.file}:${twin.line} already`;
    if (fault === null) found.set(read.node.node, read);
    else problems.push({ file: read.file, line: read.line, code: 'catalog_invalid', message: fault });
  };
  let entities = 0;
  for (const file of files) {
    const read = documentsIn(file);
    problems.push(...read.problems);
    for (const document of read.documents) {
      if (Array.isArray(document.value['nodes'])) { plainNodes(document).forEach(add); continue; }
      const said = await backstage.read(document);
      if (said.status === 'wrong') problems.push({ file: file.name, line: said.line, code: 'catalog_invalid', message: said.message });
      else if (said.status === 'ignored') ignored.set(said.kind, (ignored.get(said.kind) ?? 0) + 1);
      else {
        entities++;
        const made = nodeOf(said.entity, said.ref, document, backstage);
        problems.push(...made.problems);
        if (made.problems.length === 0) add(made.read);
      }
    }
  }
  // Users are people, who are enrolled; Backstage's are not imported.
  const dangling = [...found.values()].flatMap(({ relations }) => relations).filter(({ to }) => !found.has(to) && !known.has(to) && !to.startsWith('user:'));
  if (!allowDangling) problems.push(...dangling.map(({ to, as, file, line }): Problem => ({ file, line, code: 'relation_dangling', message: `${as} names ${to}, which is neither here nor in the graph` })));
  const nodes = [...found.values()].map(({ node }) => node);
  return { nodes: allowDangling ? [...nodes, ...unknownNodes(dangling)] : nodes, problems: problems.sort((a, b) => (a.file === b.file ? a.line - b.line : a.file < b.file ? -1 : 1)), notes: [...ignoredNotes(ignored), ...circleNotes(nodes)], entities };
};

const plainNodes = (document: SourceDocument): ReadNode[] => (document.value['nodes'] as Node[]).map((node, i) => ({ node, file: document.file, line: document.lineOf(['nodes', i]), relations: [] }));
const unknownNodes = (relations: readonly Relation[]): Node[] => [...new Set(relations.map(({ to }) => to))].sort().map((node) => ({ node, kind: 'unknown', title: node, owner: null, dependsOn: [], marks: ['unknown'], paths: [] }));

/** What the registry would refuse of one node, in words. */
const faultOf = (node: Node): string | null => {
  if (validatePutGraphRequest({ nodes: [node] })) return null;
  const error = validatePutGraphRequest.errors?.[0];
  return `${typeof node?.node === 'string' ? node.node : 'a node'}: ${error?.instancePath.replace('/nodes/0/', '') ?? ''} ${error?.message ?? 'does not fit'}`;
};

const ignoredNotes = (ignored: ReadonlyMap<string, number>): string[] => [...ignored].map(([kind, count]) => `${count} of kind ${kind} left out: ${kindsIgnored}`);
const circleNotes = (nodes: readonly Node[]): string[] => {
  const all = circles(nodes.map(({ node, dependsOn = [], neededBy = [], marks = [] }) => ({ node, dependsOn, neededBy, marks })));
  const told = all.slice(0, circlesTold).map((circle) => `a cycle: ${circle.slice(0, 8).join(', ')}${circle.length > 8 ? ` and ${circle.length - 8} more` : ''} depend on each other; each is in the blast radius of the others`);
  return all.length > circlesTold ? [...told, `${all.length - circlesTold} more cycles`] : told;
};
