import { accepted, assertNever, nothingNew, refused } from '@countersign/kernel';
import type { Decider } from '@countersign/kernel';
import type { AgentReview, AgentSnapshot, PublicJwk, RegisterAgentRequest } from '@countersign/contracts';
import { caredProfile, evolveCare, isCareEvent, nobody } from './care.ts';
import type { Care, careSnapshot, CareEvent } from './care.ts';
import { decideCare, isCareCommand, keptBack } from './ownership.ts';
import type { CareCode, CareCommand } from './ownership.ts';
import { decideObserve, evolveObserve } from './observe.ts';
import type { Observation, ObserveCode, ObserveCommand, ObserveEvent } from './observe.ts';
import { decideChange } from './agent-change.ts';
import type { AgentChangeCode, AgentChangeCommand, AgentChangeEvent } from './agent-change.ts';
import { same } from './same.ts';
import { tooMany } from './effective-permissions.ts';
import type { Effective } from './effective-permissions.ts';

/** What is declared of an agent; `key` authenticates its runtime at the token endpoint: an imported draft has none yet, and so gets no token. */
export type AgentProfile = Omit<AgentSnapshot, 'tenant' | 'version' | 'status' | 'observe' | 'createdAt' | 'reviewedAt' | 'because' | 'scoped' | 'requestable' | keyof ReturnType<typeof careSnapshot>> & Pick<AgentSnapshot, 'ceiling'> & { readonly key?: PublicJwk };

/** Why and by whom a life changed. `at` is epoch ms. */
export interface Because { readonly by: string; readonly reason: string; readonly at: number }

export type AgentEvent =
  | CareEvent
  | AgentChangeEvent
  | { readonly type: 'agent.registered'; readonly profile: AgentProfile; readonly by: string; readonly at: number }
  | ObserveEvent
  | { readonly type: 'agent.reviewed'; readonly review: AgentReview; readonly by: string; readonly at: number }
  | ({ readonly type: 'agent.activated' | 'agent.suspended' | 'agent.resumed' | 'agent.decommissioned' } & Because);

/** Who may let an agent loose: nobody who owns it (`owner`), nor who registered it (`registrar`). */
export type FourEyes = 'owner' | 'registrar';

export type AgentCommand =
  | CareCommand
  | AgentChangeCommand
  /** `ownerExists`: whether the owner is an active person, looked up at the edge. `euAiAct` as it was asked for, the prohibited included. */
  | { readonly type: 'register'; readonly profile: AgentProfile; readonly euAiAct?: RegisterAgentRequest['euAiAct']; readonly ownerExists: boolean; /** With what its roles let it do. */ readonly effective?: Effective; readonly by: string; readonly now: number }
  /** Found elsewhere: a draft whose owner may still have to be found. Changes no draft that somebody completed and nothing that lives. */
  | { readonly type: 'import'; readonly profile: AgentProfile & Required<Pick<AgentProfile, 'origin'>>; readonly by: string; readonly now: number }
  | ObserveCommand
  | { readonly type: 'review'; readonly review: AgentReview; readonly by: string; readonly now: number }
  /** `basis`: what a review would rest on now; null where that cannot be found out. */
  | { readonly type: 'activate' | 'resume'; readonly basis: string | null; readonly fourEyes: FourEyes; readonly by: string; readonly reason: string; readonly now: number }
  | { readonly type: 'suspend' | 'decommission'; readonly by: string; readonly reason: string; readonly now: number };

export type AgentCode = 'conflict' | 'not_found' | 'invalid_request' | 'prohibited_practice' | 'governance_review_required' | 'second_person_required' | 'already_exists' | ObserveCode | CareCode | AgentChangeCode;

export type Agent = { readonly status: 'none' } | Registered;
export interface Registered extends Observation {
  readonly status: AgentSnapshot['status'];
  readonly profile: AgentProfile;
  readonly care?: Care;
  /** Absent: its own permissions, no role adds to them. */
  readonly effective?: Effective;
  readonly registeredBy: string;
  /** Epoch ms. */
  readonly createdAt: number;
  /** The last review, passed or not: a failed one takes back what an earlier one allowed. */
  readonly review: AgentReview | null;
  readonly reviewedAt: number | null;
  readonly because: (Because & { /** How many times the status has changed. */ readonly change: number }) | null;
}

export { nobody };

/** draft → active ⇄ suspended → decommissioned (from any, and final: the id is never used again). */
const steps = {
  activate: { from: ['draft'], event: 'agent.activated', to: 'active' },
  suspend: { from: ['active'], event: 'agent.suspended', to: 'suspended' },
  resume: { from: ['suspended'], event: 'agent.resumed', to: 'active' },
  decommission: { from: ['draft', 'active', 'suspended'], event: 'agent.decommissioned', to: 'decommissioned' },
} as const satisfies Record<string, { readonly from: readonly AgentSnapshot['status'][]; readonly event: AgentEvent['type']; readonly to: AgentSnapshot['status'] }>;

export const agentDecider: Decider<AgentCommand, AgentEvent, Agent, AgentCode> = {
  initialState: { status: 'none' },
  decide: (command, state) => {
    if (command.type === 'register') return register(command, state);
    if (command.type === 'import') {
      if (state.status !== 'none') {
        if (!same(state.profile.origin, command.profile.origin)) return refused('already_exists', 'an agent of this id is registered here, from elsewhere: give the row another agent id');
        if (state.status !== 'draft' || state.profile.key !== undefined || same(state.profile, command.profile)) return nothingNew;
      }
      return accepted({ type: 'agent.registered', profile: command.profile, by: command.by, at: command.now });
    }
    if (state.status === 'none') return refused('not_found', 'there is no such agent');
    if (isCareCommand(command)) {
      const outcome = decideCare(command, state);
      return command.type === 'accept' && outcome.status === 'accepted' ? accepted(...outcome.events, ...observedByOwner(state, command.by, command)) : outcome;
    }
    if (command.type === 'review') {
      if (state.status === 'decommissioned') return refused('conflict', 'an agent that is decommissioned is not reviewed: its end is final');
      return accepted({ type: 'agent.reviewed', review: command.review, by: command.by, at: command.now });
    }
    if (command.type === 'observe' || command.type === 'enforce') return state.status === 'draft' || state.status === 'active' ? decideObserve(command, state.profile.owner, state, state.profile.euAiAct?.category === 'high') : refused('conflict', `an agent that is ${state.status} is not observed`);
    if (command.type === 'activate' && state.profile.owner === nobody) return refused('conflict', 'nobody owns it: register it with its owner first');
    if (command.type === 'derive' || command.type === 'change') return decideChange(command, state);
    const step = steps[command.type];
    // Asked for twice. An activated agent that was suspended since is not activated again by a repeated request.
    if (state.status === step.to) return nothingNew;
    if (!(step.from as readonly string[]).includes(state.status)) return refused('conflict', `an agent that is ${state.status} cannot be told to ${command.type}`);
    const kept = step.to === 'active' ? keptBack(state) : null;
    if (kept !== null) return refused(kept.code, kept.detail);
    if (command.type === 'activate' || command.type === 'resume') {
      const why = notReviewed(state, command.basis);
      if (why !== null) return refused('governance_review_required', why);
      const alone = oneAlone(state, command);
      if (alone !== null) return refused('second_person_required', alone);
    }
    return accepted({ type: step.event, by: command.by, reason: command.reason, at: command.now });
  },
  evolve: (state, event) => {
    if (event.type === 'agent.registered') {
      const { effective: _before, ...kept } = state.status === 'none' ? {} as { effective?: never } : state;
      return { ...kept, status: 'draft', profile: event.profile, registeredBy: event.by, createdAt: state.status === 'none' ? event.at : state.createdAt, review: null, reviewedAt: null, because: null, care: {} };
    }
    if (state.status === 'none') throw new Error(`${event.type} before agent.registered`);
    if (event.type === 'agent.reviewed') return { ...state, review: event.review, reviewedAt: event.review.passed ? event.at : state.reviewedAt };
    if (event.type === 'agent.permissions_derived') return { ...state, effective: event.effective };
    if (event.type === 'agent.changed') return { ...state, profile: { ...state.profile, ...event.change }, effective: event.effective };
    if (isCareEvent(event)) return { ...state, profile: caredProfile(state.profile, event), care: evolveCare(state.care ?? {}, event) };
    const because = { by: event.by, reason: event.reason, at: event.at, change: (state.because?.change ?? 0) + 1 };
    switch (event.type) {
      case 'agent.activated':
        return { ...state, status: 'active', because, care: { ...state.care, certifiedAt: event.at } };
      case 'agent.resumed':
        return { ...state, status: 'active', because };
      case 'agent.suspended':
        return { ...state, status: 'suspended', because };
      case 'agent.decommissioned':
        return { ...state, status: 'decommissioned', because };
      case 'agent.observed':
      case 'agent.enforced':
        return evolveObserve(state, event);
      default:
        return assertNever(event, 'agent event');
    }
  },
};

const register = ({ profile, euAiAct, ownerExists, effective, by, now }: Extract<AgentCommand, { type: 'register' }>, state: Agent): ReturnType<typeof agentDecider.decide> => {
  if (euAiAct?.category === 'prohibited') return refused('prohibited_practice', 'Article 5 of the EU AI Act prohibits it, so it is not registered');
  const { origin, ...known } = state.status === 'none' ? {} as Partial<AgentProfile> : state.profile;
  if (state.status !== 'none' && same(known, profile)) return nothingNew;
  // An imported draft is completed by registering it, once: from then on it has a key, and whoever comes with another takes nothing over. A draft whose review failed is mended so, by its own key.
  // Out of a template it is mended by who made it: everybody else who may give that template has a draft of their own to make.
  const mends = state.status === 'draft' && (state.profile.key === undefined || (state.review?.passed === false && same(state.profile.key, profile.key))) && (profile.template === undefined || by === state.registeredBy);
  if (state.status !== 'none' && !mends) return refused('conflict', `an agent of this id is registered with other details${state.status === 'decommissioned' ? ', and decommissioned: an id is never used again' : ''}`);
  if (!ownerExists) return refused('invalid_request', `the owner ${profile.owner} is not an active person: invite and enrol them first`);
  if (effective !== undefined && tooMany(effective)) return refused('too_many_permissions', 'with its roles the agent would have more than 512 permissions of a kind');
  const registered = { type: 'agent.registered', profile: { ...profile, ...(origin !== undefined && { origin }) }, by, at: now } as const;
  const enforced = state.status === 'none' ? [] : observedByOwner(state, profile.owner, { by, now }, euAiAct?.category === 'high' || profile.euAiAct?.category === 'high');
  return effective === undefined || same(effective, { permissions: profile.permissions }) ? accepted(registered, ...enforced) : accepted(registered, { type: 'agent.permissions_derived', effective, because: 'its roles', by, at: now }, ...enforced);
};

/** Nobody keeps their own agent out of enforcement: whoever observes it and becomes its owner ends that; so does an agent that turns out to be of high risk. */
const observedByOwner = ({ observe }: Registered, owner: string, { by, now }: { readonly by: string; readonly now: number }, highRisk = false): readonly ObserveEvent[] => {
  if (observe === undefined || now >= observe.until || (observe.by !== owner && !highRisk)) return [];
  return [{ type: 'agent.enforced', by, reason: highRisk ? 'a high-risk agent is never observed' : 'who observes it owns it now', at: now }];
};

/** Why no review carries this step; null where one does. */
const notReviewed = ({ review }: Registered, basis: string | null): string | null => {
  if (review === null) return 'it never had a governance review';
  if (!review.passed) return `its last governance review failed: ${review.checks.filter(({ passed }) => !passed).map(({ check }) => check).join(', ')}`;
  return review.basis === basis ? null : 'what its last governance review rested on has changed: its profile, people named in it, its tools or the rules';
};

/** An agent that can change things takes two people: who answers for it, and who lets it loose. */
const oneAlone = ({ profile, registeredBy, review }: Registered, { by, fourEyes }: { readonly by: string; readonly fourEyes: FourEyes }): string | null => {
  if (review?.consequential !== true) return null;
  if (by === profile.owner) return 'its owner does not also let it loose: it may change things';
  return fourEyes === 'registrar' && by === registeredBy ? 'who registered it does not also let it loose: it may change things' : null;
};
