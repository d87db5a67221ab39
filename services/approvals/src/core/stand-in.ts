import { accepted, nothingNew, refused } from '@countersign/kernel';
import type { Decider } from '@countersign/kernel';

/** Who stands in for somebody, by their own signature. Epoch ms. */
export interface StandIn { readonly person: string; readonly to: string; readonly from: number; readonly until: number; readonly jws: string }
/** `notBefore`: epoch seconds; what was signed earlier was ended or replaced, and never counts again, whoever brings it. */
export interface StandInState { readonly standIn: StandIn | null; readonly notBefore: number }
export type StandInCode = 'vote_invalid';
export type StandInEvent =
  | ({ readonly type: 'stand_in_named'; readonly reason: string; /** Epoch seconds; absent of those before this was kept. */ readonly signedAt?: number; readonly at: number } & StandIn)
  | { readonly type: 'stand_in_withdrawn'; readonly person: string; readonly at: number };
export type StandInCommand = { readonly type: 'name'; readonly standIn: StandIn; /** Epoch seconds. */ readonly signedAt: number; readonly reason: string; readonly now: number } | { readonly type: 'withdraw'; readonly person: string; readonly now: number };

/** One at a time for each person; the next replaces the one before. Policy checks the signature again with each vote. */
export const standInDecider: Decider<StandInCommand, StandInEvent, StandInState, StandInCode> = {
  initialState: { standIn: null, notBefore: 0 },
  evolve: ({ notBefore }, event) => {
    const second = Math.floor(event.at / 1_000);
    // What was signed in the second in which it was ended was signed before.
    if (event.type === 'stand_in_withdrawn') return { standIn: null, notBefore: Math.max(notBefore, second + 1) };
    const { person, to, from, until, jws, signedAt } = event;
    return { standIn: { person, to, from, until, jws }, notBefore: Math.max(notBefore, signedAt ?? second) };
  },
  decide: (command, { standIn, notBefore }) => {
    if (command.type === 'withdraw') return standIn === null ? nothingNew : accepted({ type: 'stand_in_withdrawn', person: command.person, at: command.now });
    if (standIn?.jws === command.standIn.jws) return nothingNew;
    if (command.signedAt < notBefore) return refused('vote_invalid', 'it was ended, or replaced by a newer one, after this one was signed: sign a new one');
    return accepted({ type: 'stand_in_named', ...command.standIn, reason: command.reason, signedAt: command.signedAt, at: command.now });
  },
};
