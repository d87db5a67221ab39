import { parse } from '@bufbuild/cel';

/** A node of the syntax tree, as the library's parser gives it. */
export type CelTree = NonNullable<ReturnType<typeof parse>['expr']>;

const maxSource = 4_000;

/** What is wrong with a CEL text; `offset` counts its characters, undefined where the whole is meant. */
export class CelProblem extends Error {
  readonly offset: number | undefined;
  constructor(why: string, offset?: number) {
    super(why);
    this.offset = offset;
  }
}

const positions = new WeakMap<CelTree, Readonly<Record<string, number>>>();

/** Where a node of a parsed tree begins in its text. */
export const offsetOf = (root: CelTree, node: CelTree): number | undefined => positions.get(root)?.[String(node.id)];

/** Parses CEL. Throws a CelProblem that names the place where the text is no CEL or too long. */
export const parseCel = (source: string): CelTree => {
  if (source.length > maxSource) throw new CelProblem(`longer than ${maxSource} characters`);
  try {
    const { expr, sourceInfo } = parse(source);
    if (expr !== undefined) {
      positions.set(expr, sourceInfo?.positions ?? {});
      return expr;
    }
  } catch (error) {
    const { message, location } = error as { message: string; location?: { start?: { offset?: number } } };
    throw new CelProblem(message.replace('<input>:', 'at '), location?.start?.offset);
  }
  throw new CelProblem('empty expression', 0);
};
