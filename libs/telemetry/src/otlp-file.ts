import { closeSync, mkdirSync, openSync, renameSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { JsonTraceSerializer } from '@opentelemetry/otlp-transformer';

/** What the SDK asks of an exporter of spans. */
interface SpanExporter {
  export(spans: Parameters<typeof JsonTraceSerializer.serializeRequest>[0], done: (result: { code: 0 | 1; error?: Error }) => void): void;
  shutdown(): Promise<void>;
  forceFlush(): Promise<void>;
}

/** Bytes of one file; with the one before it a service keeps twice as much at most. */
const mostBytes = 32 * 1024 * 1024;

/**
 * Spans into a file, one OTLP/JSON export request a line, as the collector's `otlpjsonfile` receiver reads them (infra/otel). Where the disk
 * will not have them they are lost: a trace is a convenience, and what counts is on the record.
 */
export const otlpFile = (folder: string, service: string, most = mostBytes): SpanExporter => {
  const path = join(folder, `${service}.jsonl`);
  const append = (line: Uint8Array): void => {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
    if (size > 0 && size + line.length > most) renameSync(path, `${path}.1`);
    const file = openSync(path, 'a', 0o600);
    try {
      writeSync(file, Buffer.concat([line, Buffer.from('\n')]));
    } finally {
      closeSync(file);
    }
  };
  return {
    export: (spans, done) => {
      try {
        const line = JsonTraceSerializer.serializeRequest(spans);
        if (line) append(line);
        done({ code: 0 });
      } catch (error) {
        done({ code: 1, error: error as Error });
      }
    },
    shutdown: async () => undefined,
    forceFlush: async () => undefined,
  };
};
