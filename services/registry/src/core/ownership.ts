import { accepted, nothingNew, refused } from '@countersign/kernel';
import type { Outcome } from '@countersign/kernel';
import type { Cared, CareEvent } from './care.ts';
import type { AgentProcess } from '@countersign/contracts';
import { gapsText, sameDuties, takenOver } from './raci.ts';
import type { RaciGap, RaciMatrix } from './raci.ts';
import { isHighRisk, tend } from './tend.ts';
import type { Looked } from './tend.ts';

type Suspended = Extract<ReturnType<typeof tend>[number], { type: 'agent.suspended' }>;
export type CareCommand =
  | ({ readonly type: 'tend' } & Looked)
  /** `toActive`: whether `to` is an active person; `operator`: whether `by` is one; both looked up at the edge. */
  | { readonly type: 'offer'; readonly to: string; readonly toActive: boolean; readonly operator: boolean; readonly by: string; readonly reason: string; readonly now: number }
  | { readonly type: 'accept'; readonly by: string; readonly now: number }
  /** `gaps`: stages for which nobody active would answer, looked up at the edge; `operator`: whether `by` is one. */
  | { readonly type: 'raci'; readonly raci: RaciMatrix; /** Left out: as it was. */ readonly process?: AgentProcess | null; readonly gaps: readonly RaciGap[]; readonly operator: boolean; readonly by: string; readonly reason: string; readonly now: number }
  /** What it works in says otherwise who answers. */
  | { readonly type: 'process'; readonly process: AgentProcess; readonly by: string; readonly reason: string; readonly now: number }
  /** `ownerActive` as above; `entitled`: whether `by` may be the second person. */
  | { readonly type: 'recertify'; readonly ownerActive: boolean; readonly entitled: boolean; readonly by: string; readonly reason: string; readonly now: number };
export type CareCode = 'owner_not_active' | 'not_offered' | 'self_transfer' | 'forbidden' | 'second_person_required' | 'conflict' | 'recertification_overdue' | 'raci_gaps';
type Answer = Outcome<CareEvent | Suspended, CareCode>;

const careCommands = new Set<string>(['tend', 'offer', 'accept', 'recertify', 'raci', 'process'] satisfies CareCommand['type'][]);
export const isCareCommand = (command: { readonly type: string }): command is CareCommand => careCommands.has(command.type);
/** The owner's part of a recertification waits this long for the second person's, ms. */
const signedForMs = 7 * 86_400_000;

export const decideCare = (command: CareCommand, agent: Cared): Answer => {
  const { profile: { owner }, care = {} } = agent;
  if (command.type === 'tend') {
    const events = tend(agent, command);
    return events.length === 0 ? nothingNew : accepted(...events);
  }
  if (command.type === 'process') return agent.status === 'decommissioned' || sameProcess(agent.profile.process, command.process) ? nothingNew : accepted({ type: 'agent.raci_changed', raci: agent.profile.raci ?? {}, process: command.process, reason: command.reason, by: command.by, at: command.now });
  if (agent.status === 'decommissioned') return refused('conflict', 'an agent that is decommissioned has no owner to change and nothing to recertify: its end is final');
  const { by, now } = command;
  if (command.type === 'offer') {
    const { to } = command;
    if (!command.operator && by !== owner) return refused('forbidden', 'an operator or the agent\'s owner offers it to somebody');
    if (to === owner) return refused('self_transfer', `${to} owns it already`);
    if (!command.toActive) return refused('owner_not_active', `${to} is not an active person`);
    return care.offer?.to === to ? nothingNew : accepted({ type: 'agent.owner_offered', to, reason: command.reason, by, at: now });
  }
  if (command.type === 'accept') {
    if (by === owner && care.offer === undefined) return nothingNew;
    if (care.offer?.to !== by) return refused('not_offered', `it was not offered to ${by}`);
    const { raci } = agent.profile;
    const answers = care.orphanSince !== undefined && raci !== undefined && { raci: takenOver(raci, owner, by) };
    return accepted({ type: 'agent.reassigned', from: owner, to: by, offeredBy: care.offer.by, ...answers, by, at: now });
  }
  return command.type === 'raci' ? changeRaci(command, agent) : recertify(command, agent);
};

/** Who lives always has somebody who answers, at every stage. */
const changeRaci = ({ raci, process, gaps, operator, by, reason, now }: Extract<CareCommand, { type: 'raci' }>, { status, profile }: Cared): Answer => {
  if (!operator && by !== profile.owner) return refused('forbidden', 'an operator or the agent\'s owner says who answers for it');
  if (status !== 'draft' && gaps.length > 0) return refused('raci_gaps', gapsText(gaps));
  const moves = process !== undefined && !sameProcess(profile.process, process);
  return sameDuties(raci, profile.raci ?? {}) && !moves ? nothingNew : accepted({ type: 'agent.raci_changed', raci, ...(moves && { process }), reason, by, at: now });
};

const sameProcess = (a: AgentProcess | undefined, b: AgentProcess | null): boolean => (a === undefined || b === null ? a === undefined && b === null : a.process === b.process && sameDuties(a.raci, b.raci));

const recertify = ({ ownerActive, entitled, by, reason, now }: Extract<CareCommand, { type: 'recertify' }>, agent: Cared): Answer => {
  const { profile: { owner }, care = {} } = agent;
  if (agent.status === 'draft') return refused('conflict', 'a draft has nothing to recertify: its activation is its first certification');
  if (!ownerActive) return refused('owner_not_active', `its owner ${owner} has left: have somebody take it over first`);
  const done = (second: string | null): Answer => accepted({ type: 'agent.recertified', owner, second, reason, by, at: now });
  const signed = care.signed !== undefined && care.signed.by === owner && now - care.signed.at < signedForMs;
  if (by === owner) {
    if (!isHighRisk(agent)) return done(null);
    return signed ? refused('second_person_required', 'you have signed it; for a high-risk agent somebody else has to look too') : accepted({ type: 'agent.recertification_signed', reason, by, at: now });
  }
  if (!isHighRisk(agent)) return refused('forbidden', `its owner ${owner} recertifies it`);
  if (!signed) return refused('conflict', `its owner ${owner} looks first, then the second person`);
  return entitled ? done(by) : refused('forbidden', 'the second person has the role operator or policy-reviewer');
};

/** Why an agent stays where it is although somebody wants it active again; null where nothing speaks against it. */
export const keptBack = ({ profile: { owner }, care = {} }: Cared): { readonly code: 'owner_not_active' | 'recertification_overdue'; readonly detail: string } | null => {
  if (care.orphanSince !== undefined) return { code: 'owner_not_active', detail: `its owner ${owner} has left: countersign agent reassign, then try again` };
  return care.lapsed === 'recertification_overdue' ? { code: 'recertification_overdue', detail: 'it was suspended because nobody recertified it: countersign agent recertify, then try again' } : null;
};
