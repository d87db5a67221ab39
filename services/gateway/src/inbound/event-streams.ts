import { CodedError } from '@countersign/service-host';
import type { ServerResponse } from 'node:http';
import type { Channel, ChannelEvent } from '../core/channel.ts';

export interface StreamLimits {
  /** Streams of this process, and of one channel and reader. */
  readonly streams: number;
  readonly perReader: number;
  /** Bytes waiting for one reader before it is dropped. */
  readonly buffered: number;
  readonly heartbeatMs: number;
}

export interface EventStreams {
  /** Answers with server-sent events until the reader goes, falls behind, or `closeAll` is called. @param reader whose streams are counted together */
  open(response: ServerResponse, channel: Channel, options: { readonly reader: string; readonly lastEventId: string | undefined; readonly lastEvent?: string }): void;
  /** For draining: an open stream would keep the server from closing. */
  closeAll(): void;
  readonly size: number;
}

/** One event as text/event-stream; JSON holds no line breaks. */
const frame = ({ id, event, data }: ChannelEvent): string => `id: ${id}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`;

export const createEventStreams = (limits: Partial<StreamLimits> = {}): EventStreams => {
  const { streams = 1_000, perReader = 4, buffered = 262_144, heartbeatMs = 15_000 } = limits;
  const closers = new Set<(why?: string) => void>();
  const readers = new Map<string, number>();
  let closed = false;

  return {
    get size() { return closers.size; },
    closeAll: () => {
      closed = true;
      for (const close of [...closers]) close(`event: closing\ndata: ${JSON.stringify({ code: 'shutting_down' })}\n\n`);
    },
    open: (response, channel, { reader, lastEventId, lastEvent }) => {
      if (closed) throw new CodedError('shutting_down', 'this gateway is stopping');
      if (closers.size >= streams || (readers.get(reader) ?? 0) >= perReader) throw new CodedError('rate_limited', `at most ${perReader} streams for one reader`, { retryAfterS: 5 });
      response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-store', 'x-accel-buffering': 'no' });
      response.write(': open\n\n');
      readers.set(reader, (readers.get(reader) ?? 0) + 1);
      let unsubscribe = (): void => undefined;
      let open = true;

      const close = (why = ''): void => {
        if (!open) return;
        open = false;
        clearInterval(heartbeat);
        unsubscribe();
        closers.delete(close);
        const left = (readers.get(reader) ?? 1) - 1;
        if (left === 0) readers.delete(reader); else readers.set(reader, left);
        response.end(why);
        // Who does not read does not take the end either.
        setTimeout(() => response.destroy(), 2_000).unref();
      };
      const write = (text: string): void => {
        if (!open) return;
        if (response.writableLength + text.length > buffered) close(`event: dropped\ndata: ${JSON.stringify({ code: 'slow_reader', detail: 'you read slower than events come: connect again with Last-Event-ID' })}\n\n`);
        else response.write(text);
      };
      const heartbeat = setInterval(() => write(': beat\n\n'), heartbeatMs);
      heartbeat.unref();
      closers.add(close);
      response.on('close', () => close());
      response.on('error', () => close());
      unsubscribe = channel.subscribe(lastEventId, (event) => {
        write(frame(event));
        if (event.event === lastEvent) close();
      });
      if (!open) unsubscribe();
    },
  };
};
