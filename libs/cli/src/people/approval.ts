import type { ApprovalEvidence, ApprovalView } from '@countersign/contracts';
import { moneyText, visibleJson } from '@countersign/kernel';
import { id, inert, inertArguments } from './inert.ts';

const minutes = (ms: number): string => (ms <= 0 ? 'expired' : ms < 60_000 ? `expires in ${Math.ceil(ms / 1000)} s` : `expires in ${Math.round(ms / 60_000)} min`);

/** `1 of 2: security 1 of 1 (security), owner 0 of 1 (paul)`. */
const progress = ({ progress: of, quorum, route, votes }: ApprovalView): string => (of === undefined || of.factors.length === 1
  ? `${of?.have ?? votes.filter(({ vote }) => vote === 'approve').length} of ${of?.need ?? quorum} (${[...of?.factors[0]?.roles ?? route, ...of?.factors[0]?.people ?? []].map(id).join(' or ')})`
  : `${of.have} of ${of.need}: ${of.factors.map(({ name, have, need, roles, people }) => `${id(name)} ${have} of ${need} (${[...roles, ...people].map(id).join(' or ')})`).join(', ')}`);

/** Who told the agent to do what. */
const instructed = ({ instruction, ask }: ApprovalView): string => {
  if (instruction === undefined) return '';
  const by = instruction.by ?? ask?.bound?.instructedBy ?? null;
  return `, instructed${by === null ? ' (signed by nobody)' : ` by ${id(by)}`}: ${instruction.text === null ? 'more than fits here' : inert(instruction.text, Infinity)}`;
};

const aim = ({ cost, target = [] }: ApprovalView): string => `${cost == null ? '' : `  ${moneyText(cost)}`}${target.length === 0 ? '' : `  ${cost == null ? 'at' : 'to'} ${target.slice(0, 3).map((one) => inert(one)).join(', ')}${target.length > 3 ? ` and ${target.length - 3} more` : ''}`}`;

/** What an approver has to see: who, what with which arguments, how much and at whom, why the agent wants it, why people are asked, and for how long. */
export const approvalLines = (approval: ApprovalView, now: number): readonly string[] => [
  `${id(approval.approval)}  tier ${approval.tier}  ${approval.status === 'open' ? minutes(approval.expiresAt - now) : id(approval.resolution)}  ${progress(approval)}; not ${approval.requesters.map(id).join(', ')}`,
  `  who   ${id(approval.agent)}, run ${id(approval.run)}${instructed(approval)}`,
  `  what  ${id(approval.tool)}${aim(approval)}  ${inertArguments(approval.arguments)}`,
  ...(approval.changes ?? []).map(({ path, rules, after }) => `  rules changed ${inert(path)} to ${after === undefined ? 'nothing' : visibleJson(after)} (${rules.map(id).join(', ')})`),
  `  why   ${approval.reason === null ? 'the agent gave no reason' : `the agent says: ${inert(approval.reason, Infinity)}`}`,
  ...(approval.ask?.short !== undefined && approval.status === 'open' ? [`  !     too few people can decide this (${approval.ask.short.map(id).join(', ')}): countersign attention says what can be done`] : []),
  ...approval.rules.filter(({ tier }) => (tier ?? 0) >= 3).map((rule) => `  rule  ${id(rule.id)}: ${inert(rule.reason).slice(1, -1)}`),
];

/** What the service put together for whoever decides, whole: what would change, how the agent fared, what was found of it, what the decision rests on. */
const evidenceLines = ({ current, cost, level, agentRecord, facts, failed, proposed, editedBy }: ApprovalEvidence): readonly string[] => [
  ...(proposed === undefined ? [] : [`  first ${inertArguments(proposed)}${editedBy === undefined ? '' : `, changed by ${id(editedBy)}`}`]),
  ...(current === undefined ? [] : current.why !== null ? [`  now   nobody knows: ${inert(current.why, Infinity)}`] : current.changes.map(({ name, before, after }) => `  now   ${id(name)} is ${before === undefined ? 'nothing' : visibleJson(before)}, and would be ${visibleJson(after)}`)),
  ...(cost === null ? [] : [`  cost  ${moneyText(cost)}`]),
  `  agent ${level === 'normal' ? 'behaves as usual' : `behaves unlike itself (${id(level)})`}${agentRecord.outcomes.length === 0 ? '' : `; last ${agentRecord.outcomes.map(({ tool, status }) => `${id(tool)} ${id(status)}`).join(', ')}`}`,
  ...agentRecord.findings.map(({ severity, explanation }) => `  found ${id(severity)}: ${inert(explanation, Infinity)}`),
  ...[...Map.groupBy(Object.entries(facts), ([, { origin }]) => origin)].map(([origin, of]) => `  facts ${origin}: ${of.map(([name, { value }]) => `${id(name)} ${visibleJson(value)}`).join(', ')}`),
  ...(failed.length === 0 ? [] : [`  facts not known: ${failed.map(id).join(', ')}`]),
];

/** One request with everything that a vote on it signs. */
export const wholeLines = (approval: ApprovalView, now: number): readonly string[] => [...approvalLines(approval, now), ...(approval.evidence === undefined ? [] : evidenceLines(approval.evidence))];

/** What became of a vote that was cast now, or counted before. */
export const answerLines = (after: ApprovalView, vote: string): readonly string[] => {
  const standing = after.status === 'open' ? 'still open' : id(after.resolution);
  if (after.you?.counted === 'before') return [`You said ${vote.replace('_', ' ')} before, and this is ${standing}: nothing was changed`];
  if (vote === 'break_glass' && after.glass === undefined && after.status === 'open') return [`You are one of ${after.ask?.breakGlass?.count ?? 2} who have to break the glass, with own keys: nothing goes ahead yet. The quorum may still be reached.`];
  if (vote === 'break_glass' && after.glass !== undefined) return glassLines(after.approval, after.glass);
  if (after.status === 'open') return ['Your vote counts; more are needed.'];
  return after.resolution === 'approved' ? ['Approved. Policy decides again with it.'] : [`Resolved: ${id(after.resolution)}. The agent is told no.`];
};

const glassLines = (approval: string, { people, skipped = [], reviewDue }: NonNullable<ApprovalView['glass']>): readonly string[] => [
  `The glass is broken: ${people.map(id).join(' and ')} go ahead without the quorum. Policy decides again with it.`,
  ...(skipped.length === 0 ? [] : [`Left out, and told: ${skipped.map((one) => `${one.missing} of ${[...one.roles, ...one.people].map(id).join(' or ')}`).join(', ')}.`]),
  `Somebody who had no part in it has to review that${reviewDue === undefined ? '' : ` by ${new Date(reviewDue).toISOString()}`}, and nobody breaks the glass again before: countersign review-glass ${id(approval)} --verdict right|wrong --reason TEXT --as REVIEWER`,
];
