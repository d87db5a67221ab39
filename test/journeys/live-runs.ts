import type { RunEvent } from '@countersign/contracts';
import { bearer } from '@countersign/spec/whole';
import type { Whole } from '@countersign/spec/whole';

export interface LiveRuns {
  readonly events: readonly RunEvent[];
  /** Resolves once the stream stands: what happens from then on is not missed. */
  readonly open: Promise<void>;
  stop(): void;
}

/** Reads supervision's live stream. @param after the event behind which it begins */
export const liveRuns = (whole: Whole, query: string, after?: string): LiveRuns => {
  const ending = new AbortController();
  const events: RunEvent[] = [];
  const opening = (async () => {
    const response = await fetch(`${whole.urls.supervision}/timeline/stream?${query}`, { signal: ending.signal, headers: { authorization: bearer(whole.people.nobody, 'supervision'), ...(after !== undefined && { 'last-event-id': after }) } });
    if (!response.ok) throw new Error(`HTTP ${response.status}: ${await response.text()}`);
    return response;
  })();
  const reading = async (response: Response): Promise<void> => {
    let rest = '';
    for await (const text of response.body!.pipeThrough(new TextDecoderStream() as never) as unknown as AsyncIterable<string>) {
      const frames = (rest + text).split('\n\n');
      rest = frames.pop()!;
      for (const frame of frames) { const data = /^data: (.*)$/m.exec(frame)?.[1]; if (data !== undefined) events.push(JSON.parse(data) as RunEvent); }
    }
  };
  const open = opening.then(() => undefined);
  // Who waits for it hears of a failure; nobody has to.
  open.catch(() => undefined);
  opening.then(reading).catch(() => undefined);
  return { events, open, stop: () => { ending.abort(); } };
};
