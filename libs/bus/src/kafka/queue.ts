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
  let held: { readonly messages: readonly BusMessage[]; readonly next: bigint; readonly bytes: number; at: number }[] = [];
  let bytes = 0;
  let arrived = (): void => undefined;
  const hasRoom = (): boolean => bytes < capacityBytes;

  return {
    hasRoom,
    push: ({ messages, next, bytes: size }) => {
      if (messages.length === 0) return;
      held.push({ messages, next, bytes: size, at: 0 });
      bytes += size;
      arrived();
    },
    take: async (most, signal) => {
      while (held.length === 0 && !signal.aborted) {
        await new Promise<void>((resolve) => {
          const come = (): void => { signal.removeEventListener('abort', come); resolve(); };
          arrived = come;
          signal.addEventListener('abort', come);
        });
      }
      if (signal.aborted) return undefined;
      const full = !hasRoom();
      const messages: BusMessage[] = [];
      let next = 0n;
      while (held.length > 0 && messages.length < most) {
        const first = held[0]!;
        const part = first.messages.slice(first.at, first.at + most - messages.length);
        for (const message of part) messages.push(message);
        first.at += part.length;
        if (first.at === first.messages.length) {
          held = held.slice(1);
          bytes -= first.bytes;
          next = first.next;
        } else next = messages.at(-1)!.offset + 1n;
      }
      if (full && hasRoom()) onRoom();
      return { messages, next };
    },
  };
};
