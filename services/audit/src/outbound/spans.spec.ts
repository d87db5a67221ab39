import { describe, expect, it } from '@jest/globals';
import { startTracing } from '@countersign/telemetry';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { action, payment, run } from '../story.fixture.ts';
import { traced } from './spans.ts';

interface Span { readonly name: string; readonly traceId: string; readonly startTimeUnixNano: string; readonly endTimeUnixNano: string; readonly attributes: readonly { readonly key: string; readonly value: { readonly stringValue?: string } }[] }

describe('spans of the record', () => {
  it('lead from proposal to outcome in one trace, name their entries, and say nothing of arguments or results', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'spans-'));
    try {
      const tracing = await startTracing({ service: 'audit', endpoint: pathToFileURL(folder).href });
      for (const message of payment()) traced({ ...message, at: message.timestamp, value: message.value! });
      await tracing.stop();
      const text = readFileSync(join(folder, 'countersign-audit.jsonl'), 'utf8');
      const spans = text.trim().split('\n').flatMap((line) => (JSON.parse(line) as { resourceSpans: { scopeSpans: { spans: Span[] }[] }[] }).resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap((scope) => scope.spans)));
      expect(new Set(spans.map(({ traceId }) => traceId))).toEqual(new Set(['4bf92f3577b34da6a3ce929d0e0e4736']));
      expect(spans.filter(({ name }) => name === 'countersign.audit.entry')).toHaveLength(7);
      const executed = spans.find(({ name }) => name === 'execute_tool payments.transfer')!;
      expect(Object.fromEntries(executed.attributes.map(({ key, value }) => [key, value.stringValue]))).toMatchObject({ 'gen_ai.operation.name': 'execute_tool', 'gen_ai.tool.name': 'payments.transfer', 'gen_ai.tool.call.id': action, 'gen_ai.agent.id': 'payer', 'gen_ai.conversation.id': run, 'countersign.outcome': 'succeeded' });
      expect(Number(BigInt(executed.endTimeUnixNano) - BigInt(executed.startTimeUnixNano))).toBe(12_000_000);
      expect(text).not.toMatch(/NL01PRNT|receipt 77|toner|invoice/);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
