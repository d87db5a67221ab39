import { accepted, assertNever, ineligible, notCovered, nothingNew, overCaps, refused } from '@countersign/kernel';
import type { Decider, PreApprovalTerms, PreApprovalUse } from '@countersign/kernel';
import type { ApprovalCommand } from './commands.ts';
import { approvalDecider } from './decider.ts';
import type { ApprovalEvent, Question, Speaker } from './events.ts';
import { initialState } from './state.ts';

/** Somebody who agreed beforehand, by their own signature under the terms. */
export interface Signer { readonly person: string; readonly jws: string; readonly reason: string; /** Epoch ms: when it came here, and when they say that they signed. */ readonly at: number; readonly agreedAt: number }
/** One action that went through by it. */
export interface Use extends PreApprovalUse { readonly approval: string; readonly at: number }
export type PreApproval =
  | { readonly status: 'none' }
  | { readonly status: 'signed'; readonly id: string; readonly terms: PreApprovalTerms; readonly signers: readonly Signer[]; readonly used: readonly Use[]; readonly revokedBy: string | null };
export type SignedPreApproval = Extract<PreApproval, { status: 'signed' }>;

export type PreApprovalEvent =
  | ({ readonly type: 'pre_approved'; readonly id: string; readonly terms: PreApprovalTerms } & Signer)
  | ({ readonly type: 'pre_approval_used' } & Use)
  | { readonly type: 'pre_approval_revoked'; readonly person: string; readonly at: number };
/** Signatures were checked at the door. */
export type PreApprovalCommand =
  | { readonly type: 'agree'; readonly id: string; readonly terms: PreApprovalTerms; readonly signer: Signer; readonly now: number }
  | { readonly type: 'use'; readonly use: Omit<Use, 'at'>; readonly now: number }
  | { readonly type: 'revoke'; readonly person: string; /** An operator takes back anybody's. */ readonly operator: boolean; readonly now: number };
export type PreApprovalCode = 'pre_approval_over' | 'not_found' | 'not_eligible' | 'vote_invalid' | 'already_voted';

const mostSigners = 32;

export type Standing = 'live' | 'over' | 'used_up' | 'revoked';
export const standingOf = (state: SignedPreApproval, now: number): Standing =>
  (state.revokedBy !== null ? 'revoked' : now >= state.terms.until * 1_000 ? 'over' : state.used.length >= state.terms.uses ? 'used_up' : 'live');

/** Whether what was signed covers a question and has a use left for it. Whether those who signed are enough is counted like any votes. */
export const agreedTo = (state: SignedPreApproval, { tenant, agent, tool, run, action, tier, evidence }: Question, now: number): boolean =>
  standingOf(state, now) === 'live' && !state.used.some((one) => one.run === run && one.action === action) && overCaps(state.terms, state.used, evidence.cost) === null
  && notCovered(state.terms, { tenant, agent, tool, run, tier, money: evidence.cost, facts: evidence.facts, failed: evidence.failed }, now) === null;

/** Terms that people signed, and each action that went through by them, once: whatever comes again finds it counted. */
export const preApprovalDecider: Decider<PreApprovalCommand, PreApprovalEvent, PreApproval, PreApprovalCode> = {
  initialState: { status: 'none' },
  evolve: (state, event) => {
    if (event.type === 'pre_approved') {
      const { type: _, id, terms, ...signer } = event;
      return state.status === 'none' ? { status: 'signed', id, terms, signers: [signer], used: [], revokedBy: null } : { ...state, signers: [...state.signers, signer] };
    }
    if (state.status === 'none') throw new Error(`${event.type} of a pre-approval that nobody signed`);
    switch (event.type) {
      case 'pre_approval_used': {
        const { type: _, ...use } = event;
        return { ...state, used: [...state.used, use] };
      }
      case 'pre_approval_revoked': return { ...state, revokedBy: event.person };
      default: return assertNever(event, 'pre-approval event');
    }
  },
  decide: (command, state) => {
    if (state.status === 'none' && command.type !== 'agree') return refused('not_found', 'there is no such pre-approval');
    switch (command.type) {
      case 'agree': {
        if (command.now >= command.terms.until * 1_000) return refused('vote_invalid', 'its time is over');
        // Known for what it is while it lives: nobody signs today what begins next week.
        if (command.terms.from * 1_000 > command.now + 60_000) return refused('vote_invalid', 'it begins when it is signed, not later');
        if (state.status === 'signed') {
          if (state.signers.some(({ person }) => person === command.signer.person)) return nothingNew;
          if (state.revokedBy !== null) return refused('pre_approval_over', `${state.revokedBy} took it back`);
          if (state.signers.length >= mostSigners) return refused('already_voted', `${mostSigners} people signed it`);
        }
        return accepted({ type: 'pre_approved', id: command.id, terms: command.terms, ...command.signer });
      }
      case 'use': return use(command.use, state as SignedPreApproval, command.now);
      case 'revoke': {
        const { signers, revokedBy } = state as SignedPreApproval;
        if (!command.operator && !signers.some(({ person }) => person === command.person)) return refused('not_eligible', 'whoever signed it takes it back, or an operator');
        return revokedBy !== null ? nothingNew : accepted({ type: 'pre_approval_revoked', person: command.person, at: command.now });
      }
      default: return assertNever(command, 'pre-approval command');
    }
  },
};

/** One action uses it once, however often it is put to people. */
const use = (of: Omit<Use, 'at'>, state: SignedPreApproval, now: number): ReturnType<typeof preApprovalDecider.decide> => {
  const standing = standingOf(state, now);
  if (standing !== 'live') return refused('pre_approval_over', `it is ${standing}`);
  if (state.used.some(({ run, action }) => run === of.run && action === of.action)) return refused('pre_approval_over', 'it was used for this action before');
  const over = overCaps(state.terms, state.used, of.money);
  return over === null ? accepted({ type: 'pre_approval_used', ...of, at: now }) : refused('pre_approval_over', over);
};

/**
 * A question that is asked, voted on by those who signed beforehand and approved, and the use that it is; undefined where what they signed does not cover it,
 * or they are not enough. @param speaker who is active now, as they would speak
 */
export const answeredBefore = (pre: SignedPreApproval, command: Extract<ApprovalCommand, { type: 'request' }>, speaker: (person: string) => Speaker | undefined, now: number): { readonly used: readonly PreApprovalEvent[]; readonly asked: readonly ApprovalEvent[] } | undefined => {
  const { question } = command, { approval, run, action, evidence, ask } = question;
  if (!agreedTo(pre, question, now)) return undefined;
  const counted = use({ approval, run, action, money: evidence.cost }, pre, now);
  const agreed = pre.signers.flatMap(({ person, jws, reason, agreedAt }) => {
    const known = speaker(person);
    // Whoever signed and has no say in this one is left out: it is no vote of theirs.
    if (known === undefined || ineligible({ ...known, agreedAt, vote: 'approve', why: null }, ask, now) !== null) return [];
    return [{ vote: { person, vote: 'approve' as const, jws, preApproval: pre.id }, speaker: { ...known, agreedAt }, reason }];
  });
  const asked = approvalDecider.decide({ ...command, agreed, now }, initialState);
  return counted.status === 'accepted' && asked.status === 'accepted' && asked.events.at(-1)?.type === 'resolved' ? { used: counted.events, asked: asked.events } : undefined;
};
