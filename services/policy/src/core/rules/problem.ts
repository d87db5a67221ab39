/** One thing wrong with a bundle. `path` as in `rules[3].when`; `offset` counts characters inside a CEL text. */
export interface Problem { readonly path: string; readonly why: string; readonly rule?: string; readonly offset?: number }
export type Complain = (path: string, why: string, more?: { readonly rule?: string | undefined; readonly offset?: number | undefined }) => void;

const show = ({ path, why, rule }: Problem): string => `${path || 'bundle'}${rule === undefined ? '' : ` (${rule})`}: ${why}`;

const shown = 100;

/** A bundle that cannot be used; the message has one line per problem. */
export class BundleError extends Error {
  readonly problems: readonly Problem[];
  constructor(problems: readonly Problem[], line: (problem: Problem) => string = show) {
    super([...problems.slice(0, shown).map(line), ...(problems.length > shown ? [`and ${problems.length - shown} more`] : [])].join('\n'));
    this.problems = problems;
  }
}

/** Collects problems; `complain` adds one. */
export const collectProblems = (): { readonly problems: Problem[]; readonly complain: Complain } => {
  const problems: Problem[] = [];
  return { problems, complain: (path, why, { rule, offset } = {}) => { problems.push({ path, why, ...(rule !== undefined && { rule }), ...(offset !== undefined && { offset }) }); } };
};
