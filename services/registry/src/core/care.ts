import type { AgentProcess, AgentSnapshot } from '@countersign/contracts';
import type { RaciMatrix } from './raci.ts';

/** The owner of what nobody owns yet; nobody can be enrolled under this id. */
export const nobody = 'unowned';

/** What becomes of an agent when nobody looks after it: why its ceiling is lower than declared, and what that ends in. */
export type Neglect = NonNullable<AgentSnapshot['lapsed']>;

interface Said { readonly by: string; readonly at: number }
export type CareEvent =
  /** Its owner has left: nothing without a person from now on. */
  | ({ readonly type: 'agent.orphaned'; readonly owner: string } & Said)
  | ({ readonly type: 'agent.owner_back'; readonly owner: string } & Said)
  | ({ readonly type: 'agent.owner_offered'; readonly to: string; readonly reason: string } & Said)
  /** `by` is the new owner: nobody is made one. `raci`: where they answer from now on for what an owner who has left answered for. */
  | ({ readonly type: 'agent.reassigned'; readonly from: string; readonly to: string; readonly offeredBy: string; readonly raci?: RaciMatrix } & Said)
  /** `process`: the one it works in from then on, or that says otherwise now who answers in it; null: none any more. */
  | ({ readonly type: 'agent.raci_changed'; readonly raci: RaciMatrix; readonly process?: AgentProcess | null; readonly reason: string } & Said)
  | ({ readonly type: 'agent.recertification_due'; readonly due: number } & Said)
  | ({ readonly type: 'agent.recertification_overdue'; readonly due: number } & Said)
  /** The owner's part of a recertification that takes a second person. */
  | ({ readonly type: 'agent.recertification_signed'; readonly reason: string } & Said)
  | ({ readonly type: 'agent.recertified'; readonly owner: string; readonly second: string | null; readonly reason: string } & Said)
  /** Nobody remedied it in time; `agent.suspended` follows. */
  | ({ readonly type: 'agent.lapsed'; readonly neglect: Neglect } & Said)
  /** Active and not used for long; `lastUse` is its last use or, where there was none, its activation. The proposal is to suspend it. */
  | ({ readonly type: 'agent.abandoned'; readonly lastUse: number } & Said);

/** Times are epoch ms. */
export interface Care {
  readonly orphanSince?: number;
  readonly offer?: { readonly to: string; readonly by: string };
  /** Last activation or recertification. */
  readonly certifiedAt?: number;
  readonly remindedFor?: number;
  readonly overdueSince?: number;
  readonly signed?: { readonly by: string; readonly at: number };
  readonly lapsed?: Neglect;
  readonly unusedSince?: number;
}

/** An agent as its care sees it. */
export interface Cared { readonly status: AgentSnapshot['status']; readonly profile: { readonly owner: string; readonly ceiling: number; readonly euAiAct?: { readonly category: string } | undefined; readonly raci?: RaciMatrix | undefined; readonly process?: AgentProcess | undefined }; readonly care?: Care | undefined }

const careTypes = new Set<string>(['agent.orphaned', 'agent.owner_back', 'agent.owner_offered', 'agent.reassigned', 'agent.raci_changed', 'agent.recertification_due', 'agent.recertification_overdue', 'agent.recertification_signed', 'agent.recertified', 'agent.lapsed', 'agent.abandoned'] satisfies CareEvent['type'][]);
export const isCareEvent = (event: { readonly type: string }): event is CareEvent => careTypes.has(event.type);

/** What of a profile changes with care: who owns the agent, and who answers for it. */
export const caredProfile = <P extends Cared['profile']>(profile: P, event: CareEvent): P => {
  if (event.type === 'agent.raci_changed') {
    const { process: before, ...rest } = profile;
    const process = event.process === undefined ? before : event.process;
    return { ...rest, raci: event.raci, ...(process != null && { process }) } as unknown as P;
  }
  return event.type === 'agent.reassigned' ? { ...profile, owner: event.to, ...(event.raci && { raci: event.raci }) } : profile;
};

/** One step of care; who owns the agent changes with `agent.reassigned`. */
export const evolveCare = (care: Care, event: CareEvent): Care => {
  switch (event.type) {
    case 'agent.orphaned': return { ...care, orphanSince: event.at };
    case 'agent.owner_back': return without(care, 'orphanSince', care.lapsed === 'orphaned' ? 'lapsed' : 'orphanSince');
    case 'agent.owner_offered': return { ...care, offer: { to: event.to, by: event.by } };
    // What the old owner signed is not the new one's word.
    case 'agent.reassigned': return without(care, 'orphanSince', 'offer', 'signed', care.lapsed === 'orphaned' ? 'lapsed' : 'offer');
    // Who answers stands in the profile.
    case 'agent.raci_changed': return care;
    case 'agent.recertification_due': return { ...care, remindedFor: event.due };
    case 'agent.recertification_overdue': return { ...care, overdueSince: event.at };
    case 'agent.recertification_signed': return { ...care, signed: { by: event.by, at: event.at } };
    case 'agent.recertified': return { ...without(care, 'overdueSince', 'signed', care.lapsed === 'recertification_overdue' ? 'lapsed' : 'signed'), certifiedAt: event.at };
    case 'agent.lapsed': return { ...care, lapsed: event.neglect };
    case 'agent.abandoned': return { ...care, unusedSince: event.lastUse };
  }
};

/** Why the ceiling is lower than declared. Orphaned: nothing without a person. Overdue: one tier less than declared. */
export const loweringsOf = ({ profile, care = {} }: Pick<Cared, 'profile' | 'care'>): NonNullable<AgentSnapshot['lowered']> => [
  ...(care.orphanSince === undefined ? [] : [{ reason: 'orphaned' as const, ceiling: 0 as const, since: care.orphanSince }]),
  ...(care.overdueSince === undefined ? [] : [{ reason: 'recertification_overdue' as const, ceiling: profile.ceiling > 1 ? 1 as const : 0 as const, since: care.overdueSince }]),
];

/** What a snapshot says of an agent's care; nothing where there is nothing to say. */
export const careSnapshot = (agent: Cared): Pick<AgentSnapshot, 'ceiling' | 'lowered' | 'offeredTo' | 'certifiedAt' | 'lapsed' | 'unusedSince'> => {
  const { profile, care = {} } = agent;
  const lowered = loweringsOf(agent);
  return {
    ceiling: Math.min(profile.ceiling, ...lowered.map(({ ceiling }) => ceiling)) as AgentSnapshot['ceiling'], ...(lowered.length > 0 && { lowered }),
    ...(care.offer && { offeredTo: care.offer.to }), ...(care.certifiedAt !== undefined && { certifiedAt: care.certifiedAt }),
    ...(care.lapsed && { lapsed: care.lapsed }), ...(care.unusedSince !== undefined && { unusedSince: care.unusedSince }),
  };
};

const without = (care: Care, ...names: readonly (keyof Care)[]): Care => Object.fromEntries(Object.entries(care).filter(([name]) => !names.includes(name as keyof Care)));
