import { LineCounter, isCollection, isNode, isScalar, parseDocument, visit } from 'yaml';
import type { Node, Scalar } from 'yaml';

/** Where something is written; line and column from 1. */
export interface Place { readonly line: number; readonly column: number }
export interface YamlDocument {
  /** What it says; undefined where there is a problem. */
  readonly value: unknown;
  readonly problems: readonly (Place & { readonly why: string })[];
  /** The place of `a.b[2].c`, or of the nearest thing around it. `offset` counts characters of the text that stands there. */
  where(path: string, offset?: number): Place;
}

/** Reads one YAML text that people wrote. Anchors, aliases and tags are refused: what a text says stands where it stands. */
export const readYaml = (text: string): YamlDocument => {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, strict: true, uniqueKeys: true, merge: false });
  const at = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { line, column: col };
  };
  const problems = [...document.errors, ...document.warnings].map(({ pos, message }) => ({ ...at(pos[0]), why: message }));
  const refuse = (node: Node, why: string): void => { problems.push({ ...at(node.range?.[0] ?? 0), why }); };
  if (document.errors.length === 0) {
    visit(document, {
      Alias: (_, node) => refuse(node, 'an alias: write the value where it is used'),
      Node: (_, node) => {
        if (node.anchor !== undefined) refuse(node, 'an anchor: write the value where it is used');
        if (node.tag !== undefined) refuse(node, 'a tag: write the plain value');
      },
    });
  }
  return {
    problems, value: problems.length === 0 ? document.toJS({ maxAliasCount: 0 }) as unknown : undefined,
    where: (path, offset) => {
      const node = nearestNode(document.contents, path);
      return at(offset !== undefined && isScalar(node) ? inScalar(text, node, offset) : node?.range?.[0] ?? 0);
    },
  };
};

const nearestNode = (contents: unknown, path: string): Node | undefined => {
  let node = isNode(contents) ? contents : undefined;
  for (const [, index, key] of path.matchAll(/\[(\d+)\]|([^.[\]]+)/g)) {
    const next = isCollection(node) ? node.get(index === undefined ? key : Number(index), true) : undefined;
    if (!isNode(next)) break;
    node = next;
  }
  return node;
};

/** Folding and quoting change white space only, so the n-th visible character of a text is the n-th visible one in the file. */
const inScalar = (text: string, { range, type, value }: Scalar, offset: number): number => {
  if (range == null || typeof value !== 'string') return range?.[0] ?? 0;
  let visible = value.slice(0, offset).replace(/\s/g, '').length;
  const header = type === 'BLOCK_FOLDED' || type === 'BLOCK_LITERAL' ? text.indexOf('\n', range[0]) - range[0] : type?.startsWith('QUOTE') ? 1 : 0;
  for (let at = range[0] + header; at < range[1]; at++) {
    if (/\s/.test(text[at]!)) continue;
    if (visible-- === 0) return at;
  }
  return range[0];
};
