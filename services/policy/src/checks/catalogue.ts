import { builtInTools } from '@countersign/kernel';
import type { Catalogue, CatalogueTool } from './types.ts';

/** A catalogue with the tools that the registry itself puts into every one. */
export const withBuiltIns = (catalogue: Catalogue): Catalogue => {
  const named = new Set(catalogue.map(({ tool }) => tool));
  return [...catalogue, ...Object.entries(builtInTools).filter(([tool]) => !named.has(tool)).map(([tool, declared]): CatalogueTool => ({ ...declared, tool }))];
};
