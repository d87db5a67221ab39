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

/** Parses CEL. Throws a CelProblem that names the place where the text is no CEL or too long. */
export const parseCel = (source: string): CelTree => {
  if (source.length > maxSource) throw new CelProblem(`longer than ${maxSource} characters`);
  try {
    const { expr } = parse(source);
    if (expr !== undefined) return expr;
  } catch (error) {
    const { message, location } = error as { message: string; location?: { start?: { offset?: number } } };
    throw new CelProblem(message.replace('<input>:', 'at '), location?.start?.offset);
  }
  throw new CelProblem('empty expression', 0);
};
