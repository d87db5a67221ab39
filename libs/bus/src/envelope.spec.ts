import { describe, expect, it } from '@jest/globals';
import { envelope, readEnvelope } from './envelope.ts';

const fields = { id: '0193', type: 'countersign.runs.proposed.v1', source: 'urn:agent:a', time: Date.UTC(2026, 10, 21, 3, 4, 5, 6), tenant: 'acme', traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01` };

describe('envelope', () => {
  it('comes back as it went out', () => {
    expect(envelope(fields)['ce_time']).toBe('2026-11-21T03:04:05.006Z');
    expect(readEnvelope({ headers: envelope(fields) })).toEqual({ ok: true, envelope: fields });
  });

  it.each(['ce_specversion', 'ce_id', 'ce_type', 'ce_source', 'ce_time', 'tenant', 'content-type'])('refuses a message without %s, naming it', (name) => {
    const headers = envelope(fields);
    delete headers[name];
    expect(readEnvelope({ headers })).toMatchObject({ ok: false, code: 'envelope_invalid', detail: expect.stringContaining(name) });
  });

  it.each([['ce_time', 'yesterday'], ['ce_time', '2026'], ['ce_id', 'x'.repeat(513)], ['ce_specversion', '0.3'], ['content-type', 'application/jsonp']])('refuses %s of %s', (name, value) => {
    expect(readEnvelope({ headers: { ...envelope(fields), [name]: value } }).ok).toBe(false);
  });

  it('drops a malformed traceparent', () => {
    const { traceparent: _, ...rest } = fields;
    expect(readEnvelope({ headers: { ...envelope(fields), traceparent: '00-zz' } })).toEqual({ ok: true, envelope: rest });
  });
});
