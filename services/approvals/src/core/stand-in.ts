import { accepted, nothingNew } from '@countersign/kernel';
import type { Decider } from '@countersign/kernel';

/** Who stands in for somebody, by their own signature. Epoch ms. */
export interface StandIn { readonly person: string; readonly to: string; readonly from: number; readonly until: number; readonly jws: string }
export type StandInEvent =
  | ({ readonly type: 'stand_in_named'; readonly reason: string; readonly at: number } & StandIn)
  | { readonly type: 'stand_in_withdrawn'; readonly person: string; readonly at: number };
export type StandInCommand = { readonly type: 'name'; readonly standIn: StandIn; readonly reason: string; readonly now: number } | { readonly type: 'withdraw'; readonly person: string; readonly now: number };

/** One at a time for each person; the next replaces the one before. Policy checks the signature again with each vote. */
export const standInDecider: Decider<StandInCommand, StandInEvent, StandIn | null, never> = {
  initialState: null,
  evolve: (_, event) => {
    if (event.type === 'stand_in_withdrawn') return null;
    const { person, to, from, until, jws } = event;
    return { person, to, from, until, jws };
  },
  decide: (command, state) => {
    if (command.type === 'withdraw') return state === null ? nothingNew : accepted({ type: 'stand_in_withdrawn', person: command.person, at: command.now });
    return state?.jws === command.standIn.jws ? nothingNew : accepted({ type: 'stand_in_named', ...command.standIn, reason: command.reason, at: command.now });
  },
};
