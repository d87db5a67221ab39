import type { ToolDefinition } from './tool.ts';

/**
 * In which ways a declaration is milder than what the tool's own source claims of it; empty where it is not. Claims may raise strictness
 * and never lower it, so a source that says "read-only" frees nobody from saying so, and one that says "destructive" is believed.
 * A draft claims nothing of its own and has to be the strictest there is.
 */
export const milderThanClaimed = ({ source, consequential, reversible, resultTrust }: ToolDefinition): readonly string[] => {
  if (source === undefined) return [];
  if (source.status === 'draft') return consequential && !reversible && resultTrust === 'third_party' ? [] : ['a draft is consequential and irreversible, and its results are third parties\''];
  const { readOnlyHint, destructiveHint } = source.definition.annotations;
  return [
    ...(readOnlyHint === false && !consequential ? ['its source says that it changes something'] : []),
    ...(destructiveHint === true && readOnlyHint !== true && !consequential ? ['its source says that it destroys something'] : []),
    ...(destructiveHint === true && readOnlyHint !== true && consequential && reversible ? ['its source says that what it does cannot be undone'] : []),
  ];
};
