import type { BusMessage } from '../port.ts';
import type { Segment } from './decode.ts';

/** What was read ahead of one partition and not yet handed out. */
export interface Queue {
  push(segment: Segment): void;
  /** Whether reading may go on: less than the capacity is held. */
  hasRoom(): boolean;
  /** Waits for messages; undefined when aborted. `next` is where the group stands once these are handled. */
  take(most: number, signal: AbortSignal): Promise<{ readonly messages: readonly BusMessage[]; readonly next: bigint } | undefined>;
}

const capacityBytes = 2_097_152;

export const createQueue = (onRoom: () => void): Queue => {
  let held: { readonly segment: Segment; at: number }[] = [];
  let bytes = 0;
  let arrived = (): void => undefined;
  const hasRoom = (): boolean => bytes < capacityBytes;

  const something = async (signal: AbortSignal): Promise<void> => {
    while (held.length === 0 && !signal.aborted) {
      await new Promise<void>((resolve) => {
        const come = (): void => { signal.removeEventListener('abort', come); resolve(); };
        arrived = come;
        signal.addEventListener('abort', come);
      });
    }
  };

  return {
    hasRoom,
    push: (segment) => {
      if (segment.bytes === 0) return;
      held.push({ segment, at: 0 });
      bytes += segment.bytes;
      arrived();
    },
    take: async (most, signal) => {
      const full = !hasRoom();
      const messages: BusMessage[] = [];
      let next = 0n;
      while (messages.length === 0) {
        await something(signal);
        if (signal.aborted) return undefined;
        while (held.length > 0 && messages.length < most) {
          const [first] = held as [typeof held[number]];
          const part = first.segment.messages.slice(first.at, first.at + most - messages.length);
          for (const message of part) messages.push(message);
          first.at += part.length;
          if (first.at === first.segment.messages.length) {
            held = held.slice(1);
            bytes -= first.segment.bytes;
            next = first.segment.next;
          } else next = messages.at(-1)!.offset + 1n;
        }
      }
      if (full && hasRoom()) onRoom();
      return { messages, next };
    },
  };
};
