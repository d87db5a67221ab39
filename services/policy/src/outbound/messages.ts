import type { BusMessage, Outgoing } from '@countersign/bus';
import { PoisonMessage, toDeadLetter } from '@countersign/bus';
import type { GovernedRecord, Reply } from '@countersign/contracts';
import { governedJson, replyJson } from './governed-json.ts';
import { receivedText } from './received.ts';

let lastTime = -1;
let lastText = '';
/** RFC 3339 of a batch's one `now`. */
const rfc3339 = (now: number): string => {
  if (now !== lastTime) {
    lastTime = now;
    lastText = new Date(now).toISOString();
  }
  return lastText;
};

const headers = (id: string, type: string, now: number, tenant: string, traceparent: string | null): Record<string, string> => {
  const made: Record<string, string> = { ce_specversion: '1.0', ce_id: id, ce_type: type, ce_source: '/policy', ce_time: rfc3339(now), 'content-type': 'application/json', tenant };
  if (traceparent !== null) made['traceparent'] = traceparent;
  return made;
};

/** A governed record on its way; records without a run are keyed by their partition. */
export const toGoverned = (topic: string, record: GovernedRecord, partition: number): Outgoing => ({
  topic, partition, key: record.run ?? `~partition:${partition}`, value: governedJson(record, receivedText),
  headers: headers(`${partition}.${record.position}`, `countersign.governed.${record.kind}.v1`, record.now, record.tenant, record.traceparent),
});

/** A reply on its way, to the input's partition. */
export const toReply = (topic: string, reply: Reply, to: { readonly id: string; readonly tenant: string; readonly now: number; readonly traceparent: string | null }): Outgoing => ({
  topic, key: reply.run, value: replyJson(reply),
  headers: headers(to.id, `countersign.replies.${reply.kind}.v1`, to.now, to.tenant, to.traceparent),
});

/** Raw bytes nobody can be held to, with where they stood and what was wrong. */
export const toDead = (topic: string, record: BusMessage, code: string, detail: string): Outgoing => ({
  ...toDeadLetter(new PoisonMessage(record, code, detail), topic), partition: record.partition,
});
