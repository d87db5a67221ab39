import { describe, expect, it } from '@jest/globals';
import type { Receipt } from '@countersign/contracts';
import { verifyReceipt } from '@countersign/identity';
import { serviceKeys } from '@countersign/service-host';
import { checkReceipt } from '../../../libs/cli/src/audit/receipt.ts';
import type { ProposedAction } from '@countersign/sdk';
import { call, until } from '@countersign/spec/whole';
import type { Stage } from './stage.ts';

/** R5: a tamper-evident receipt for each action, with all that it rested on; verified here with nothing but the log's key. */
export const r5 = (stage: () => Stage): void => describe('R5 receipts', () => {
  const receiptOf = (action: ProposedAction): Promise<Receipt> => action.receipt(60_000);
  const keyOf = async (): Promise<string> => String((await call('GET', `${stage().whole.urls.audit}/verifier-key`)).body['text']).trim();

  it('R5.1 every decision has one, denials too: action, context, identity, decision, policy; it verifies offline', async () => {
    const { whole, clerk, execute } = stage();
    const run = await clerk.open(whole.people.tess.instruct('clerk', 'look at note 1'));
    const [allowed, denied] = [run.propose('desk.notes', { note: '1' }), run.propose('desk.forbidden', { note: 'n' })];
    await execute(allowed);
    await denied.decision;
    // At once, with the reply, under policy's signature; of what was allowed the grant is it.
    expect(verifyReceipt((await denied.decision).receipt!, serviceKeys(whole.place.secretsDir).keys)).toMatchObject({ ok: true, claims: { run: run.id, action: denied.action, agent: 'clerk', decision: 'deny', code: 'rule_denied', policy: 'aarm-1', rules: expect.arrayContaining(['aarm.forbidden']) } });
    const receipts = [await receiptOf(allowed), await receiptOf(denied)];
    expect(receipts[0]!.statement).toMatchObject({
      run: run.id, tenant: 'acme', action: { id: allowed.action, tool: 'desk.notes', arguments: { note: '1' } }, context: { instruction: 'look at note 1', agentVersion: expect.any(Number) },
      identity: { human: 'tess', agent: 'clerk', roles: ['clerk'], scope: expect.stringContaining('desk.'), session: expect.any(String) }, decision: { decision: 'allow', round: 1 }, policy: { version: 'aarm-1' },
    });
    expect(receipts[1]!.statement).toMatchObject({ decision: { decision: 'deny', code: 'rule_denied' }, policy: { rules: expect.arrayContaining([expect.objectContaining({ id: 'aarm.forbidden' })]) }, outcome: null });
    for (const receipt of receipts) expect(checkReceipt(receipt, await keyOf())).toMatchObject({ ok: true });
    await run.end();
  });

  it('R5.2 changing the requester or the policy breaks it', async () => {
    const run = await stage().clerk.open(stage().whole.people.tess.instruct('clerk', 'look at note 2'));
    const action = run.propose('desk.notes', { note: '2' });
    await action.decision;
    const receipt = await receiptOf(action);
    const key = await keyOf();
    const changed = (from: string, to: string): Receipt => JSON.parse(JSON.stringify(receipt).replaceAll(from, to)) as Receipt;
    const inPayload = (from: string, to: string): Receipt => ({ ...changed(from, to), entries: receipt.entries.map((entry) => ({ ...entry, payload: Buffer.from(Buffer.from(entry.payload, 'base64').toString().replaceAll(from, to)).toString('base64') })) });
    for (const [from, to] of [['tess', 'theo'], ['aarm-1', 'aarm-9']] as const) {
      expect(JSON.stringify(receipt.statement)).toContain(from);
      expect(checkReceipt(changed(from, to), key)).toMatchObject({ ok: false });
      expect(checkReceipt(inPayload(from, to), key)).toMatchObject({ ok: false });
    }
    await run.end();
  });

  it('R5.3 a deferral that was resolved has a follow-up receipt, which names the first and who resolved it', async () => {
    const { clerk, pia, supply, waiting, decided } = stage();
    const run = await clerk.open(stage().whole.people.tess.instruct('clerk', 'pay NL01'));
    const action = run.propose('desk.pay', { to: 'NL01', minor: 500, purpose: 'goods', invoice: 'INV-1001' });
    await action.decision;
    const first = await receiptOf(action);
    expect(first.statement).toMatchObject({ decision: { decision: 'defer', round: 1 }, deferral: { awaits: [{ fact: 'supplier.verified', from: ['purchasing'] }] }, follows: null });
    await waiting(run, action);
    await supply(pia, run, action, 'supplier.verified', true);
    await action.settled(60_000);
    await decided(run, action, 2);
    const second = await until('the log has it', async () => { const receipt = await receiptOf(action); return receipt.statement.decision.round === 2 && receipt; });
    expect(second.statement).toMatchObject({ decision: { round: 2 }, follows: first.entries.at(-1)!.index, identity: first.statement.identity, context: { facts: { 'supplier.verified': { from: 'supplied:pia' } } } });
    expect(checkReceipt(second, await keyOf())).toMatchObject({ ok: true });
    await run.end();
  });

  it('R5.4 nobody reads the receipts of another run', async () => {
    const { whole, clerk } = stage();
    const run = await clerk.open({ text: 'look', attestation: null });
    const action = run.propose('desk.notes', { note: '1' });
    await receiptOf(action);
    const url = `${whole.urls.audit}/receipts/${run.id}/${action.action}`;
    expect((await call('GET', url)).status).toBe(401);
    expect((await call('GET', url, undefined, { authorization: 'Bearer x.y.z', 'cs-session-proof': 'x' })).status).toBe(401);
    expect((await whole.people.nobody.call('audit', 'GET', `/receipts/${run.id}/${action.action}`)).status).toBe(403);
    expect((await whole.people.operator.call('audit', 'GET', `/receipts/${run.id}/${action.action}`)).status).toBe(200);
    await run.end();
  });
});
