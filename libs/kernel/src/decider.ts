/**
 * A decision is three functions (after Chassaing's Decider): `decide` looks at a command and the state and
 * answers with an outcome, `evolve` folds one event into the state, `initialState` starts the fold.
 * All three are pure: the time and new ids arrive inside the command as data.
 */
export interface Decider<Command, Event extends Named, State, Code extends string = string> {
  readonly initialState: State;
  readonly decide: (command: Command, state: State) => Outcome<Event, Code>;
  readonly evolve: (state: State, event: Event) => State;
}

/** Commands and events are told apart by `type`: events in the past tense, commands imperative. */
export interface Named {
  readonly type: string;
}

export interface Accepted<Event extends Named> {
  readonly status: 'accepted';
  readonly events: readonly Event[];
}

export interface Refused<Code extends string, Event extends Named = never> {
  readonly status: 'refused';
  readonly code: Code;
  readonly detail: string;
  readonly events: readonly Event[];
}

/** accepted: these events happened · refused: a code of contracts/errors.yaml (with events when others must know) · nothing-new: seen before. */
export type Outcome<Event extends Named, Code extends string = string> = Accepted<Event> | Refused<Code, Event> | { readonly status: 'nothing-new' };

export const accepted = <const Events extends readonly Named[]>(...events: Events): Accepted<Events[number]> => ({ status: 'accepted', events });

export const refused = <Code extends string, Event extends Named = never>(code: Code, detail: string, events: readonly Event[] = []): Refused<Code, Event> =>
  ({ status: 'refused', code, detail, events });

export const nothingNew: { readonly status: 'nothing-new' } = { status: 'nothing-new' };

/** Folds a whole history. */
export const fold = <Event extends Named, State>(decider: Pick<Decider<never, Event, State>, 'evolve' | 'initialState'>, events: Iterable<Event>): State => {
  let state = decider.initialState;
  for (const event of events) state = decider.evolve(state, event);
  return state;
};

/** Ends a switch that must be exhaustive: an unknown event at replay fails loudly instead of being skipped. */
export const assertNever = (value: never, what = 'value'): never => {
  throw new Error(`unexpected ${what}: ${JSON.stringify(value)}`);
};
