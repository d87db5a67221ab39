import { fold } from '@countersign/kernel';
import type { Decider, Named, Outcome } from '@countersign/kernel';
import type { EventStore, OutboxMessage } from './port.ts';

export interface DecideAndAppend<Command, Event extends Named, State, Code extends string> {
  readonly store: EventStore;
  readonly decider: Decider<Command, Event, State, Code>;
  readonly stream: string;
  readonly command: Command;
  readonly at: number;
  readonly by: string;
  /** What goes out with the events, given the state after them and the version of the last. */
  readonly outbox?: (events: readonly Event[], state: State, version: number) => readonly OutboxMessage[];
  /** Default 5. */
  readonly attempts?: number;
}

export interface Handled<Event extends Named, State, Code extends string> { readonly outcome: Outcome<Event, Code>; readonly state: State; readonly version: number }

/** Others kept winning the race for this stream: nothing was written, the same request may be sent again. */
export class StreamContended extends Error {
  readonly code = 'stream_unavailable';
  constructor(stream: string) {
    super(`too many concurrent writers of ${stream}`);
    this.name = 'StreamContended';
  }
}

/**
 * Load → decide → append. On a conflict it decides again on what the winner left. A refusal's events are appended too: others must
 * know of it. Nothing is written where there is nothing new.
 */
export const decideAndAppend = async <Command, Event extends Named, State, Code extends string>(options: DecideAndAppend<Command, Event, State, Code>): Promise<Handled<Event, State, Code>> => {
  const { store, decider, stream, command } = options;
  for (let left = options.attempts ?? 5; left > 0; left--) {
    const loaded = await store.load(stream);
    const before = fold(decider, loaded.events.map((stored) => stored.data as Event));
    const outcome = decider.decide(command, before);
    const events = outcome.status === 'nothing-new' ? [] : outcome.events;
    if (events.length === 0) return { outcome, state: before, version: loaded.version };
    const state = events.reduce(decider.evolve, before);
    const version = loaded.version + events.length;
    const appended = await store.append({
      stream, expectedVersion: loaded.version, at: options.at, by: options.by,
      events: events.map((event) => ({ type: event.type, data: event })),
      outbox: options.outbox?.(events, state, version) ?? [],
    });
    if (appended.status === 'ok') return { outcome, state, version };
  }
  throw new StreamContended(stream);
};
