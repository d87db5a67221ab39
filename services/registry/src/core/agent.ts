import { accepted, assertNever, nothingNew, refused } from '@countersign/kernel';
import type { Decider } from '@countersign/kernel';
import type { AgentSnapshot, PublicJwk } from '@countersign/contracts';
import { decideObserve, evolveObserve } from './observe.ts';
import type { Observation, ObserveCode, ObserveCommand, ObserveEvent } from './observe.ts';

/** What is declared of an agent; `key` authenticates its runtime at the token endpoint: an imported draft has none yet, and so gets no token. */
export type AgentProfile = Omit<AgentSnapshot, 'tenant' | 'version' | 'status' | 'observe'> & { readonly key?: PublicJwk };

/** Why and by whom a life changed. `at` is epoch ms. */
interface Because { readonly by: string; readonly reason: string; readonly at: number }

export type AgentEvent =
  | { readonly type: 'agent.registered'; readonly profile: AgentProfile; readonly by: string; readonly at: number }
  | ObserveEvent
  | ({ readonly type: 'agent.activated' | 'agent.suspended' | 'agent.resumed' | 'agent.decommissioned' } & Because);

export type AgentCommand =
  /** `ownerExists`: whether the owner is an active person, looked up at the edge. */
  | { readonly type: 'register'; readonly profile: AgentProfile; readonly ownerExists: boolean; readonly by: string; readonly now: number }
  /** Found elsewhere: a draft whose owner may still have to be found. Changes no draft that somebody completed and nothing that lives. */
  | { readonly type: 'import'; readonly profile: AgentProfile & Required<Pick<AgentProfile, 'origin'>>; readonly by: string; readonly now: number }
  | ObserveCommand
  | { readonly type: 'activate' | 'suspend' | 'resume' | 'decommission'; readonly by: string; readonly reason: string; readonly now: number };

export type AgentCode = 'conflict' | 'not_found' | 'invalid_request' | 'already_exists' | ObserveCode;

export type Agent = { readonly status: 'none' } | ({ readonly status: AgentSnapshot['status']; readonly profile: AgentProfile } & Observation);

/** The owner of what nobody owns yet; nobody can be enrolled under this id. */
export const nobody = 'unowned';

/** draft → active ⇄ suspended → decommissioned (from any, and final). */
const steps = {
  activate: { from: ['draft'], event: 'agent.activated', to: 'active' },
  suspend: { from: ['active'], event: 'agent.suspended', to: 'suspended' },
  resume: { from: ['suspended'], event: 'agent.resumed', to: 'active' },
  decommission: { from: ['draft', 'active', 'suspended'], event: 'agent.decommissioned', to: 'decommissioned' },
} as const satisfies Record<string, { readonly from: readonly AgentSnapshot['status'][]; readonly event: AgentEvent['type']; readonly to: AgentSnapshot['status'] }>;

export const agentDecider: Decider<AgentCommand, AgentEvent, Agent, AgentCode> = {
  initialState: { status: 'none' },
  decide: (command, state) => {
    if (command.type === 'register') {
      const { origin, ...known } = state.status === 'none' ? {} as Partial<AgentProfile> : state.profile;
      if (state.status !== 'none' && same(known, command.profile)) return nothingNew;
      // An imported draft is completed by registering it.
      if (state.status !== 'none' && !(state.status === 'draft' && origin !== undefined)) return refused('conflict', 'an agent of this id is registered with other details');
      if (!command.ownerExists) return refused('invalid_request', `the owner ${command.profile.owner} is not an active person: invite and enrol them first`);
      return accepted({ type: 'agent.registered', profile: { ...command.profile, ...(origin !== undefined && { origin }) }, by: command.by, at: command.now });
    }
    if (command.type === 'import') {
      if (state.status !== 'none') {
        if (!same(state.profile.origin, command.profile.origin)) return refused('already_exists', 'an agent of this id is registered here, from elsewhere: give the row another agent id');
        if (state.status !== 'draft' || state.profile.key !== undefined || same(state.profile, command.profile)) return nothingNew;
      }
      return accepted({ type: 'agent.registered', profile: command.profile, by: command.by, at: command.now });
    }
    if (state.status === 'none') return refused('not_found', 'there is no such agent');
    if (command.type === 'observe' || command.type === 'enforce') return state.status === 'draft' || state.status === 'active' ? decideObserve(command, state.profile.owner, state) : refused('conflict', `an agent that is ${state.status} is not observed`);
    if (command.type === 'activate' && state.profile.owner === nobody) return refused('conflict', 'nobody owns it: register it with its owner first');
    const step = steps[command.type];
    // Asked for twice. An activated agent that was suspended since is not activated again by a repeated request.
    if (state.status === step.to) return nothingNew;
    if (!(step.from as readonly string[]).includes(state.status)) return refused('conflict', `an agent that is ${state.status} cannot be told to ${command.type}`);
    return accepted({ type: step.event, by: command.by, reason: command.reason, at: command.now });
  },
  evolve: (state, event) => {
    if (event.type === 'agent.registered') return { ...state, status: 'draft', profile: event.profile };
    if (state.status === 'none') throw new Error(`${event.type} before agent.registered`);
    switch (event.type) {
      case 'agent.activated':
      case 'agent.resumed':
        return { ...state, status: 'active' };
      case 'agent.suspended':
        return { ...state, status: 'suspended' };
      case 'agent.decommissioned':
        return { ...state, status: 'decommissioned' };
      case 'agent.observed':
      case 'agent.enforced':
        return evolveObserve(state, event);
      default:
        return assertNever(event, 'agent event');
    }
  },
};

const same = (a: unknown, b: unknown): boolean => stable(a) === stable(b);

/** JSON with sorted members: the same content in another order is the same. */
const stable = (value: unknown): string => JSON.stringify(value, (_, inner: unknown) =>
  typeof inner === 'object' && inner !== null && !Array.isArray(inner) ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1))) : inner);
