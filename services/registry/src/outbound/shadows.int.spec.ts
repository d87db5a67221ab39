import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openOwnDatabase } from '@countersign/spec';
import type { OwnDatabase } from '@countersign/spec';
import { DataSource } from 'typeorm';
import { CreateDeeds1763750000000 } from './deeds.ts';
import { createShadows } from './shadows.ts';

const at = 20_000 * 86_400_000;
const seen = (principal: string, count: number, lastAt = at) => ({ principal, code: 'token_invalid', count, firstAt: lastAt, lastAt });

describe('shadow agents in PostgreSQL', () => {
  let database: OwnDatabase;
  let source: DataSource;
  beforeAll(async () => {
    database = await openOwnDatabase('registry_shadows');
    source = await new DataSource({ type: 'postgres', url: database.url, migrations: [CreateDeeds1763750000000], migrationsRun: true }).initialize();
  });
  afterAll(async () => {
    await source?.destroy();
    await database?.close();
  });

  it('a flood of made-up names is bounded, keeps who is seen often, and counts the rest', async () => {
    const shadows = createShadows(source, 10);
    await shadows.see([seen('regular', 50)], 0);
    for (let round = 0; round < 5; round++) await shadows.see(Array.from({ length: 100 }, (_, i) => seen(`made-up-${round}-${i}`, 1, at + round)), 7);
    await shadows.see([seen('regular', 1, at + 9)], 0);
    const { shadows: kept, shadowsForgotten } = await shadows.list();
    expect(kept).toHaveLength(10);
    expect(kept[0]).toEqual({ ...seen('regular', 51, at + 9), firstAt: at });
    expect(kept.reduce((sum, { count }) => sum + count, 0) + shadowsForgotten).toBe(51 + 500 + 35);
  });

  it('each is told about once a day, and not more than so many', async () => {
    const shadows = createShadows(source, 10);
    const first = await shadows.untold(20_000, 4);
    expect(first).toHaveLength(4);
    expect(first[0]!.principal).toBe('regular');
    await shadows.told(first.map(({ principal }) => principal), 20_000);
    expect(await shadows.untold(20_000, 4)).toEqual([]);
    expect((await shadows.untold(20_000, 100)).map(({ principal }) => principal)).not.toContain('regular');
    await shadows.see([seen('regular', 1, at + 86_400_000)], 0);
    expect((await shadows.untold(20_001, 100)).map(({ principal }) => principal)).toEqual(['regular']);
  });
});
