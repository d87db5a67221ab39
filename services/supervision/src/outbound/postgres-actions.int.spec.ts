import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { openPool } from '@countersign/event-store/postgres';
import type { GovernedCancelled, GovernedDecided, GovernedOutcome, GovernedStarted } from '@countersign/contracts';
import { openOwnDatabase } from '@countersign/spec';
import type { OwnDatabase } from '@countersign/spec';
import { readFile } from 'node:fs/promises';
import type { Pool } from 'pg';
import { createPostgresActions } from './postgres-actions.ts';

let database: OwnDatabase;
let pool: Pool;

const base = { tenant: 'acme', run: 'r1', agent: 'payer', inbox: null, now: 1000, seq: null, traceparent: null };
const key = { tenant: 'acme', run: 'r1', action: 'a1' };
const decided = (position: number, decision: 'allow' | 'step_up' | 'deny', tier: 2 | 3 = 2) =>
  ({ ...base, position, kind: 'action.decided', action: 'a1', tool: 'payments.transfer', round: 1, message: { arguments: { note: 'a\0b' } }, decision: { decision, tier, code: decision === 'deny' ? 'rule_denied' : null } }) as unknown as GovernedDecided;
const outcome = (position: number) => ({ ...base, position, kind: 'action.outcome', action: 'a1', tool: 'payments.transfer', message: { status: 'succeeded', result: 'x\0', cost: null } }) as unknown as GovernedOutcome;
const cancelled = (position: number) => ({ ...base, position, kind: 'action.cancelled', action: 'a1', by: 'sue', reason: 'r' }) as GovernedCancelled;
const started = (position: number) => ({ ...base, position, kind: 'run.started', message: { instruction: { text: 'pay' } }, token: { run_not_after: 60 } }) as unknown as GovernedStarted;
const claims = { jti: 'c1', grant: 'g1', ...key, aud: 'payments', iat: 1, exp: 11 };

describe('rows of actions in PostgreSQL', () => {
  beforeAll(async () => {
    database = await openOwnDatabase('supervision');
    pool = openPool({ connectionString: database.url, max: 20 });
    await pool.query(await readFile(new URL('./schema.sql', import.meta.url), 'utf8'));
  });
  afterAll(async () => {
    await pool.end();
    await database.close();
  });
  beforeEach(async () => { await pool.query('truncate action, run'); });
  const status = async () => (await createPostgresActions(pool).find(key))?.status;

  it('follow the governed records, however often and in whatever batches they come', async () => {
    const store = createPostgresActions(pool);
    await store.fold([started(0), decided(1, 'step_up', 3)]);
    expect(await status()).toBe('open');
    await store.fold([decided(1, 'step_up', 3), decided(2, 'allow', 3)]);
    expect(await status()).toBe('granted');
    await store.fold([decided(1, 'step_up', 3), decided(2, 'allow', 3), outcome(3), decided(4, 'deny')]);
    expect(await status()).toBe('finished');
  });

  it('hold what came of an action that was stopped, and it stays stopped; one whose outcome nobody knows is unknown until it is', async () => {
    const store = createPostgresActions(pool);
    await store.fold([decided(1, 'allow'), cancelled(2), outcome(3)]);
    expect((await pool.query('select status, outcome, result from action')).rows).toEqual([{ status: 'cancelled', outcome: 'succeeded', result: 'x␀' }]);
    await pool.query('truncate action');
    await store.fold([decided(1, 'allow'), { ...outcome(2), message: { ...outcome(2).message, status: 'unknown' } }]);
    expect(await status()).toBe('unknown');
    await store.fold([outcome(3)]);
    expect(await status()).toBe('finished');
  });

  it('are won by exactly one of many claims and cancels at once', async () => {
    const store = createPostgresActions(pool);
    for (let round = 0; round < 10; round++) {
      await pool.query('truncate action');
      await store.fold([decided(1, 'allow')]);
      const won = await Promise.all(Array.from({ length: 10 }, (_, i) => (i % 2 ? store.cancel(key) : store.claim({ ...claims, jti: `c${i}` }))));
      expect(won.filter(Boolean)).toHaveLength(1);
    }
  });

  it('are recalled unless a grant is out that nobody has to ask for', async () => {
    const store = createPostgresActions(pool);
    await store.fold([decided(1, 'allow')]);
    await pool.query('update action set claim_needed = false');
    expect([await store.recall(key), await status()]).toEqual([false, 'granted']);
    await pool.query('update action set claim_needed = true');
    expect([await store.recall(key), await status()]).toEqual([true, 'cancelled']);
  });

  it('let nothing claim what was cancelled, and nothing cancel what was claimed', async () => {
    const store = createPostgresActions(pool);
    await store.fold([decided(1, 'allow')]);
    expect(await store.claim(claims)).toBe(true);
    await store.fold([cancelled(2)]);
    expect(await status()).toBe('claimed');
    await pool.query('truncate action');
    await store.fold([decided(1, 'allow'), cancelled(2), decided(3, 'allow')]);
    expect(await status()).toBe('cancelled');
    expect(await store.claim(claims)).toBe(false);
  });

  it('keep the claim for the grant that asks again', async () => {
    const store = createPostgresActions(pool);
    await store.fold([decided(1, 'allow')]);
    await store.claim(claims);
    expect(await store.find(key)).toMatchObject({ claimedBy: 'g1', claim: { jti: 'c1', iat: 1, exp: 11 } });
  });

  it('tell runs whose life is over until they have ended', async () => {
    const store = createPostgresActions(pool);
    await store.fold([started(0)]);
    expect(await store.due(59_999, 10)).toEqual([]);
    expect(await store.due(60_000, 10)).toEqual([{ run: 'r1', action: null }]);
    await store.snooze({ run: 'r1', action: null }, 70_000);
    expect(await store.due(60_000, 10)).toEqual([]);
    await store.fold([{ ...base, position: 5, kind: 'run.ended', reason: 'due', denied: [] }]);
    expect(await store.due(99_000, 10)).toEqual([]);
  });

  it('tell actions that waited long enough, for as long as they wait, and say what they wait for', async () => {
    const store = createPostgresActions(pool);
    const deferral = { until: 5_000, place: 1, awaits: [{ fact: 'supplier.verified', from: ['purchasing'] }], dependsOn: [] };
    const deferred = (position: number) => ({ ...base, position, kind: 'action.decided', action: 'a1', tool: 'payments.transfer', round: 1, message: { arguments: {} }, decision: { decision: 'defer', tier: 2, code: 'deferred', deferral } }) as unknown as GovernedDecided;
    await store.fold([deferred(1)]);
    expect(await store.waiting(key)).toEqual(deferral);
    expect(await store.due(4_999, 10)).toEqual([]);
    expect(await store.due(5_000, 10)).toEqual([{ run: 'r1', action: 'a1' }]);
    await store.snooze({ run: 'r1', action: 'a1' }, 6_000);
    expect(await store.due(5_999, 10)).toEqual([]);
    await store.fold([decided(2, 'step_up', 3)]);
    expect([await store.due(99_000, 10), await store.waiting(key), await store.waiting({ ...key, action: 'a2' })]).toEqual([[], null, undefined]);
    await store.fold([deferred(3)]);
    expect(await store.cancel(key)).toBe(true);
    expect([await store.due(99_000, 10), await store.waiting(key)]).toEqual([[], null]);
  });
});
