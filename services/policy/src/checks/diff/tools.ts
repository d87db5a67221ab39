import type { BundleSpec } from '../../core/rules/bundle.ts';
import { linesOf } from '../../core/rules/matrix-shape.ts';
import type { Catalogue } from '../types.ts';

/** Stands for the rest of a name in `payments.…`: any tool that begins so and that the catalogue does not have. */
export const anyName = '…';

/** Tools that the patterns of two versions mean and the catalogue does not have: one per name, and one per beginning. */
export const otherTools = (old: BundleSpec, next: BundleSpec, catalogue: Catalogue): string[] => {
  const declared = new Set(catalogue.map(({ tool }) => tool));
  const patterns = [old, next].flatMap(({ permit, neverAutomate = [], rules, matrix = {} }) => [...permit, ...neverAutomate, ...rules.flatMap(({ tools }) => tools), ...Object.values(matrix).flatMap((lines) => linesOf(lines).flatMap(({ tools = [] }) => tools))]);
  return [...new Set(patterns.map((pattern) => (pattern.endsWith('*') ? `${pattern.slice(0, -1)}${anyName}` : pattern)))].filter((name) => !declared.has(name)).sort();
};
