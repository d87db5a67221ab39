import type { EnforcementReport, HaltNotice } from '@countersign/contracts';
import type { HaltBook } from './ports.ts';

export interface DrillPorts {
  readonly book: HaltBook;
  readonly tenant: string;
  /** Those who have to confirm. */
  readonly points: () => readonly { readonly point: string; readonly seen: bigint }[];
  readonly onReport: (tell: (report: EnforcementReport) => void) => () => void;
  /** Where a notice stands in the topic, once it was heard here. */
  readonly offsetOf: (notice: Pick<HaltNotice, 'halt' | 'op'>) => bigint | undefined;
  readonly now: () => number;
  readonly sleep: (ms: number) => Promise<void>;
}

export interface Drilled { readonly drill: string; readonly at: number; readonly acknowledged: number; readonly of: number; readonly lastMs: number | null; readonly points: readonly { readonly point: string; readonly ms: number | null }[] }

const withinMs = 5_000;

/**
 * Halts a run that does not exist, by the same way as any halt, and takes the time until each enforcement point has confirmed it; then lifts it. The way
 * back of the confirmation is in the figure: what it says is never too short.
 */
export const drill = async ({ book, tenant, points, onReport, offsetOf, now, sleep }: DrillPorts, id: { readonly halt: string; readonly run: string }, by: string, reason: string): Promise<Drilled> => {
  const expected = points().map(({ point }) => point), heard: { readonly point: string; readonly seen: bigint; readonly at: number }[] = [];
  const stop = onReport(({ point, seen }) => heard.push({ point, seen: BigInt(seen), at: now() }));
  const at = now();
  const notice: HaltNotice = { halt: id.halt, op: 'halt', mode: 'halt', tenant, scope: { kind: 'run', id: id.run }, by, reason, at };
  try {
    await book.add(notice);
    const confirmed = (point: string): number | null => {
      const offset = offsetOf(notice);
      const first = offset === undefined ? undefined : heard.find((one) => one.point === point && one.seen >= offset);
      return first === undefined ? null : first.at - at;
    };
    while (now() - at < withinMs && expected.some((point) => confirmed(point) === null)) await sleep(5);
    const measured = expected.map((point) => ({ point, ms: confirmed(point) }));
    const all = measured.flatMap(({ ms }) => (ms === null ? [] : [ms]));
    return { drill: id.halt, at, acknowledged: all.length, of: measured.length, lastMs: all.length === measured.length && all.length > 0 ? Math.max(...all) : null, points: measured };
  } finally {
    stop();
    await book.add({ ...notice, op: 'lift', at: now() });
  }
};
