import { fileURLToPath } from 'node:url';
import { context, ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import type { Attributes, Context } from '@opentelemetry/api';

/**
 * Traces go with our own header `traceparent` (W3C Trace Context): inbox message → governed record → audit entry. Spans are made by
 * hand at those three places and link by that header, so kafkajs needs no instrumentation (which would need `--import`, FACTS 1).
 */
export interface Tracing { stop(): Promise<void> }

/** What a span hands to its work. `traceparent` is what goes on into outgoing messages and records; null where there is no trace. */
export interface SpanHandle {
  readonly traceparent: string | null;
  set(attributes: Attributes): void;
}

const shape = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/;
let exporting = false;

/** Starts exporting to an OTLP/HTTP endpoint (`http://host:4318`) or into files of a folder (`file:///var/traces`); without one everything here is a no-op and nothing is loaded. */
export const startTracing = async (options: { readonly service: string; readonly endpoint: string | undefined }): Promise<Tracing> => {
  if (options.endpoint === undefined) return { stop: async () => undefined };
  const { NodeSDK } = await import('@opentelemetry/sdk-node');
  const sdk = new NodeSDK({
    serviceName: `countersign-${options.service}`,
    traceExporter: await exporterTo(options.endpoint, options.service),
    instrumentations: [],
  });
  sdk.start();
  exporting = true;
  return { stop: async () => { exporting = false; await sdk.shutdown(); trace.disable(); } };
};

const exporterTo = async (endpoint: string, service: string) => {
  if (endpoint.startsWith('file:')) return (await import('./otlp-file.ts')).otlpFile(fileURLToPath(endpoint), `countersign-${service}`);
  const { OTLPTraceExporter } = await import('@opentelemetry/exporter-trace-otlp-http');
  return new OTLPTraceExporter({ url: `${endpoint.replace(/\/$/, '')}/v1/traces` });
};

/** Whether anybody collects spans: making their attributes costs nothing otherwise. */
export const isTracing = (): boolean => exporting;

/** Something that is over, as a span of the trace that its traceparent names: for what happened elsewhere and is told afterwards. Times in epoch ms. */
export const recordSpan = (name: string, traceparent: string | null | undefined, span: { readonly from: number; readonly to: number; readonly attributes: Attributes; readonly failed?: string | undefined }): void => {
  if (!exporting) return;
  const told = trace.getTracer('countersign').startSpan(name, { kind: SpanKind.INTERNAL, startTime: new Date(span.from), attributes: span.attributes }, contextOf(traceparent));
  if (span.failed !== undefined) told.setStatus({ code: SpanStatusCode.ERROR, message: span.failed });
  told.end(new Date(span.to));
};

/** Whether a text is a usable traceparent (version 00, ids not all zero). */
export const isTraceparent = (text: string): boolean => {
  const parts = shape.exec(text);
  return parts !== null && !/^0+$/.test(parts[1]!) && !/^0+$/.test(parts[2]!);
};

/**
 * Runs work inside a span that continues `traceparent` (or starts a trace). Errors are recorded and go on. Without an exporter the
 * work is called with the traceparent as it came: the chain of headers stays whole even where nobody collects spans.
 */
export const withSpan = <T>(name: string, traceparent: string | null | undefined, work: (span: SpanHandle) => T, attributes?: Attributes): T => {
  if (!exporting) return work({ traceparent: traceparent ?? null, set: nothing });
  const parent = contextOf(traceparent);
  const span = trace.getTracer('countersign').startSpan(name, { kind: SpanKind.INTERNAL, ...(attributes ? { attributes } : {}) }, parent);
  const { traceId, spanId, traceFlags } = span.spanContext();
  const handle: SpanHandle = { traceparent: `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`, set: (more) => { span.setAttributes(more); } };
  const failed = (error: unknown): never => {
    span.setStatus({ code: SpanStatusCode.ERROR, message: error instanceof Error ? error.message : String(error) });
    span.end();
    throw error;
  };
  try {
    const result = context.with(trace.setSpan(parent, span), () => work(handle));
    if (result instanceof Promise) return result.then((value: unknown) => { span.end(); return value; }, failed) as T;
    span.end();
    return result;
  } catch (error) {
    return failed(error);
  }
};

/** Adds the header to outgoing headers where there is a trace. */
export const injectTraceparent = (headers: Readonly<Record<string, string>>, span: Pick<SpanHandle, 'traceparent'>): Readonly<Record<string, string>> =>
  span.traceparent === null ? headers : { ...headers, traceparent: span.traceparent };

const nothing = (): void => undefined;

const contextOf = (traceparent: string | null | undefined): Context => {
  const parts = traceparent && isTraceparent(traceparent) ? shape.exec(traceparent) : null;
  if (parts === null) return ROOT_CONTEXT;
  return trace.setSpanContext(ROOT_CONTEXT, { traceId: parts[1]!, spanId: parts[2]!, traceFlags: Number.parseInt(parts[3]!, 16), isRemote: true });
};
