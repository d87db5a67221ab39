import type { PutToolRequest } from '@countersign/contracts';
import { argumentsDigest } from '@countersign/identity';
import { builtInTools } from '@countersign/kernel';
import type { Manage } from './manage.ts';

/** Their names are nobody else's to declare. */
export const isBuiltIn = (tool: string): boolean => Object.hasOwn(builtInTools, tool);

export const putBuiltInTools = async (manage: Manage, known: ReadonlySet<string>, now: number): Promise<void> => {
  for (const [name, one] of Object.entries<PutToolRequest>(builtInTools)) {
    if (known.has(name)) continue;
    const tool = { tool: name, ...one };
    await manage.tool(name, { type: 'put', tool, definition: argumentsDigest(tool), review: null, by: 'registry', now }, 'registry');
  }
};
