import { Redis } from 'ioredis';
import { checkEntry, HotStateUnavailable } from '../port.ts';
import type { HotState } from '../port.ts';

export interface RedisHotStateOptions {
  /** `redis://` or `rediss://` address. */
  readonly url: string;
  /** Put before every key, so that cells and services keep apart. Default `cs:`. */
  readonly prefix?: string;
  /** How long a call may take, ms. Default 500. */
  readonly timeoutMs?: number;
  /** Whether the store's durability settings make it forget on a restart. Default true: only who runs it with `appendfsync always` may say false. */
  readonly forgets?: boolean;
  readonly onError?: (error: Error) => void;
}

// One round trip: a counter whose expiry is set with its first increment, and never lost in between.
const incrementScript = "local n = redis.call('INCRBY', KEYS[1], ARGV[1]) if n == tonumber(ARGV[1]) then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end return n";

/**
 * Hot state on Redis 6.2+ or Valkey. Nothing queues while the connection is down: calls reject at once, and after `timeoutMs` at the latest.
 * Not retried on its own: a `setIfAbsent` that was cut off may have happened, and the caller refuses.
 */
export const createRedisHotState = (options: RedisHotStateOptions): HotState => {
  const timeoutMs = options.timeoutMs ?? 500;
  const prefix = options.prefix ?? 'cs:';
  const redis = new Redis(options.url, {
    lazyConnect: true,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    commandTimeout: timeoutMs,
    disconnectTimeout: 200,
    connectTimeout: Math.max(timeoutMs, 1_000),
    retryStrategy: (times) => Math.min(50 * times, 1_000),
  });
  redis.on('error', (error: Error) => options.onError?.(error));
  let connecting: Promise<unknown> | undefined;

  /** The first call waits for the connection, bounded; later ones find it up or are refused. */
  const connected = async (): Promise<void> => {
    if (redis.status === 'ready') return;
    if (redis.status === 'wait') connecting ??= redis.connect().catch(() => undefined);
    if (redis.status === 'connecting' || redis.status === 'connect') await within(timeoutMs, redis);
  };
  const run = async <T>(command: () => Promise<T>): Promise<T> => {
    try {
      await connected();
      return await command();
    } catch (error) {
      throw new HotStateUnavailable(error);
    }
  };
  const named = (key: string, ttlMs?: number): string => {
    checkEntry(key, ttlMs);
    return prefix + key;
  };

  return {
    kind: 'redis',
    forgets: options.forgets ?? true,
    setIfAbsent: async (key, ttlMs, value = '1') => {
      const name = named(key, ttlMs);
      return (await run(() => redis.set(name, value, 'PX', ttlMs, 'NX'))) === 'OK';
    },
    get: async (key) => {
      const name = named(key);
      return (await run(() => redis.get(name))) ?? undefined;
    },
    set: async (key, value, ttlMs) => {
      const name = named(key, ttlMs);
      await run(() => redis.set(name, value, 'PX', ttlMs));
    },
    delete: async (key) => {
      const name = named(key);
      return (await run(() => redis.del(name))) === 1;
    },
    increment: async (key, windowMs, by = 1) => {
      const name = named(key, windowMs);
      return (await run(() => redis.eval(incrementScript, 1, name, by, windowMs))) as number;
    },
    startedAt: () => run(async () => {
      const info = await redis.info('server');
      const uptime = /uptime_in_seconds:(\d+)/.exec(info)?.[1], serverTime = /server_time_usec:(\d+)/.exec(info)?.[1];
      if (uptime === undefined || serverTime === undefined) throw new Error('INFO server lacks uptime_in_seconds or server_time_usec');
      return Math.ceil(Number(serverTime) / 1_000) - Number(uptime) * 1_000; // uptime is rounded down: a start too late only refuses more
    }),
    close: async () => { redis.disconnect(); },
  };
};

/** Resolves when the connection is ready, rejects when it is not within the time. */
const within = (ms: number, redis: Redis): Promise<void> => new Promise((resolve, reject) => {
  const done = (error?: Error): void => {
    clearTimeout(timer);
    redis.off('ready', onReady);
    redis.off('close', onClose);
    if (error === undefined) resolve(); else reject(error);
  };
  const onReady = (): void => done();
  const onClose = (): void => done(new Error('connection refused or closed'));
  const timer = setTimeout(() => done(new Error(`not connected within ${ms} ms`)), ms);
  redis.once('ready', onReady);
  redis.once('close', onClose);
});
