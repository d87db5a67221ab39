import type { ApprovalView, JsonObject, ToolSnapshot } from '@countersign/contracts';
import { argumentsDigest } from './canonical-json.ts';

/** Members that stand in the binding and beside it: what is shown has to be what is signed. */
const shownTwice = ['tenant', 'run', 'agent', 'action', 'tool', 'arguments', 'tier', 'rules'] as const;

/**
 * Whether the digest a vote signs is that of what is shown here: an approvals service that shows one thing and has another signed is found out.
 * @param definition of the tool as the registry has it now
 */
export const isOfDigest = (approval: ApprovalView, definition: ToolSnapshot['definition']): boolean => {
  const { binding, digest } = approval;
  if (binding === undefined || argumentsDigest(binding) !== digest) return false;
  const { digest: _, ...ask } = approval.ask ?? { digest };
  const same = (a: unknown, b: unknown): boolean => argumentsDigest(a as JsonObject) === argumentsDigest(b as JsonObject);
  return shownTwice.every((name) => same(binding[name], approval[name])) && same(binding['ask'], ask) && approval.ask?.bound?.definition === definition;
};
