import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { newAction, openRawSession, proposal, startWithAgent, until } from '@countersign/spec/whole';
import type { Agent, RawSession, Whole } from '@countersign/spec/whole';

/** Messages come twice, in the wrong order or changed: by a retry, or by somebody who recorded them. */
describe('a replayed message', () => {
  let whole: Whole;
  let clerk: Agent;
  let session: RawSession;
  beforeAll(async () => {
    ({ whole, agent: clerk } = await startWithAgent('clerk'));
  }, 240_000);
  afterAll(async () => { await whole?.close(); });
  beforeEach(async () => { session = await openRawSession(whole, clerk); });

  const decisions = () => whole.seen.governed(session.run).filter((record) => record.kind === 'action.decided');
  /** The reply may be seen before the record. */
  const onlyOne = async () => { await until('the decision is on the record', () => decisions().length > 0); expect(decisions()).toHaveLength(1); };

  it('the same bytes again: the original reply, no second decision, no second grant', async () => {
    const message = session.build('proposed', proposal('desk.read', { note: 'n' }));
    const first = await session.publish(message);
    expect(first).toMatchObject({ decision: 'allow' });
    for (let i = 0; i < 3; i++) expect(await session.publish(message)).toEqual(first);
    await onlyOne();
    expect(whole.seen.governed(session.run).filter((record) => record.kind === 'message.refused')).toEqual([]);
  });

  it('the same action again under the next seq: the original reply, and the grant is the same one', async () => {
    const action = newAction();
    const first = await session.propose('desk.read', { note: 'n' }, action);
    expect(await session.propose('desk.read', { note: 'n' }, action)).toEqual(first);
    await onlyOne();
    expect((await whole.tools.invoke('desk.read', { note: 'n' }, session.headers(first.grant!))).status).toBe(200);
    expect(await whole.tools.invoke('desk.read', { note: 'n' }, session.headers(first.grant!))).toMatchObject({ status: 409, body: { code: 'grant_used' } });
  });

  it('the same action id with another body is refused', async () => {
    const action = newAction();
    await session.propose('desk.read', { note: 'n' }, action);
    expect(await session.propose('desk.read', { note: 'another' }, action)).toMatchObject({ kind: 'refused', code: 'action_conflict', grant: null });
    expect(await session.propose('desk.write', { note: 'n', text: 't' }, action)).toMatchObject({ kind: 'refused', code: 'action_conflict', grant: null });
    await onlyOne();
  });

  it('a gap in seq is named and consumes nothing', async () => {
    const { seq } = session.chain();
    const ahead = session.build('proposed', proposal('desk.read', { note: 'n' }), { seq: seq + 3 });
    expect(await session.publish(ahead)).toMatchObject({ kind: 'refused', code: 'seq_gap', expectedSeq: seq });
    expect(await session.propose('desk.read', { note: 'n' })).toMatchObject({ decision: 'allow', seq });
  });

  it('a used seq with other bytes is refused', async () => {
    await session.propose('desk.read', { note: 'n' });
    const { seq } = session.chain();
    const again = session.build('proposed', proposal('desk.write', { note: 'n', text: 'slipped in' }), { seq: seq - 1 });
    expect(await session.publish(again)).toMatchObject({ kind: 'refused', code: 'seq_reused', grant: null });
    expect(await session.propose('desk.read', { note: 'n' })).toMatchObject({ decision: 'allow' });
  });

  it('a message that does not follow the one before breaks the chain', async () => {
    const other = session.build('proposed', proposal('desk.read', { note: 'n' }), { prev: new Uint8Array(32).fill(7) });
    expect(await session.publish(other)).toMatchObject({ kind: 'refused', code: 'chain_broken' });
    expect(await session.propose('desk.read', { note: 'n' })).toMatchObject({ decision: 'allow' });
  });

  it('after the end the run takes nothing more', async () => {
    const { seq } = session.chain();
    await session.send('ended', { reason: 'completed', messages: seq + 1 });
    expect(await session.propose('desk.read', { note: 'n' })).toMatchObject({ kind: 'refused', code: 'run_closed' });
  });

  it('positions are dense and the log verifies', async () => {
    expect(await whole.drainWhole()).toMatchObject({ ok: true, governed: { missing: [] } });
  });
});
