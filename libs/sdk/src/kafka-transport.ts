import type { Bus, BusMessage, Subscription } from '@countersign/bus';
import type { Reply } from '@countersign/contracts';
import type { InboxMessage, RuntimeTransport } from './transport.ts';

export interface KafkaTransportOptions {
  /** Default `runs.replies.v1`. */
  readonly replies?: string;
  /** Most messages and bytes per publish. Defaults 400 and 400,000: a record batch over 1 MB is refused. */
  readonly maxBatch?: number;
  readonly maxBatchBytes?: number;
  readonly onError?: (error: Error) => void;
}

interface Waiting { readonly message: InboxMessage; readonly resolve: () => void; readonly reject: (error: unknown) => void }

/**
 * Straight to the bus (Kafka or embedded). All runs of the process share one follower of the replies and one publish in flight:
 * what arrives while it is under way goes together in the next, so batches grow with the load and there is no timer.
 */
export const kafkaTransport = (bus: Bus, options: KafkaTransportOptions = {}): RuntimeTransport => {
  const maxBatch = options.maxBatch ?? 400;
  const maxBytes = options.maxBatchBytes ?? 400_000;
  const listeners = new Map<string, (reply: Reply) => void>();
  const queue: Waiting[] = [];
  let flushing = false;
  let started: Promise<Subscription> | undefined;

  const dispatch = (message: BusMessage): void => {
    const listener = message.key === null ? undefined : listeners.get(message.key);
    if (listener === undefined || message.value === null) return; // somebody else's run
    try {
      const reply = JSON.parse(message.value.toString('utf8')) as Reply;
      if (reply.run === message.key) listener(reply);
    } catch (error) {
      options.onError?.(error as Error);
    }
  };

  const takeBatch = (): Waiting[] => {
    let bytes = 0;
    let count = 0;
    while (count < queue.length && count < maxBatch && (count === 0 || bytes + queue[count]!.message.value.length < maxBytes)) bytes += queue[count++]!.message.value.length + 1_500; // headers and token
    return queue.splice(0, count);
  };

  const flush = async (): Promise<void> => {
    while (queue.length > 0) {
      const batch = takeBatch();
      try {
        await bus.publish(batch.map((waiting) => waiting.message));
        for (const waiting of batch) waiting.resolve();
      } catch (error) {
        for (const waiting of batch) waiting.reject(error);
      }
    }
    flushing = false;
  };

  const start = async (): Promise<void> => {
    started ??= bus.follow({ topics: [options.replies ?? 'runs.replies.v1'], from: 'now', onBatch: (messages) => { for (const message of messages) dispatch(message); }, ...(options.onError && { onError: options.onError }) });
    try {
      await (await started).ready;
    } catch (error) {
      started = undefined; // the next open tries again
      throw error;
    }
  };

  return {
    start,
    attach(run, listener) {
      listeners.set(run, listener);
      return () => { if (listeners.get(run) === listener) listeners.delete(run); };
    },
    publish: (message) => new Promise<void>((resolve, reject) => {
      queue.push({ message, resolve, reject });
      if (flushing) return;
      flushing = true;
      setImmediate(() => { void flush(); });
    }),
    close: async () => {
      const running = started;
      started = undefined;
      await (await running)?.stop();
    },
  };
};
