import type { ApprovalView, ToolSnapshot } from '@countersign/contracts';
import { argumentsDigest } from '@countersign/identity';
import { id, inert, inertArguments } from './inert.ts';

/**
 * Whether the digest a vote signs is that of what is shown here: an approvals service that shows one thing and has another signed is found out.
 * @param definition of the tool as the registry has it now
 */
export const isOfDigest = (approval: ApprovalView, definition: ToolSnapshot['definition']): boolean =>
  argumentsDigest({ tenant: approval.tenant, run: approval.run, agent: approval.agent, action: approval.action, tool: approval.tool, definition, arguments: approval.arguments }) === approval.digest;

const minutes = (ms: number): string => (ms <= 0 ? 'expired' : ms < 60_000 ? `expires in ${Math.ceil(ms / 1000)} s` : `expires in ${Math.round(ms / 60_000)} min`);

/** What an approver has to see: who, what with which arguments, why the agent wants it, why people are asked, and for how long. */
export const approvalLines = (approval: ApprovalView, now: number, instruction?: string): readonly string[] => [
  `${id(approval.approval)}  tier ${approval.tier}  ${approval.status === 'open' ? minutes(approval.expiresAt - now) : id(approval.resolution)}  ${approval.votes.filter(({ vote }) => vote === 'approve').length} of ${approval.quorum} (${approval.route.map(id).join(' or ')}; not ${approval.requesters.map(id).join(', ')})`,
  `  who   ${id(approval.agent)}, run ${id(approval.run)}${instruction === undefined ? '' : `, instructed: ${inert(instruction)}`}`,
  `  what  ${id(approval.tool)}  ${inertArguments(approval.arguments)}`,
  ...(approval.changes ?? []).map(({ path, rules, after }) => `  rules changed ${inert(path)} to ${after === undefined ? 'nothing' : inert(JSON.stringify(after), 200)} (${rules.map(id).join(', ')})`),
  `  why   ${approval.reason === null ? 'the agent gave no reason' : `the agent says: ${inert(approval.reason)}`}`,
  ...approval.rules.filter(({ tier }) => (tier ?? 0) >= 3).map((rule) => `  rule  ${id(rule.id)}: ${inert(rule.reason).slice(1, -1)}`),
];
