import type { EventStore, OutboxMessage, StoredEvent } from '@countersign/event-store';

/** An event store in memory, for tests that need no PostgreSQL; `outbox` holds what would go out. */
export const createMemoryEventStore = (): EventStore & { readonly outbox: OutboxMessage[] } => {
  const streams = new Map<string, StoredEvent[]>();
  const outbox: OutboxMessage[] = [];
  const store: EventStore & { readonly outbox: OutboxMessage[] } = {
    outbox,
    append: async ({ stream, expectedVersion, events, outbox: messages, at, by }) => {
      const held = streams.get(stream) ?? [];
      if (held.length !== expectedVersion) return { status: 'conflict', version: held.length };
      // Through JSON, as the real store: what does not survive it must not survive here.
      streams.set(stream, [...held, ...events.map((event, i) => ({ version: held.length + i + 1, type: event.type, data: JSON.parse(JSON.stringify(event.data)) as unknown, at, by }))]);
      outbox.push(...messages);
      return { status: 'ok', version: held.length + events.length };
    },
    load: async (stream) => {
      const events = streams.get(stream) ?? [];
      return { events, version: events.length };
    },
    appendAll: async (appends) => {
      const other = appends.find(({ stream, expectedVersion }) => (streams.get(stream)?.length ?? 0) !== expectedVersion);
      if (other !== undefined) return { status: 'conflict', stream: other.stream };
      for (const append of appends) await store.append(append);
      return { status: 'ok' };
    },
    heads: async (prefix) => new Map([...streams].filter(([name]) => name.startsWith(prefix)).map(([name, events]) => [name, events.length])),
    streams: async (prefix) => [...streams.keys()].filter((name) => name.startsWith(prefix)).sort(),
  };
  return store;
};
