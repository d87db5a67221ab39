/** One event of a live stream; `id` is what a reader gives back as Last-Event-ID. */
export interface ChannelEvent { readonly id: string; readonly event: string; readonly data: unknown }

/** A bounded stream of events in memory: what comes after the last that a reader saw, as long as it is kept. */
export interface Channel {
  publish(event: string, data: unknown): void;
  /**
   * Hands over what followed `lastEventId`, then everything new, until the returned function is called.
   * A reader whose place is no longer known gets a `gap` first: it asks for the state of its actions instead.
   */
  subscribe(lastEventId: string | undefined, listener: (event: ChannelEvent) => void): () => void;
  readonly readers: number;
}

/** @param epoch of one or more letters and digits, new for each life of the channel: ids of an earlier life are told apart */
export const createChannel = (epoch: string, kept = 256): Channel => {
  const listeners = new Set<(event: ChannelEvent) => void>();
  const history: ChannelEvent[] = [];
  let next = 1;

  const since = (lastEventId: string): readonly ChannelEvent[] => {
    const [, of, number] = /^([A-Za-z0-9]+)-(\d{1,15})$/.exec(lastEventId) ?? [];
    const seen = Number(number);
    if (of === epoch && seen < next && seen >= next - history.length - 1) return history.slice(history.length - (next - 1 - seen));
    return [{ id: `${epoch}-${next - 1}`, event: 'gap', data: { code: 'gap', detail: 'events between your last one and now are no longer kept: ask for what you need by id' } }];
  };

  return {
    publish: (event, data) => {
      const one = { id: `${epoch}-${next++}`, event, data };
      history.push(one);
      if (history.length > kept) history.shift();
      for (const listener of listeners) listener(one);
    },
    subscribe: (lastEventId, listener) => {
      if (lastEventId !== undefined) for (const event of since(lastEventId)) listener(event);
      listeners.add(listener);
      return () => { listeners.delete(listener); };
    },
    get readers() { return listeners.size; },
  };
};
