import { accepted, nothingNew, refused } from '@countersign/kernel';
import type { Outcome } from '@countersign/kernel';
import type { AgentChange, RoleDefinition } from '@countersign/contracts';
import type { Agent, AgentProfile } from './agent.ts';
import { effectiveOf, moreThan, tooMany } from './effective-permissions.ts';
import type { Effective } from './effective-permissions.ts';
import { largerLimits } from './limits.ts';
import { same } from './same.ts';

/** Who reviewed a change, and under which request. */
export interface Approved { readonly change: string; readonly by: string; readonly jws: string }

export type AgentChangeEvent =
  /** A role that it has became another. */
  | { readonly type: 'agent.permissions_derived'; readonly effective: Effective; readonly because: string; readonly by: string; readonly at: number }
  /** `changed` in the order of names; whoever's judgement rested on one of them looks again. `approved` null: it only took away. */
  | { readonly type: 'agent.changed'; readonly changed: readonly string[]; readonly change: AgentChange; readonly effective: Effective; readonly widens: readonly string[]; readonly approved: Approved | null; readonly reason: string; readonly by: string; readonly at: number };

export type AgentChangeCommand =
  | { readonly type: 'derive'; /** Everything declared, as it is to be. */ readonly roles: ReadonlyMap<string, RoleDefinition>; readonly because: string; readonly by: string; readonly now: number }
  | { readonly type: 'change'; readonly change: AgentChange; readonly effective: Effective; readonly approved: Approved | null; readonly reason: string; readonly by: string; readonly now: number };

const changeable = ['roles', 'permissions', 'ceiling', 'runtimeTrusted', 'limits', 'purpose', 'environment', 'model', 'promptVersion', 'baseline'] as const;

/** What of the agent a change may touch, as it stands: what a request is filed against. */
export const changeableOf = (profile: AgentProfile): AgentChange => Object.fromEntries(changeable.map((name) => [name, profile[name] ?? null])) as AgentChange;

/** The members that a change makes otherwise. */
export const changedIn = (profile: AgentProfile, change: AgentChange): readonly (typeof changeable)[number][] =>
  changeable.filter((name) => change[name] !== undefined && !same(change[name], profile[name] ?? null));

/** In which ways a change lets the agent do more, or makes it another one than was reviewed; empty where it only takes away. */
export const widening = (profile: AgentProfile, before: Effective, change: AgentChange, after: Effective): readonly string[] => {
  const changed = new Set<string>(changedIn(profile, change));
  const ways = [...moreThan(before, after)];
  if (changed.has('ceiling') && change.ceiling! > profile.ceiling) ways.push(`it acts alone up to tier ${change.ceiling} instead of ${profile.ceiling}`);
  if (changed.has('runtimeTrusted') && change.runtimeTrusted === true) ways.push('what its runtime claims is trusted');
  if (changed.has('limits')) {
    const larger = largerLimits(change.limits!, profile.limits);
    if (larger.includes('calls')) ways.push(`a run has ${change.limits!.calls} calls instead of ${profile.limits.calls}`);
    if (larger.includes('money')) ways.push('a run may spend more');
  }
  for (const name of ['purpose', 'environment', 'model', 'promptVersion'] as const) if (changed.has(name)) ways.push(`its ${name} changes: what was reviewed was another`);
  if (changed.has('baseline')) ways.push('its baseline begins anew: what was odd for it before need not be any more');
  return ways;
};

export type AgentChangeCode = 'conflict' | 'too_many_permissions' | 'change_review_required';
type Living = Exclude<Agent, { status: 'none' }>;

/** What it holds altogether. */
export const heldBy = ({ profile, effective }: Living): Effective => effective ?? { permissions: profile.permissions };

/** What lets it do more, or makes it another than was reviewed, takes a review; what only takes away is done. */
export const decideChange = (command: AgentChangeCommand, state: Living): Outcome<AgentChangeEvent, AgentChangeCode> => {
  const effective = command.type === 'derive' ? effectiveOf(state.profile, command.roles) : command.effective;
  if (tooMany(effective)) return refused('too_many_permissions', `${state.profile.agent} would have more than 512 permissions of a kind`);
  if (command.type === 'derive') return same(heldBy(state), effective) ? nothingNew : accepted({ type: 'agent.permissions_derived', effective, because: command.because, by: command.by, at: command.now });
  if (state.status === 'decommissioned') return refused('conflict', 'a decommissioned agent is not changed');
  const { change, approved, reason, by, now } = command;
  const changed = changedIn(state.profile, change), widens = widening(state.profile, heldBy(state), change, effective);
  if (changed.length === 0) return nothingNew;
  if (widens.length > 0 && approved === null) return refused('change_review_required', widens.join('; ').slice(0, 2_000));
  return accepted({ type: 'agent.changed', changed, change, effective, widens, approved, reason, by, at: now });
};
