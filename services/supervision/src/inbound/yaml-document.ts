import { nearestNode } from '@countersign/service-host/yaml-place';
import { LineCounter, parseDocument, visit } from 'yaml';

/** What is wrong, where it is written; line and column from 1. */
export interface Problem { readonly line: number; readonly column: number; readonly path: string; readonly why: string }
export interface YamlDocument { readonly value: unknown; readonly complain: (path: string, why: string) => void; readonly problems: readonly Problem[] }

const mostProblems = 100;

/** Reads one YAML text that people wrote. Anchors, aliases and tags are refused: what a step says stands where it stands. */
export const readYaml = (text: string): YamlDocument => {
  const lines = new LineCounter(), problems: Problem[] = [];
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, strict: true, uniqueKeys: true, merge: false });
  const say = (offset: number, path: string, why: string): void => {
    const { line, col } = lines.linePos(offset);
    if (problems.length < mostProblems) problems.push({ line, column: col, path: path.slice(0, 200), why: why.slice(0, 500).toWellFormed() });
  };
  for (const { pos, message } of [...document.errors, ...document.warnings]) say(pos[0], '', message);
  visit(document, {
    Alias: (_, node) => say(node.range?.[0] ?? 0, '', 'an alias: write the value where it is used'),
    Node: (_, node) => { if (node.anchor !== undefined || node.tag !== undefined) say(node.range?.[0] ?? 0, '', 'an anchor or a tag: write the plain value'); },
  });
  return {
    problems, value: problems.length === 0 ? document.toJS({ maxAliasCount: 0 }) as unknown : undefined,
    complain: (path, why) => say(nearestNode(document.contents, path)?.range?.[0] ?? 0, path, why),
  };
};
