import { describe, expect, it } from '@jest/globals';
import { PoisonMessage } from '@countersign/bus';
import type { BusMessage } from '@countersign/bus';
import { readFileSync } from 'node:fs';
import { readGoverned } from './governed.ts';

const message = (value: unknown): BusMessage => ({ topic: 'runs.governed.v1', partition: 0, offset: 7n, key: 'r', value: Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)), headers: {}, timestamp: 0 } as unknown as BusMessage);
const { valid: [{ value: record }] } = JSON.parse(readFileSync(new URL('../../../contracts/schemas/governed/GovernedHalted.v1.examples.json', import.meta.url), 'utf8')) as { valid: readonly [{ value: Record<string, unknown> }] };

describe('a record of policy', () => {
  it('is read as it is, also with what a newer policy says in it', () => {
    expect(readGoverned(message(record))).toEqual(record);
    expect(readGoverned(message({ ...record, later: 1 }))).toEqual({ ...record, later: 1 });
    expect(readGoverned(message({ ...record, kind: 'run.reborn' }))).toMatchObject({ kind: 'run.reborn' });
  });

  it.each(['', '{', 'null', '[]', '{"kind":1}', '{"kind":"action.decided"}', JSON.stringify({ ...record, position: 'x' })])('%s is put aside as poison, so that nothing waits behind it', (text) => {
    expect(() => readGoverned(message(text))).toThrow(PoisonMessage);
  });
});
