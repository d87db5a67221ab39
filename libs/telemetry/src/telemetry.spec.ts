import { describe, expect, it } from '@jest/globals';
import { createLogger } from './logger.ts';
import { createMetrics } from './metrics.ts';
import { injectTraceparent, isTraceparent, withSpan } from './tracing.ts';

const lines: Record<string, unknown>[] = [];
const destination = { write: (line: string) => { lines.push(JSON.parse(line) as Record<string, unknown>); } };

describe('logger', () => {
  it('writes one JSON line with secrets redacted', () => {
    createLogger({ service: 'policy', destination }).info({ headers: { authorization: 'Bearer x' }, proof_key: 'k', agent: 'a' }, 'opened');
    expect(lines.pop()).toMatchObject({ level: 'info', service: 'policy', msg: 'opened', agent: 'a', proof_key: '[redacted]', headers: { authorization: '[redacted]' } });
  });

  it('bounds a flood of one text and says how many were held back', () => {
    let now = 0;
    lines.length = 0;
    const log = createLogger({ service: 's', destination, repeats: { max: 3, windowMs: 1_000 }, now: () => now });
    for (let i = 0; i < 500; i++) log.warn({ i }, 'unknown agent');
    log.warn('something else');
    expect(lines.map((line) => line['msg'])).toEqual(['unknown agent', 'unknown agent', 'unknown agent', 'something else']);
    now = 1_000;
    log.warn({ i: 500 }, 'unknown agent');
    expect(lines.at(-1)).toMatchObject({ i: 500, suppressed: 497 });
  });
});

describe('metrics', () => {
  it('gives the same counter for the same name and prints it', async () => {
    const metrics = createMetrics('policy', { defaults: false });
    metrics.counter('countersign_x_total', 'x', ['code']).inc({ code: 'a' });
    metrics.counter('countersign_x_total', 'x', ['code']).inc({ code: 'a' });
    expect(await metrics.text()).toContain('countersign_x_total{code="a",service="policy"} 2');
  });
});

describe('tracing without an exporter', () => {
  const parent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
  it('hands the traceparent on and lets results and errors through', async () => {
    expect(withSpan('x', parent, (span) => injectTraceparent({ a: '1' }, span))).toEqual({ a: '1', traceparent: parent });
    expect(withSpan('x', null, (span) => injectTraceparent({ a: '1' }, span))).toEqual({ a: '1' });
    await expect(withSpan('x', parent, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
  });
  it('knows a traceparent', () => {
    expect(isTraceparent(parent)).toBe(true);
    expect(isTraceparent(parent.replace(/^00-.{32}/, `00-${'0'.repeat(32)}`))).toBe(false);
    expect(isTraceparent('nonsense')).toBe(false);
  });
});
