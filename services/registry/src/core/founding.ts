import { accepted, assertNever, nothingNew } from '@countersign/kernel';
import type { Decider } from '@countersign/kernel';

/**
 * The time in which the first operator lets people in alone, because nobody is there who could agree. It ends for good as soon as two people are there who could,
 * and after a day in any case.
 */
export type FoundingEvent =
  | { readonly type: 'founding.opened'; readonly until: number; readonly because: string; readonly at: number }
  | { readonly type: 'founding.closed'; readonly because: string; readonly at: number };
export type FoundingCommand =
  | { readonly type: 'open'; readonly until: number; readonly because: string; readonly now: number }
  | { readonly type: 'close'; readonly because: string; readonly now: number };
/** `until`: epoch ms. */
export type Founding = { readonly status: 'none' | 'closed' } | { readonly status: 'open'; readonly until: number };

/** How long the first operator may take, ms. */
export const foundingMs = 86_400_000;

export const foundingDecider: Decider<FoundingCommand, FoundingEvent, Founding, never> = {
  initialState: { status: 'none' },
  decide: (command, state) => {
    switch (command.type) {
      case 'open': return accepted({ type: 'founding.opened', until: command.until, because: command.because, at: command.now });
      case 'close': return state.status === 'open' ? accepted({ type: 'founding.closed', because: command.because, at: command.now }) : nothingNew;
      default: return assertNever(command, 'founding command');
    }
  },
  evolve: (_, event) => (event.type === 'founding.opened' ? { status: 'open', until: event.until } : { status: 'closed' }),
};

/** Roles that ask for people to be let in, and that agree to it. */
export const admittingRoles = { ask: 'operator', agree: ['operator', 'policy-reviewer'] } as const;
interface Somebody { readonly person: string; readonly status: 'active' | 'gone'; readonly roles: readonly string[] }

/** Whether two people are here of whom one may ask and the other agree. */
export const twoMayAdmit = (people: readonly Somebody[]): boolean => {
  const active = people.filter(({ status }) => status === 'active');
  return active.some((asks) => asks.roles.includes(admittingRoles.ask) && active.some((agrees) => agrees.person !== asks.person && mayAgree(agrees.roles)));
};
export const mayAgree = (roles: readonly string[]): boolean => roles.some((role) => (admittingRoles.agree as readonly string[]).includes(role));

/** Whether one operator may let people in alone now. Where nobody is here at all, the first one comes by the code in the secrets folder. */
export const foundingNow = (state: Founding, people: readonly Somebody[], now: number): boolean =>
  !people.some(({ status }) => status === 'active') || (state.status === 'open' && now < state.until && !twoMayAdmit(people));
