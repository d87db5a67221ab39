import { StreamContended } from '@countersign/event-store';
import type { Append, EventStore, OutboxMessage } from '@countersign/event-store';
import { fold } from '@countersign/kernel';
import type { Decider, Named, Refused } from '@countersign/kernel';

/** One stream of a change over several: what it decides, what goes out with it, and its row. */
export interface Part { readonly stream: string; readonly decide: (events: readonly unknown[], version: number) => { readonly refused: Refused<string> } | { readonly append: Append | null; readonly row: () => Promise<void> } }

export const part = <Command extends { readonly now: number }, Event extends Named, State, Code extends string>(options: {
  readonly stream: string; readonly decider: Decider<Command, Event, State, Code>; readonly command: Command; readonly by: string;
  readonly outbox: (events: readonly Event[], state: State, version: number) => readonly OutboxMessage[]; readonly row: (state: State, version: number, events: readonly Event[]) => Promise<void>;
}): Part => ({
  stream: options.stream,
  decide: (stored, version) => {
    const { stream, decider, command, by } = options;
    const before = fold(decider, stored as readonly Event[]);
    const outcome = decider.decide(command, before);
    if (outcome.status === 'refused') return { refused: { ...outcome, events: [] } };
    const events = outcome.status === 'accepted' ? outcome.events : [];
    const after = events.reduce(decider.evolve, before), last = version + events.length;
    return {
      append: events.length === 0 ? null : { stream, expectedVersion: version, at: command.now, by, events: events.map((event) => ({ type: event.type, data: event })), outbox: options.outbox(events, after, last) },
      row: () => options.row(after, last, events),
    };
  },
});

/** All parts in one transaction or nothing; decided again on what the winner of a race left. The first refusal, or undefined. */
export const decideTogether = async (store: EventStore, parts: readonly Part[]): Promise<Refused<string> | undefined> => {
  for (let left = 5; left > 0; left--) {
    const decided = await Promise.all(parts.map(async (one) => {
      const { events, version } = await store.load(one.stream);
      return one.decide(events.map((event) => event.data), version);
    }));
    const appends: Append[] = [], rows: (() => Promise<void>)[] = [];
    for (const one of decided) {
      if ('refused' in one) return one.refused;
      if (one.append !== null) { appends.push(one.append); rows.push(one.row); }
    }
    if (appends.length === 0 || (await store.appendAll(appends)).status === 'ok') {
      for (const row of rows) await row();
      return undefined;
    }
  }
  throw new StreamContended(parts[0]?.stream ?? '');
};
