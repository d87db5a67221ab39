import { LineCounter, parseAllDocuments } from 'yaml';

export type Fields = Readonly<Record<string, unknown>>;
export const isMap = (value: unknown): value is Fields => typeof value === 'object' && value !== null && !Array.isArray(value);

/** Codes: contracts/errors.yaml. Lines count from 1. */
export interface Problem { readonly file: string; readonly line: number; readonly code: 'catalog_invalid' | 'relation_dangling' | 'graph_too_large'; readonly message: string }
export interface SourceFile { readonly name: string; readonly text: string }
export interface SourceDocument { readonly file: string; readonly line: number; readonly value: Fields; /** Where a member stands, or else what holds it. */ lineOf(path: readonly (string | number)[]): number }

/** How many documents there are in a file, told by their marks alone: far quicker than reading them. */
export const documentCount = ({ text }: SourceFile): number => (text.match(/^---/gm)?.length ?? 0) + (text.startsWith('---') ? 0 : 1);

/** The documents of a YAML file with their lines; what is no map, or no YAML, is a problem. Aliases are refused: a few of them make a file that never ends. */
export const documentsIn = ({ name, text }: SourceFile): { readonly documents: readonly SourceDocument[]; readonly problems: readonly Problem[] } => {
  const lines = new LineCounter();
  const problems: Problem[] = [];
  const documents = parseAllDocuments(text, { lineCounter: lines, prettyErrors: false }).flatMap((document): SourceDocument[] => {
    const lineAt = (offset: number | undefined): number => (offset === undefined ? 1 : lines.linePos(offset).line);
    const wrong = (line: number, message: string): [] => { problems.push({ file: name, line, code: 'catalog_invalid', message }); return []; };
    const [fault] = document.errors;
    if (fault !== undefined) return wrong(lineAt(fault.pos[0]), fault.message.split('\n')[0]!);
    const line = lineAt(document.contents?.range?.[0]);
    let value: unknown;
    try {
      value = document.toJS({ maxAliasCount: 0 });
    } catch (error) {
      return wrong(line, (error as Error).message);
    }
    if (value === null || value === undefined) return [];
    if (!isMap(value)) return wrong(line, 'neither a list under nodes: nor a Backstage entity');
    const lineOf: SourceDocument['lineOf'] = (path) => {
      for (let length = path.length; length > 0; length--) {
        const found = document.getIn(path.slice(0, length), true) as { readonly range?: readonly number[] } | undefined;
        if (found?.range !== undefined) return lineAt(found.range[0]);
      }
      return line;
    };
    return [{ file: name, line, value, lineOf }];
  });
  return { documents, problems };
};
