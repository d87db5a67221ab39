import type { ApprovalView, JsonObject, ToolSnapshot } from '@countersign/contracts';
import { argumentsDigest } from '@countersign/identity';
import { id, inert, inertArguments } from './inert.ts';

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

const minutes = (ms: number): string => (ms <= 0 ? 'expired' : ms < 60_000 ? `expires in ${Math.ceil(ms / 1000)} s` : `expires in ${Math.round(ms / 60_000)} min`);

/** `1 of 2: security 1 of 1 (security), owner 0 of 1 (paul)`. */
const progress = ({ progress: of, quorum, route, votes }: ApprovalView): string => (of === undefined || of.factors.length === 1
  ? `${of?.have ?? votes.filter(({ vote }) => vote === 'approve').length} of ${of?.need ?? quorum} (${[...of?.factors[0]?.roles ?? route, ...of?.factors[0]?.people ?? []].map(id).join(' or ')})`
  : `${of.have} of ${of.need}: ${of.factors.map(({ name, have, need, roles, people }) => `${id(name)} ${have} of ${need} (${[...roles, ...people].map(id).join(' or ')})`).join(', ')}`);

/** What an approver has to see: who, what with which arguments, why the agent wants it, why people are asked, and for how long. */
export const approvalLines = (approval: ApprovalView, now: number, instruction?: string): readonly string[] => [
  `${id(approval.approval)}  tier ${approval.tier}  ${approval.status === 'open' ? minutes(approval.expiresAt - now) : id(approval.resolution)}  ${progress(approval)}; not ${approval.requesters.map(id).join(', ')}`,
  `  who   ${id(approval.agent)}, run ${id(approval.run)}${instruction === undefined ? '' : `, instructed: ${inert(instruction)}`}`,
  `  what  ${id(approval.tool)}  ${inertArguments(approval.arguments)}`,
  ...(approval.changes ?? []).map(({ path, rules, after }) => `  rules changed ${inert(path)} to ${after === undefined ? 'nothing' : inert(JSON.stringify(after), 200)} (${rules.map(id).join(', ')})`),
  `  why   ${approval.reason === null ? 'the agent gave no reason' : `the agent says: ${inert(approval.reason)}`}`,
  ...approval.rules.filter(({ tier }) => (tier ?? 0) >= 3).map((rule) => `  rule  ${id(rule.id)}: ${inert(rule.reason).slice(1, -1)}`),
];
