import type { Bus, BusMessage, Ownership, PartitionOwner, ProcessOptions } from '@countersign/bus';
import { text } from './harness.ts';

/**
 * A processor with folded state whose outputs show at once any loss, duplicate or stale fold: governed gets `<value>#<count in this partition>`,
 * replies the bare value. A new owner rebuilds its count by reading what governed holds, as policy does (DESIGN 7).
 */
export interface Counting {
  readonly group: string;
  readonly input: string;
  readonly governed: string;
  readonly replies: string;
  /** Runs before outputs are returned; may throw. */
  readonly before?: (messages: readonly BusMessage[], ownership: Ownership) => Promise<void> | void;
  readonly onOwn?: (ownership: Ownership) => void;
  readonly onDiscard?: (partition: number) => void;
  readonly onCommitted?: (next: bigint, partition: number) => void;
  readonly maxBatch?: ProcessOptions['maxBatch'];
  readonly onError?: ProcessOptions['onError'];
}

export const marker = 'owned';

export const counting = (bus: Bus, options: Counting) => bus.process({
  group: options.group,
  input: options.input,
  outputs: [options.governed, options.replies],
  maxBatch: options.maxBatch ?? 20,
  ...(options.onError === undefined ? {} : { onError: options.onError }),
  own: async (ownership): Promise<PartitionOwner> => {
    options.onOwn?.(ownership);
    const [end] = await ownership.append([{ topic: options.governed, key: marker, value: Buffer.from(marker) }]);
    let count = 0;
    for await (const batch of ownership.read(options.governed, 0n, end!)) count += batch.filter((message) => message.key !== marker).length;
    return {
      handle: async (messages) => {
        // The fold moves before the failure, so that keeping it after an abort would show as a hole in the numbers.
        const outputs = messages.flatMap((message) => [
          { topic: options.governed, key: message.key!, value: Buffer.from(`${text(message)}#${(count += 1)}`) },
          { topic: options.replies, key: message.key!, value: message.value },
        ]);
        await options.before?.(messages, ownership);
        return outputs;
      },
      committed: (next) => options.onCommitted?.(next, ownership.partition),
      discard: () => options.onDiscard?.(ownership.partition),
    };
  },
});

/** The faults in what was written: empty means exactly once, in order, with an unbroken fold. */
export const faultsOf = (governed: readonly BusMessage[], replies: readonly BusMessage[], expected: readonly string[]): string[] => {
  const faults: string[] = [];
  const own = governed.filter((message) => message.key !== marker);
  const counts = new Map<number, number>();
  for (const message of own) {
    const n = Number(text(message).split('#')[1]);
    const last = counts.get(message.partition) ?? 0;
    if (n !== last + 1) faults.push(`partition ${message.partition}: ${text(message)} after ${last}`);
    counts.set(message.partition, n);
  }
  for (const [what, values] of [['governed', own.map((message) => text(message).split('#')[0]!)], ['replies', replies.map(text)]] as const) {
    const times = new Map<string, number>();
    for (const value of values) times.set(value, (times.get(value) ?? 0) + 1);
    for (const value of expected) if (times.get(value) !== 1) faults.push(`${what}: ${value} ${times.get(value) ?? 0} times`);
    if (values.length !== expected.length) faults.push(`${what}: ${values.length} of ${expected.length}`);
  }
  return faults;
};
