import type { Bus } from '@countersign/bus';
import { topic } from '@countersign/contracts';
import type { GovernedDecided } from '@countersign/contracts';

export interface Reading {
  /** Epoch ms by policy's clock (`now` of the record); to is exclusive. */
  readonly from: number; readonly to: number;
  readonly onRecord: (record: GovernedDecided) => void;
  /** Share read, 0 to 1. */
  readonly onProgress: (share: number) => void;
}

/** Hands out the decisions of a stretch of time, those of one run in order. */
export type ReadRecords = (reading: Reading) => Promise<void>;

const decided = 'countersign.governed.action.decided.v1';
/** The broker's clock, by which a stretch is found, and policy's, which is on the record, may differ by this much. */
const clocksApartMs = 60_000;

/** The governed stream itself. Only policy may write there, so what it says is taken as it is; other kinds of records are not even parsed. */
export const recordsFromBus = (bus: Bus): ReadRecords => async ({ from, to, onRecord, onProgress }) => {
  const ranges = new Map<number, { readonly from: bigint; readonly to: bigint }>();
  const reached = new Map<number, bigint>();
  let total = 0n;
  await bus.scan({
    topic: topic.runsGoverned,
    ...(from > clocksApartMs && { fromMs: from - clocksApartMs }), ...(Number.isFinite(to) && { toMs: to + clocksApartMs }),
    onRanges: (found) => { for (const range of found) { ranges.set(range.partition, range); total += range.to - range.from; } },
    onBatch: (messages) => {
      for (const { value, headers } of messages) {
        if (value === null || headers['ce_type'] !== decided) continue;
        const record = JSON.parse(value.toString()) as GovernedDecided;
        if (record.now >= from && record.now < to) onRecord(record);
      }
      const last = messages.at(-1)!;
      reached.set(last.partition, last.offset + 1n);
      let done = 0n;
      for (const [partition, offset] of reached) done += offset - ranges.get(partition)!.from;
      onProgress(total === 0n ? 1 : Number(done) / Number(total));
    },
  });
};
