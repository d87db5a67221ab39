import { nearestNode } from '@countersign/service-host/yaml-place';
import { LineCounter, isScalar, parseDocument, visit } from 'yaml';
import type { Scalar } from 'yaml';
import type { Complain } from '../core/rules/problem.ts';

/** Where something is written; line and column from 1. */
export interface Place { readonly file: string; readonly line: number; readonly column: number }
export interface BundleDocument {
  readonly value: unknown;
  /** The place of `a.b[2].c`, or of the nearest thing around it. `offset` counts characters of the text that stands there. */
  where(path: string, offset?: number): Place;
}

/** Reads one YAML file of a bundle. Anchors, aliases and tags are refused: what a rule says stands where it stands. */
export const readDocument = (file: string, text: string, complain: Complain): BundleDocument => {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, strict: true, uniqueKeys: true, merge: false });
  const at = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { file, line, column: col };
  };
  let sound = true;
  const say = (offset: number, why: string): void => {
    const { line, column } = at(offset);
    sound = false;
    complain(`${file}:${line}:${column}`, why);
  };
  for (const { pos, message } of [...document.errors, ...document.warnings]) say(pos[0], message);
  if (document.errors.length === 0) {
    visit(document, {
      Alias: (_, node) => say(node.range?.[0] ?? 0, 'an alias: write the value where it is used'),
      Node: (_, node) => {
        if (node.anchor !== undefined) say(node.range?.[0] ?? 0, 'an anchor: write the value where it is used');
        if (node.tag !== undefined) say(node.range?.[0] ?? 0, 'a tag: write the plain value');
      },
    });
  }
  return {
    value: sound ? document.toJS({ maxAliasCount: 0 }) as unknown : undefined,
    where: (path, offset) => {
      const node = nearestNode(document.contents, path);
      const start = node?.range?.[0] ?? 0;
      return at(offset !== undefined && isScalar(node) ? inScalar(text, node, offset) : start);
    },
  };
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
