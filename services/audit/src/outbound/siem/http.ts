import type { Outgoing } from '@countersign/service-host';
import type { SendBatch } from '../../app/deliver.ts';
import { toApiActivity } from '../../core/siem/ocsf.ts';
import type { SiemRecord } from '../../core/siem/record.ts';

/** Answers that say that this very content will never be taken. Everything else is worth another try, a wrong token too: it is mended outside. */
const never = new Set([400, 413, 415, 422]);

const post = (outgoing: Outgoing, url: string, headers: () => Promise<Readonly<Record<string, string>>>, bodyOf: (records: readonly SiemRecord[]) => string): SendBatch => async (records) => {
  const { status, text } = await outgoing({ method: 'POST', url, body: bodyOf(records), headers: { ...await headers(), 'content-type': 'application/json' } });
  if (status >= 200 && status < 300) return 'taken';
  if (never.has(status)) return 'refused';
  throw new Error(`the receiver answered ${status}: ${text.slice(0, 200)}`);
};

/** @param token read anew for each batch, so that a changed one counts at once */
export const ocsfHttp = (outgoing: Outgoing, url: string, origin: string, token: (() => Promise<string>) | undefined): SendBatch =>
  post(outgoing, url, async () => (token === undefined ? {} : { authorization: `Bearer ${await token()}` }), (records) => JSON.stringify(records.map((record) => toApiActivity(record, origin))));

/** Splunk HTTP Event Collector: one JSON object after another. */
export const splunkHec = (outgoing: Outgoing, url: string, origin: string, token: () => Promise<string>): SendBatch =>
  post(outgoing, url, async () => ({ authorization: `Splunk ${await token()}` }), (records) => records.map((record) => JSON.stringify({
    time: record.at / 1000, host: origin, source: 'countersign', sourcetype: 'countersign:audit:ocsf', event: toApiActivity(record, origin),
  })).join('\n'));
