import { describe, expect, it } from '@jest/globals';
import { fromUrl, verifyLog } from '../../../libs/cli/src/audit/verify.ts';
import { call, newAction, openRawSession, proposal } from '@countersign/spec/whole';
import type { Stage } from './stage.ts';

/** R2: context of the session accumulates and reaches policy; it cannot be changed afterwards unnoticed. */
export const r2 = (stage: () => Stage): void => describe('R2 context accumulation', () => {
  it('R2.1 at step N policy has all prior actions, their data classifications and the original request', async () => {
    const { open, decided, execute, record } = stage();
    const run = await open('look at notes 1 and 2, then at customer 7, and close the case');
    for (const [tool, note] of [['desk.notes', '1'], ['desk.notes', '2'], ['desk.customers', '7']] as const) {
      const action = run.propose(tool, { note });
      await execute(action);
      await record(run, 'action.outcome', action.action);
    }
    const last = run.propose('desk.close', { note: 'n' });
    expect(await last.decision).toMatchObject({ decision: 'allow' });
    expect((await decided(run, last))[0]!.facts).toMatchObject({ 'run.calls': { value: 3 }, 'run.data': { value: ['public', 'customer'] }, 'run.tools': { value: ['desk.notes', 'desk.customers'] }, 'act.done': { value: 0 } });
    expect(await record(run, 'run.started')).toMatchObject({ message: { instruction: { text: 'look at notes 1 and 2, then at customer 7, and close the case' } } });
    await run.end();
  });

  it('R2.1 what nobody has classified counts as the most sensitive', async () => {
    const { open, decided, execute, record } = stage();
    const run = await open();
    const first = run.propose('desk.notes', { note: '1' });
    await execute(first);
    await record(run, 'action.outcome', first.action);
    expect(await run.propose('desk.mail', { to: 'x', text: 't' }).decision).toMatchObject({ decision: 'allow' });
    const unlabelled = run.propose('desk.unlabelled', { note: '1' });
    await execute(unlabelled);
    await record(run, 'action.outcome', unlabelled.action);
    const mail = run.propose('desk.mail', { to: 'x', text: 't' });
    expect(await mail.decision).toMatchObject({ decision: 'deny', code: 'rule_denied' });
    expect((await decided(run, mail))[0]!.facts['run.sensitivity']).toMatchObject({ value: 3 });
    await run.end();
  });

  it('R2.2 tampering with a prior entry is detected: in the message chain, and in the log', async () => {
    const { whole, clerk } = stage();
    const session = await openRawSession(whole, clerk);
    await session.send('proposed', proposal('desk.notes', { note: '1' }));
    const other = session.build('proposed', proposal('desk.notes', { note: 'rewritten' }, newAction()), { seq: 1 });
    expect(await session.send('proposed', proposal('desk.notes', { note: '2' }), { prev: other.hash })).toMatchObject({ kind: 'refused', code: 'chain_broken' });

    expect(await whole.drain()).toMatchObject({ ok: true });
    const { body } = await call('GET', `${whole.urls.audit}/verifier-key`);
    const read = fromUrl(whole.urls.audit);
    const changed = await verifyLog(async (path) => {
      const bytes = Buffer.from(await read(path));
      if (path.includes('entries')) bytes[bytes.length - 20]! ^= 1;
      return bytes;
    }, String(body['text']).trim());
    expect(changed).toMatchObject({ ok: false, firstBad: { why: expect.stringContaining('not the one that was hashed') } });
  });
});
