import type { GovernedRecord } from '@countersign/contracts';
import type { EventStore } from '@countersign/event-store';
import { deedsIn } from '../core/deed.ts';
import { dayOf, sightingsIn } from '../core/shadow.ts';
import type { Deeds, Exclusively, Inventory, Messages, Shadows } from './ports.ts';

export interface WatchingPorts { readonly store: EventStore; readonly inventory: Inventory; readonly messages: Messages; readonly deeds: Deeds; readonly shadows: Shadows; readonly exclusively: Exclusively; /** How long it is remembered who answered for an action, ms. */ readonly deedsKeptMs: number; readonly now: () => number }
/** Shadows that are told about in a day: a flood of made-up names is not to be a flood of events. */
const toldADay = 100;
/** Old deeds that go in one round. */
const prunedAtOnce = 10_000;
/** A stream per day, so that none grows without end. */
const streamOf = (day: number): string => `shadow:${day}`;

/** What the registry remembers of what policy decided: who acted when, and who was nobody. */
export const createWatching = ({ store, inventory, messages, deeds, shadows, exclusively, deedsKeptMs, now }: WatchingPorts) => ({
  take: async (records: readonly GovernedRecord[]): Promise<void> => {
    await deeds.put(deedsIn(records));
    if (!records.some(({ kind }) => kind === 'messages.unproven' || kind === 'message.refused')) return;
    const known = new Set((await inventory.agents()).map(({ agent }) => agent));
    const { sightings, others } = sightingsIn(records, (principal) => known.has(principal));
    await shadows.see(sightings, others);
  },
  /** What is older than anybody has to answer for; the log has it still. @returns how many went */
  forget: (): Promise<number> => deeds.prune(now() - deedsKeptMs, prunedAtOnce),
  /** One event per name and day. @returns how many */
  tell: (): Promise<number> => exclusively('shadows', async () => {
    const at = now(), day = dayOf(at);
    const untold = await shadows.untold(day, toldADay);
    if (untold.length === 0) return 0;
    const events = untold.map((one) => ({ type: 'shadow.seen' as const, ...one }));
    const stream = streamOf(day);
    const { version } = await store.load(stream);
    const appended = await store.append({ stream, expectedVersion: version, at, by: 'registry', events: events.map((event) => ({ type: event.type, data: event })), outbox: messages.events(stream, events, version + events.length, 'registry', at) });
    if (appended.status === 'conflict') throw new Error('somebody told about shadows outside of the lock');
    // A crash in between tells the same again: better twice than never.
    await shadows.told(untold.map(({ principal }) => principal), day);
    return untold.length;
  }),
});
