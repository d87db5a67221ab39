import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { createGunzip } from 'node:zlib';
import type { Bus } from '@countersign/bus';
import { topic } from '@countersign/contracts';
import type { GovernedRecord, ServiceEvent } from '@countersign/contracts';
import { verifyServiceMessage } from '@countersign/identity';
import type { KeySet } from '@countersign/identity';
import type { Verdict } from '@countersign/policy/core/calibration/labels';
import { CannotRun } from '../../errors.ts';

export interface Stretch { readonly from: number; readonly to: number }
export interface Takes { readonly record: (record: GovernedRecord) => void; readonly review: (verdict: Verdict) => void }

const kinds = ['action.decided', 'action.outcome', 'action.reversed'];
const clocksApartMs = 60_000;

/** A verdict in an event of approvals, if it is one. */
export const verdictIn = (event: Partial<ServiceEvent>): Verdict | undefined => {
  const { run, action, verdict } = (event.data ?? {}) as Record<string, unknown>;
  if (event.type !== 'reviewed' || typeof run !== 'string' || typeof action !== 'string' || (verdict !== 'right' && verdict !== 'wrong')) return undefined;
  return { run, action, verdict };
};

/** Decisions of the stretch, and whatever came of them later, until now; verdicts only where approvals signed them. */
export const readBus = async (bus: Bus, keys: KeySet, { from, to }: Stretch, takes: Takes): Promise<void> => {
  const start = Number.isFinite(from) ? { fromMs: from - clocksApartMs } : {};
  await bus.scan({
    topic: topic.runsGoverned, ...start,
    onBatch: (messages) => {
      for (const { value, headers } of messages) {
        if (value === null || !kinds.some((kind) => headers['ce_type'] === `countersign.governed.${kind}.v1`)) continue;
        take(JSON.parse(value.toString()) as GovernedRecord, { from, to }, takes);
      }
    },
  });
  await bus.scan({
    topic: topic.approvalsEvents, ...start,
    onBatch: (messages) => {
      for (const message of messages) {
        if (message.value === null || !verifyServiceMessage(message, keys, { [message.headers['ce_type'] ?? '']: ['approvals'] }).ok) continue;
        const verdict = verdictIn(JSON.parse(message.value.toString()) as ServiceEvent);
        if (verdict !== undefined) takes.review(verdict);
      }
    },
  });
};

/** What was decided outside of the stretch is left out; what came of it later counts. */
const take = (record: GovernedRecord, { from, to }: Stretch, { record: told }: Takes): void => {
  if (record.kind === 'action.decided' && record.round === 1 && !(record.now >= from && record.now < to)) return;
  told(record);
};

/** JSON Lines: governed records as `replay --keep` writes them, events of approvals; .gz allowed. Signatures are not looked at: the file is trusted. */
export const readFiles = async (paths: readonly string[], stretch: Stretch, takes: Takes): Promise<void> => {
  for (const path of paths) {
    const file = createReadStream(path);
    const input = path.endsWith('.gz') ? file.pipe(createGunzip()) : file;
    file.on('error', (error) => input.destroy(error));
    let number = 0;
    try {
      for await (const line of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
        number++;
        if (line.trim() !== '') takeLine(JSON.parse(line) as Record<string, unknown>, stretch, takes);
      }
    } catch (error) {
      throw new CannotRun(`${path}${number > 0 ? `, line ${number}` : ''} cannot be read: ${(error as Error).message}`);
    }
  }
};

const takeLine = (line: Record<string, unknown>, stretch: Stretch, takes: Takes): void => {
  const record = (line['record'] ?? line) as Partial<GovernedRecord> & Partial<ServiceEvent>;
  const verdict = verdictIn(record);
  if (verdict !== undefined) takes.review(verdict);
  else if (typeof record.kind === 'string' && kinds.includes(record.kind)) take(record as GovernedRecord, stretch, takes);
};
