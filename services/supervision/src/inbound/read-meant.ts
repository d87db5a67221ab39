import { readYaml } from '@countersign/service-host/yaml-document';

/** What is wrong, where it is written; line and column from 1. */
export interface Problem { readonly line: number; readonly column: number; readonly path: string; readonly why: string }

const mostProblems = 100;

/** Reads one YAML text and then what it means: everything that is wrong, with its place, or what it says. @param read complains about a path of the value */
export const readMeant = <T>(text: string, read: (value: unknown, complain: (path: string, why: string) => void) => T): { readonly meant: T | undefined; readonly problems: readonly Problem[] } => {
  const { value, problems: unreadable, where } = readYaml(text);
  const problems: Problem[] = [];
  const complain = (place: { readonly line: number; readonly column: number }, path: string, why: string): void => {
    if (problems.length < mostProblems) problems.push({ line: place.line, column: place.column, path: path.slice(0, 200), why: why.slice(0, 500).toWellFormed() });
  };
  for (const problem of unreadable) complain(problem, '', problem.why);
  if (problems.length > 0) return { meant: undefined, problems };
  const meant = read(value, (path, why) => complain(where(path), path, why));
  return { meant: problems.length === 0 ? meant : undefined, problems };
};
