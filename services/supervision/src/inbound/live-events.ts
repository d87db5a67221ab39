import type { RunEvent } from '@countersign/contracts';
import { CodedError } from '@countersign/service-host';
import type { ServerResponse } from 'node:http';
import { formatPlace } from '../core/place.ts';
import type { Place } from '../core/place.ts';

/** Nest token. */
export const LIVE_EVENTS = Symbol('LiveEvents');

export interface LiveLimits {
  readonly streams: number;
  readonly perPerson: number;
  /** Bytes waiting for one reader before it is dropped. */
  readonly buffered: number;
  /** Longest life of a stream: a reader comes back with a new login, so that whoever may no longer read stops reading. */
  readonly lifeMs: number;
  /** How often what another instance wrote is looked for, and a line is sent where nothing happened. */
  readonly pollMs: number;
  readonly beatMs: number;
}
const defaults: LiveLimits = { streams: 200, perPerson: 8, buffered: 524_288, lifeMs: 15 * 60_000, pollMs: 500, beatMs: 15_000 };
const perPage = 200;

export interface LiveEvents {
  /** Server-sent events from a place on, until the reader goes, falls behind or its time is over. */
  open(response: ServerResponse, options: { readonly person: string; readonly place: Place; readonly read: (place: Place, limit: number) => Promise<{ readonly events: readonly RunEvent[]; readonly place: Place }> }): void;
  /** Something was written here. */
  wake(): void;
  closeAll(): void;
}

const frame = (event: RunEvent): string => `id: ${event.id}\nevent: ${event.kind}\ndata: ${JSON.stringify(event)}\n\n`;

export const createLiveEvents = (change: Partial<LiveLimits> = {}): LiveEvents => {
  const limits = { ...defaults, ...change };
  const readers = new Map<(why?: string) => void, { readonly person: string; readonly wake: () => void }>();
  let closed = false;
  return {
    wake: () => { for (const { wake } of readers.values()) wake(); },
    closeAll: () => {
      closed = true;
      for (const close of [...readers.keys()]) close('event: closing\ndata: {"code":"shutting_down"}\n\n');
    },
    open: (response, { person, place: from, read }) => {
      if (closed) throw new CodedError('shutting_down', 'this service is stopping');
      if (readers.size >= limits.streams || [...readers.values()].filter((one) => one.person === person).length >= limits.perPerson) throw new CodedError('rate_limited', `at most ${limits.perPerson} streams for one person`, { retryAfterS: 5 });
      let place = from, open = true, reading = false, again = false;
      response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-store', 'x-accel-buffering': 'no' });
      response.write(`id: ${formatPlace(place)}\n: open\n\n`);
      const close = (why = ''): void => {
        if (!open) return;
        open = false;
        for (const timer of timers) clearInterval(timer);
        readers.delete(close);
        response.end(why);
        setTimeout(() => response.destroy(), 2_000).unref();
      };
      const next = async (): Promise<void> => {
        for (let more = true; more && open;) {
          const page = await read(place, perPage);
          if (!open) return;
          const text = page.events.map(frame).join('');
          if (response.writableLength + text.length > limits.buffered) return close('event: dropped\ndata: {"code":"slow_reader"}\n\n');
          if (text !== '') response.write(text);
          // Where all of it was left out by the filter, the reader's place moves on all the same.
          else if (page.place !== place) response.write(`id: ${formatPlace(page.place)}\n\n`);
          place = page.place;
          more = page.events.length >= perPage;
        }
      };
      const wake = (): void => {
        again = true;
        if (reading || !open) return;
        reading = true;
        (async () => { while (again && open) { again = false; await next(); } })()
          .catch(() => close('event: closing\ndata: {"code":"store_unavailable"}\n\n')).finally(() => { reading = false; });
      };
      const timers = [setInterval(wake, limits.pollMs), setInterval(() => { if (open) response.write(': beat\n\n'); }, limits.beatMs), setTimeout(() => close('event: closing\ndata: {"code":"stream_over"}\n\n'), limits.lifeMs)];
      for (const timer of timers) timer.unref();
      readers.set(close, { person, wake });
      response.on('close', () => close());
      response.on('error', () => close());
      wake();
    },
  };
};
