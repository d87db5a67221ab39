import { parse } from '@bufbuild/cel';

/** A node of the syntax tree, as the library's parser gives it. */
export type CelTree = NonNullable<ReturnType<typeof parse>['expr']>;

const maxSource = 4_000;

/** Parses CEL. Throws an error that names the place where the text is no CEL or too long. */
export const parseCel = (source: string): CelTree => {
  if (source.length > maxSource) throw new Error(`longer than ${maxSource} characters`);
  const { expr } = parse(source);
  if (expr === undefined) throw new Error('empty expression');
  return expr;
};
