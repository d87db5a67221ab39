import { describe, expect, it } from '@jest/globals';
import { baseConfig, postgresField } from './base-config.ts';
import { integer, parseConfig } from './config.ts';

const spec = { ...baseConfig({ port: 7101 }), postgres: postgresField, batch: integer('CS_BATCH', { default: 10, min: 1, max: 100 }) };
const good = { CS_KAFKA_BROKERS: '127.0.0.1:9092,b:2', CS_SECRETS_DIR: '/s', CS_POSTGRES_URL: 'postgres://u:p@127.0.0.1/x' };

describe('configuration', () => {
  it('is frozen and typed, with defaults', () => {
    const read = parseConfig(good, spec);
    expect(read).toMatchObject({ ok: true, config: { http: { host: '127.0.0.1', port: 7101 }, tenant: 'acme', batch: 10, bus: { kind: 'kafka', brokers: ['127.0.0.1:9092', 'b:2'], ssl: false } } });
    if (read.ok) expect(Object.isFrozen(read.config) && Object.isFrozen(read.config.bus)).toBe(true);
  });

  it('names every variable that is wrong, at once, and no password', () => {
    const read = parseConfig({ CS_BUS: 'embedded', CS_BUS_POSTGRES_URL: 'mysql://u:hunter2@x', CS_BATCH: '1e9', CS_HTTP_PORT: 'x', CS_TENANT: 'A b' }, spec);
    expect(read.ok).toBe(false);
    const problems = read.ok ? [] : read.problems;
    for (const name of ['CS_BUS_POSTGRES_URL', 'CS_BATCH', 'CS_HTTP_PORT', 'CS_TENANT', 'CS_SECRETS_DIR', 'CS_POSTGRES_URL']) expect(problems.some((problem) => problem.startsWith(name))).toBe(true);
    expect(problems.join()).not.toContain('hunter2');
  });

  it('takes a namespace for the bus, in lower case', () => {
    expect(parseConfig({ ...good, CS_BUS_NAMESPACE: 'cell-1' }, spec)).toMatchObject({ ok: true, config: { bus: { kind: 'kafka', namespace: 'cell-1' } } });
    expect(parseConfig({ ...good, CS_BUS_NAMESPACE: 'Cell 1' }, spec)).toMatchObject({ ok: false });
  });

  it('wants a password with SASL', () => {
    expect(parseConfig({ ...good, CS_KAFKA_SASL_MECHANISM: 'scram-sha-512', CS_KAFKA_SASL_USERNAME: 'u' }, spec)).toMatchObject({ ok: false });
    expect(parseConfig({ ...good, CS_KAFKA_SASL_MECHANISM: 'scram-sha-512', CS_KAFKA_SASL_USERNAME: 'u', CS_KAFKA_SASL_PASSWORD: 'p' }, spec)).toMatchObject({ ok: true, config: { bus: { sasl: { mechanism: 'scram-sha-512' } } } });
  });
});
