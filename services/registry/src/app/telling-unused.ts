import type { UnusedView } from '@countersign/contracts';
import type { EventStore } from '@countersign/event-store';
import { unusedFound } from '../core/unused.ts';
import type { UnusedFound } from '../core/unused.ts';
import type { Exclusively, Inventory, Messages } from './ports.ts';

export interface TellingUnusedPorts {
  readonly store: EventStore; readonly inventory: Pick<Inventory, 'agents'>; readonly messages: Pick<Messages, 'events'>; readonly exclusively: Exclusively;
  /** The report over so many days. */
  readonly unused: (agent: string, days: number) => Promise<UnusedView | undefined>;
  readonly days: number;
  readonly now: () => number;
}

/** Agents looked at in one round: a fleet of ten thousand is no burden, each comes in its turn. */
const atOnce = 20;

/** Says on the record what active agents hold and do not use, when that changes; a stream per agent, so that nothing that rests on the agent itself is touched. Any number of instances: the stream says what was said. */
export const createTellingUnused = ({ store, inventory, messages, exclusively, unused, days, now }: TellingUnusedPorts) => {
  let left: { readonly agent: string; readonly owner: string }[] = [];

  const tellOf = async ({ agent, owner }: (typeof left)[number]): Promise<boolean> => {
    const view = await unused(agent, days);
    if (view === undefined) return false;
    const stream = `unused:${agent}`, at = now(), by = 'registry';
    const { events, version } = await store.load(stream);
    const found = unusedFound(view, owner, events.at(-1)?.data as UnusedFound | undefined, { by, now: at });
    if (found === undefined) return false;
    const appended = await store.append({ stream, expectedVersion: version, at, by, events: [{ type: found.type, data: found }], outbox: messages.events(stream, [found], version + 1, by, at) });
    return appended.status === 'ok';
  };

  return {
    /** The next few of them. @returns of how many something was said */
    tell: (): Promise<number> => exclusively('unused', async () => {
      if (left.length === 0) left = (await inventory.agents()).flatMap(({ agent, snapshot }) => (snapshot.status === 'active' ? [{ agent, owner: snapshot.owner }] : []));
      let said = 0;
      for (const one of left.splice(0, atOnce)) said += Number(await tellOf(one));
      return said;
    }),
  };
};
