import { envelope } from '@countersign/bus';
import type { Bus } from '@countersign/bus';
import { topic } from '@countersign/contracts';
import type { EnforcementReport } from '@countersign/contracts';
import { signServiceMessage } from '@countersign/identity';
import type { SigningKey } from '@countersign/identity';
import { randomUUID } from 'node:crypto';

/** Who says what it has heard of the halts: so that a stop is confirmed and not assumed. */
export interface ReportingPoint {
  /** `guard/NAME` as enrolled at supervision, `policy/…`, `claims/…`. */
  readonly point: string;
  readonly kind: EnforcementReport['kind'];
  /** Of a guard: the key that was enrolled for it, its kid the point's name and `-1`. Of a service: its own. */
  readonly key: SigningKey;
  readonly tenant: string;
  /** Default `enforcement.reports.v1`. */
  readonly topic?: string;
  /** How often it reports where nothing new came, ms. Default 1,000. */
  readonly everyMs?: number;
}

export interface HaltReporter {
  /** The view has read the halts up to this offset; `now`: a halt or lift was among it. */
  seen(offset: bigint, notice: boolean): void;
  stop(): Promise<void>;
}

/**
 * Reports one number: up to where the halts were read. A notice is confirmed by every report at or beyond its offset, so that one signature confirms
 * any number of them, and a report that is lost is made good by the next. At most one is on its way at a time.
 */
export const createHaltReporter = (bus: Bus, { point, kind, key, tenant, topic: name = topic.enforcementReports, everyMs = 1_000 }: ReportingPoint, now: () => number, onError: (error: Error) => void): HaltReporter => {
  let at = -1n, sent = -1n, sending: Promise<void> | undefined, stopped = false;
  const send = (): void => {
    if (sending !== undefined || stopped || at < 0n) return;
    const saying = at;
    const report: EnforcementReport = { point, kind, seen: String(saying), at: now() };
    sending = bus.publish([signServiceMessage({
      topic: name, key: point, value: Buffer.from(JSON.stringify(report)), headers: envelope({ id: randomUUID(), type: `countersign.enforcement.${kind}.v1`, source: point, time: report.at, tenant }),
    }, key)]).then(() => { sent = saying; }, (error: Error) => onError(error)).finally(() => {
      sending = undefined;
      if (urgent > sent) send();
    });
  };
  let urgent = -1n;
  const timer = setInterval(send, everyMs);
  timer.unref();
  return {
    seen: (offset, notice) => {
      if (offset > at) at = offset;
      if (!notice) return;
      if (offset > urgent) urgent = offset;
      send();
    },
    stop: async () => {
      stopped = true;
      clearInterval(timer);
      await sending;
    },
  };
};
