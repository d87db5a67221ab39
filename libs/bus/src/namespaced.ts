import type { Bus, BusMessage, Ownership, Outgoing } from './port.ts';

/**
 * The same bus under names of its own: every topic and group is stored as `<namespace>.<name>` and seen as `<name>`. Several cells or
 * test runs share one Kafka that way. Signatures and proofs cover the name as seen, so they hold on either side.
 */
export const namespacedBus = (bus: Bus, namespace: string): Bus => {
  const inner = (name: string): string => `${namespace}.${name}`;
  const seen = (message: BusMessage): BusMessage => ({ ...message, topic: message.topic.slice(namespace.length + 1) });
  const stored = (outgoing: Outgoing): Outgoing => ({ ...outgoing, topic: inner(outgoing.topic) });
  const owned = (ownership: Ownership): Ownership => ({
    partition: ownership.partition, next: ownership.next, signal: ownership.signal,
    append: (outputs) => ownership.append(outputs.map(stored)),
    read: async function* read(topic, from, to) {
      for await (const messages of ownership.read(inner(topic), from, to)) yield messages.map(seen);
    },
  });
  return {
    kind: bus.kind,
    ensureTopics: (topics) => bus.ensureTopics(topics.map((topic) => ({ ...topic, name: inner(topic.name) }))),
    publish: (messages) => bus.publish(messages.map(stored)),
    subscribe: (options) => bus.subscribe({
      ...options, group: inner(options.group), topics: options.topics.map(inner), ...(options.deadLetters !== undefined && { deadLetters: inner(options.deadLetters) }),
      onBatch: (messages, context) => options.onBatch(messages.map(seen), { ...context, topic: context.topic.slice(namespace.length + 1) }),
    }),
    follow: (options) => bus.follow({ ...options, topics: options.topics.map(inner), onBatch: (messages) => options.onBatch(messages.map(seen)) }),
    scan: (options) => bus.scan({ ...options, topic: inner(options.topic), onBatch: (messages) => options.onBatch(messages.map(seen)) }),
    process: (options) => bus.process({
      ...options, group: inner(options.group), input: inner(options.input), outputs: options.outputs.map(inner),
      own: async (ownership) => {
        const owner = await options.own(owned(ownership));
        return {
          handle: async (messages) => (await owner.handle(messages.map(seen))).map(stored),
          ...(owner.committed && { committed: (next: bigint) => owner.committed!(next) }),
          ...(owner.discard && { discard: () => owner.discard!() }),
        };
      },
    }),
    ends: (topic) => bus.ends(inner(topic)),
    partitions: (topic) => bus.partitions(inner(topic)),
    close: () => bus.close(),
  };
};
