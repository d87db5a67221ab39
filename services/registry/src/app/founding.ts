import { decideAndAppend } from '@countersign/event-store';
import type { EventStore } from '@countersign/event-store';
import { fold } from '@countersign/kernel';
import { foundingDecider, foundingMs, foundingNow, twoMayAdmit } from '../core/founding.ts';
import type { Founding, FoundingCommand, FoundingEvent } from '../core/founding.ts';
import type { Inventory, Messages } from './ports.ts';

const stream = 'founding:people';
/** From a restart that opens it again, ms. */
const reopenedMs = 3_600_000;

export interface Foundings {
  /** Whether one operator may let people in alone; to be asked under the lock under which people change. */
  now(): Promise<boolean>;
  /** Opens it with the first person, ends it once two people may admit others; called after people changed. */
  settle(): Promise<void>;
  /** Whoever runs the registry opens it once more, on the record: for a company of whom too few are left. False where two people are there. */
  reopen(): Promise<boolean>;
}

export const createFounding = ({ store, inventory, messages, now }: { readonly store: EventStore; readonly inventory: Inventory; readonly messages: Messages; readonly now: () => number }): Foundings => {
  const state = async (): Promise<Founding> => fold(foundingDecider, (await store.load(stream)).events.map(({ data }) => data as FoundingEvent));
  const people = async () => (await inventory.people()).flatMap(({ snapshot }) => snapshot ?? []);
  const tell = async (command: FoundingCommand): Promise<void> => {
    await decideAndAppend({ store, decider: foundingDecider, stream, command, at: command.now, by: 'registry', outbox: (events, _, version) => messages.events(stream, events, version, 'registry', command.now) });
  };
  return {
    now: async () => foundingNow(await state(), await people(), now()),
    settle: async () => {
      const here = await people(), { status } = await state();
      if (twoMayAdmit(here)) { if (status === 'open') await tell({ type: 'close', because: 'two people are here who may let others in together', now: now() }); return; }
      if (status === 'none' && here.length === 1) await tell({ type: 'open', until: now() + foundingMs, because: 'the first person is here', now: now() });
    },
    reopen: async () => {
      if (twoMayAdmit(await people())) return false;
      await tell({ type: 'open', until: now() + reopenedMs, because: 'whoever runs the registry started it so', now: now() });
      return true;
    },
  };
};
