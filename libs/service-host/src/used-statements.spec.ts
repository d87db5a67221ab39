import { describe, expect, it } from '@jest/globals';
import { HotStateUnavailable } from '@countersign/hot-state';
import type { HotState } from '@countersign/hot-state';
import { createMemoryHotState } from '@countersign/hot-state/memory';
import { createUsedStatements } from './used-statements.ts';
import type { StatementUse } from './used-statements.ts';

const world = () => {
  const clock = { at: 1_000_000 };
  const now = () => clock.at;
  const memory = createMemoryHotState({ now });
  let away = false;
  const answers = <A extends unknown[], R>(ask: (...args: A) => Promise<R>) => async (...args: A): Promise<R> => { if (away) throw new HotStateUnavailable(new Error('no answer')); return ask(...args); };
  const store: HotState = { ...memory, kind: 'redis', setIfAbsent: answers(memory.setIfAbsent), startedAt: answers(memory.startedAt) };
  const instance = (over: object = {}) => createUsedStatements(store, { service: 'supervision', tenant: 'acme', now, ...over });
  const statement = (over: Partial<StatementUse> = {}): StatementUse => ({ person: 'olga', jti: 'one', issuedAt: clock.at, expiresAt: clock.at + 60_000, ...over });
  clock.at += 1_000;
  return { clock, store, instance, statement, away: (is: boolean) => { away = is; } };
};

describe('a login statement', () => {
  it('counts once, over all instances of its service and as long as a clock that is behind still takes it', async () => {
    const w = world(), a = w.instance(), b = w.instance(), one = w.statement();
    expect([await a.useOnce(one), await a.useOnce(one), await b.useOnce(one)]).toEqual([true, false, false]);
    w.clock.at = one.expiresAt + 29_000;
    expect([await a.useOnce(one), await b.useOnce(one)]).toEqual([false, false]);
  });

  it('of two that use it at the same moment one is first', async () => {
    const w = world(), one = w.statement();
    expect((await Promise.all([w.instance().useOnce(one), w.instance().useOnce(one)])).sort()).toEqual([false, true]);
  });

  it('is another where the id, the person, the service or the tenant is another, whatever is in the names', async () => {
    const w = world(), a = w.instance();
    const others = [[a, w.statement()], [a, w.statement({ jti: 'x'.repeat(2_000) })], [a, w.statement({ person: 'olga"', jti: 'one' })], [a, w.statement({ person: 'gus' })], [w.instance({ service: 'approvals' }), w.statement()], [w.instance({ tenant: 'other' }), w.statement()]] as const;
    for (const [at, one] of others) expect(await at.useOnce(one)).toBe(true);
    for (const [at, one] of others) expect(await at.useOnce(one)).toBe(false);
  });

  it('is refused while the store does not answer, and may be of an age of which the store knows nothing', async () => {
    const w = world(), a = w.instance();
    w.away(true);
    await expect(a.useOnce(w.statement())).rejects.toMatchObject({ code: 'hot_state_unavailable' });
    w.away(false);
    await expect(a.useOnce(w.statement({ jti: 'old', issuedAt: 999_000 }))).rejects.toMatchObject({ code: 'hot_state_unavailable' });
    expect(await w.instance().useOnce(w.statement({ jti: 'new' }))).toBe(true);
  });

  it('works once by this process\'s memory where a stop must work, and not again when the store is back', async () => {
    const w = world(), a = w.instance(), halt = w.statement(), before = w.statement({ jti: 'before' });
    expect(await a.useOnce(before, true)).toBe(true);
    w.away(true);
    expect([await a.useOnce(halt, true), await a.useOnce(halt, true), await a.useOnce(before, true)]).toEqual([true, false, false]);
    w.away(false);
    expect(await a.useOnce(halt)).toBe(false);
  });
});
