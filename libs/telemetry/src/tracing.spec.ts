import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { startTracing, withSpan } from './tracing.ts';

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
});
