import type { ApprovalView } from '@countersign/contracts';
import { id, inert, inertArguments } from './inert.ts';

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
