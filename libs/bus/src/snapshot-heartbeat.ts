import type { Bus, BusMessage } from './port.ts';

const prefix = '~heartbeat:';

/** Heartbeats live in the snapshot's own topic, one key per partition, so that compaction keeps one. */
export const isHeartbeat = (message: Pick<BusMessage, 'key'>): boolean => message.key?.startsWith(prefix) ?? false;

/** How far the clocks of a writer and a reader may differ, ms: NTP keeps them within a few. */
export const heartbeatSkewMs = 2_000;

/**
 * Whether heartbeats say that their owner is alive: it said so in this partition, later than the last time, and not longer ago than
 * `staleAfterMs` by our clock. What was recorded and is sent again later says nothing.
 * @param signed whether the owner signed it, value and key
 */
export const createHeartbeatCheck = ({ signed, now, staleAfterMs = defaultStaleAfterMs }: { readonly signed: (message: BusMessage) => boolean; readonly now: () => number; readonly staleAfterMs?: number | undefined }) => {
  const last = new Map<number, number>();
  return (message: BusMessage): boolean => {
    if (message.key !== `${prefix}${message.partition}` || message.value === null || !signed(message)) return false;
    const at = timeIn(message.value), time = now();
    if (at === undefined || at < time - staleAfterMs - heartbeatSkewMs || at > time + heartbeatSkewMs || at <= (last.get(message.partition) ?? Number.NEGATIVE_INFINITY)) return false;
    last.set(message.partition, at);
    return true;
  };
};

/** Silence of one partition that makes a snapshot stale, ms. */
export const defaultStaleAfterMs = 3_000;

const timeIn = (value: Buffer): number | undefined => {
  try {
    const at = (JSON.parse(value.toString()) as { readonly at?: unknown } | null)?.at;
    return typeof at === 'number' ? at : undefined;
  } catch {
    return undefined;
  }
};

export interface HeartbeatOptions {
  /** Default 1000. */
  readonly everyMs?: number;
  readonly now: () => number;
  /** Headers that authenticate a heartbeat (`cs_key`, `cs_signature`, envelope). */
  readonly sign?: (key: string, value: Buffer, now: number) => Readonly<Record<string, string>> | Promise<Readonly<Record<string, string>>>;
  readonly onError?: (error: Error) => void;
}

/** Writes `{at}` into every partition of a snapshot topic, at once and then every `everyMs`; one beat at a time, a failed one is reported and the next tried. */
export const startHeartbeats = (bus: Bus, topic: string, options: HeartbeatOptions): { stop(): Promise<void> } => {
  const { everyMs = 1_000, now, sign } = options;
  let stopped = false;
  let wake = (): void => undefined;

  const beat = async (): Promise<void> => {
    const partitions = await bus.partitions(topic);
    const at = now();
    const value = Buffer.from(JSON.stringify({ at }));
    await bus.publish(await Promise.all(Array.from({ length: partitions }, async (_, partition) => {
      const key = `${prefix}${partition}`;
      return { topic, key, value, partition, headers: (await sign?.(key, value, at)) ?? {} };
    })));
  };

  const running = (async () => {
    while (!stopped) {
      try { await beat(); } catch (error) { options.onError?.(error as Error); }
      if (stopped) return;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, everyMs);
        wake = () => { clearTimeout(timer); resolve(); };
      });
    }
  })();

  return { stop: async () => { stopped = true; wake(); await running; } };
};
