import type { Bus, BusMessage } from './port.ts';

const prefix = '~heartbeat:';

/** Heartbeats live in the snapshot's own topic, one key per partition, so that compaction keeps one. */
export const isHeartbeat = (message: Pick<BusMessage, 'key'>): boolean => message.key?.startsWith(prefix) ?? false;

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
