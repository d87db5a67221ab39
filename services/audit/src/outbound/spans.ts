import { isTracing, recordSpan, withSpan } from '@countersign/telemetry';
import type { SourceRecord } from '../core/entry.ts';
import { fieldsOf, idOf, numberOf } from '../core/reading.ts';

const outcome = 'countersign.governed.action.outcome.v1';

/**
 * Tells of an entry by a span in the record's own trace; the span names the entry, the entry's leaf the trace (`countersign audit query --trace`).
 * A reported outcome is told as an `execute_tool` span too (OpenTelemetry GenAI conventions): how long it took is the runtime's word.
 * No arguments and no results: those are in the payload, for whom it may concern.
 */
export const traced = (source: SourceRecord): void => {
  if (!isTracing()) return;
  const { ce_type: type, ce_id: id, traceparent } = source.headers;
  withSpan('countersign.audit.entry', traceparent, () => undefined, { 'countersign.entry.id': id ?? '', 'countersign.entry.type': type ?? '', 'messaging.system': 'kafka', 'messaging.destination.name': source.topic, 'messaging.destination.partition.id': String(source.partition), 'messaging.kafka.offset': Number(source.offset) });
  if (type === outcome) executed(source, traceparent);
};

const executed = (source: SourceRecord, traceparent: string | undefined): void => {
  const record = jsonOf(source.value);
  const message = fieldsOf(record['message']);
  const [tool, status] = [idOf(record['tool']) ?? 'unknown', idOf(message['status'], 32) ?? 'unknown'];
  if (status === 'not_executed') return;
  const to = numberOf(record['now']) ?? source.at;
  const failed = status === 'succeeded' ? undefined : status;
  recordSpan(`execute_tool ${tool}`, traceparent, {
    from: to - Math.max(0, Math.min(numberOf(message['durationMs']) ?? 0, 86_400_000)), to, failed,
    attributes: {
      'gen_ai.operation.name': 'execute_tool', 'gen_ai.tool.name': tool, 'gen_ai.tool.type': 'function', 'gen_ai.tool.call.id': idOf(record['action']) ?? '', 'gen_ai.agent.id': idOf(record['agent']) ?? '',
      'gen_ai.conversation.id': idOf(record['run']) ?? '', 'countersign.outcome': status, 'countersign.entry.id': source.headers['ce_id'] ?? '', ...(failed !== undefined && { 'error.type': failed }),
    },
  });
};

const jsonOf = (value: Uint8Array): Readonly<Record<string, unknown>> => {
  try {
    return fieldsOf(JSON.parse(Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString()));
  } catch {
    return {};
  }
};
