import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdtempSync, readFileSync, rmSync, existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { otlpFile } from './otlp-file.ts';
import { isTracing, recordSpan, startTracing, withSpan } from './tracing.ts';

/** An OTLP/HTTP collector that keeps what it gets. */
const bodies: Buffer[] = [];
let server: Server;
beforeAll(async () => {
  server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk)).on('end', () => { bodies.push(Buffer.concat(chunks)); response.writeHead(200, { 'content-type': 'application/json' }).end('{}'); });
  });
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve); });
});
afterAll(() => { server.close(); });

describe('traces', () => {
  it('link proposal, decision and audit entry in one trace at the collector', async () => {
    const tracing = await startTracing({ service: 'test', endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
    const traceId = 'a'.repeat(31) + '1';
    const decided = withSpan('countersign.decide', `00-${traceId}-00000000000000b1-01`, (span) => span.traceparent);
    expect(decided).toMatch(new RegExp(`^00-${traceId}-[0-9a-f]{16}-01$`));
    expect(decided).not.toContain('00000000000000b1');
    withSpan('countersign.audit.entry', decided, () => undefined);
    await tracing.stop();
    const sent = Buffer.concat(bodies).toString('latin1');
    expect(sent).toContain('countersign.decide');
    expect(sent).toContain('countersign.audit.entry');
    // Both spans carry the trace of the proposal.
    expect(sent.split(traceId).length - 1).toBe(2);
  });

  it('go into a file of OTLP/JSON lines that a collector reads, with what was told afterwards in the same trace', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'traces-'));
    try {
      const tracing = await startTracing({ service: 'filed', endpoint: pathToFileURL(folder).href });
      const traceId = 'b'.repeat(31) + '2';
      expect(isTracing()).toBe(true);
      const decided = withSpan('countersign.decide', `00-${traceId}-00000000000000b1-01`, (span) => span.traceparent);
      recordSpan('execute_tool payments.transfer', decided, { from: 1_000, to: 1_250, attributes: { 'gen_ai.tool.name': 'payments.transfer' }, failed: 'failed' });
      await tracing.stop();
      expect(isTracing()).toBe(false);
      const lines = readFileSync(join(folder, 'countersign-filed.jsonl'), 'utf8').trim().split('\n').map((line) => JSON.parse(line) as { resourceSpans: { scopeSpans: { spans: { name: string; traceId: string; startTimeUnixNano: string; endTimeUnixNano: string; parentSpanId: string; status: { code: number } }[] }[] }[] });
      const spans = lines.flatMap(({ resourceSpans }) => resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap((scope) => scope.spans)));
      expect(spans.map(({ name, traceId: of }) => [name, of])).toEqual([['countersign.decide', traceId], ['execute_tool payments.transfer', traceId]]);
      expect(spans[1]).toMatchObject({ parentSpanId: decided!.split('-')[2], startTimeUnixNano: '1000000000', endTimeUnixNano: '1250000000', status: { code: 2 } });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('fill no disk: a full file makes way once, and one that cannot be written is no failure of ours', () => {
    const folder = mkdtempSync(join(tmpdir(), 'traces-'));
    try {
      const results: number[] = [];
      const exporter = otlpFile(folder, 'small', 20);
      for (let i = 0; i < 3; i++) exporter.export([], ({ code }) => results.push(code));
      expect(existsSync(join(folder, 'small.jsonl.1'))).toBe(true);
      otlpFile('/dev/null/no-folder', 'x').export([], ({ code }) => results.push(code));
      expect(results).toEqual([0, 0, 0, 1]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
