import type { BusMessage } from './port.ts';

/** CloudEvents 1.0 attributes in the Kafka binary binding. */
export interface Envelope {
  readonly id: string;
  readonly type: string;
  readonly source: string;
  /** RFC 3339 on the wire, epoch milliseconds here. */
  readonly time: number;
  readonly tenant: string;
  /** W3C trace context. */
  readonly traceparent?: string;
}

export type EnvelopeResult =
  | { readonly ok: true; readonly envelope: Envelope }
  | { readonly ok: false; readonly code: 'envelope_invalid'; readonly detail: string };

const longest = 512;
const traceparentForm = /^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/;
const timeForm = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?(Z|[+-]\d{2}:\d{2})$/;

/** Headers of a message; id and time are data. */
export const envelope = (fields: Envelope): Record<string, string> => ({
  ce_specversion: '1.0',
  ce_id: fields.id,
  ce_type: fields.type,
  ce_source: fields.source,
  ce_time: new Date(fields.time).toISOString(),
  'content-type': 'application/json',
  tenant: fields.tenant,
  ...(fields.traceparent === undefined ? {} : { traceparent: fields.traceparent }),
});

/** Reads and bounds the envelope. A malformed traceparent is dropped, as W3C asks; everything else malformed is refused. */
export const readEnvelope = (message: Pick<BusMessage, 'headers'>): EnvelopeResult => {
  const { headers } = message;
  const invalid = (detail: string): EnvelopeResult => ({ ok: false, code: 'envelope_invalid', detail });
  if (headers['ce_specversion'] !== '1.0') return invalid('header ce_specversion must be 1.0');
  if (!/^application\/json(;|$)/.test(headers['content-type'] ?? '')) return invalid('header content-type must be application/json');
  for (const name of ['ce_id', 'ce_type', 'ce_source', 'ce_time', 'tenant']) {
    const value = headers[name];
    if (value === undefined || value === '') return invalid(`header ${name} is missing`);
    if (value.length > longest) return invalid(`header ${name} is longer than ${longest} characters`);
  }
  const time = timeForm.test(headers['ce_time']!) ? Date.parse(headers['ce_time']!) : Number.NaN;
  if (Number.isNaN(time)) return invalid('header ce_time must be RFC 3339');
  const traceparent = headers['traceparent'];
  return {
    ok: true,
    envelope: {
      id: headers['ce_id']!, type: headers['ce_type']!, source: headers['ce_source']!, time, tenant: headers['tenant']!,
      ...(traceparent !== undefined && traceparentForm.test(traceparent) ? { traceparent } : {}),
    },
  };
};
