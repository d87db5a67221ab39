import { describe, expect, it } from '@jest/globals';
import { expectStatus, until } from '@countersign/spec/whole';
import type { Stage } from './stage.ts';

const pay = { to: 'NL01', minor: 500, purpose: 'goods', invoice: 'INV-1001' };

/** R6: every action is bound to person, agent, session and scope; taken at submission, kept through deferral, checked again at resolution. */
export const r6 = (stage: () => Stage): void => describe('R6 identity binding', () => {
  it('R6.1 actions of different principals and sessions are attributed each to its own, with role and scope', async () => {
    const { whole, clerk, record } = stage();
    const auditor = await whole.agent('auditor', { roles: ['auditor'], permissions: ['desk.notes'] });
    const byTess = await clerk.open(whole.people.tess.instruct('clerk', 'look at note 1'));
    const byTheo = await auditor.open(whole.people.theo.instruct('auditor', 'look at note 1'));
    for (const [run, agent, person, role] of [[byTess, 'clerk', 'tess', 'clerk'], [byTheo, 'auditor', 'theo', 'auditor']] as const) {
      const action = run.propose('desk.notes', { note: '1' });
      expect(await action.decision).toMatchObject({ decision: 'allow' });
      expect(await record(run, 'action.decided', action.action)).toMatchObject({ agent, run: run.id, tenant: 'acme', facts: { 'agent.roles': { value: [role] }, 'instruction.attested': { value: true, from: person } } });
      expect(await record(run, 'run.started')).toMatchObject({ agent, instruction: { attestedBy: person }, token: { sub: agent, run: run.id, cnf: { jkt: expect.any(String) } } });
    }
    expect(await byTheo.propose('desk.write', { note: 'n', text: 't' }).decision).toMatchObject({ decision: 'deny', code: 'not_permitted' });
  });

  it('R6.2 a deferred action keeps the identity under which it was submitted, and the receipt of its resolution names who resolved it', async () => {
    const { whole, clerk, pia, supply, waiting, decided } = stage();
    const run = await clerk.open(whole.people.tess.instruct('clerk', 'pay NL01'));
    const action = run.propose('desk.pay', pay);
    await action.decision;
    await waiting(run, action);
    await supply(pia, run, action, 'supplier.verified', true);
    await action.settled(60_000);
    const [first, second] = await decided(run, action, 2);
    for (const name of ['instruction.attested', 'agent.roles'] as const) expect(second!.facts[name]).toEqual(first!.facts[name]);
    expect([second!.agent, second!.run, second!.message]).toEqual([first!.agent, first!.run, first!.message]);
    expect(second!.facts['supplier.verified']).toMatchObject({ from: 'supplied:pia', origin: 'attested' });
    await run.end();
  });

  it('R6.2 identity is checked again when it is resolved: an agent suspended meanwhile is denied', async () => {
    const { whole, pia, supply, waiting } = stage();
    const temp = await whole.agent('temp');
    const run = await temp.open({ text: 'pay', attestation: null });
    const action = run.propose('desk.pay', pay);
    await action.decision;
    await waiting(run, action);
    expectStatus(await whole.people.operator.call('registry', 'POST', '/agents/temp/suspend', { reason: 'left' }), 200);
    await until('policy has heard of it', async () => (await run.propose('desk.notes', { note: 'n' }).decision).code === 'agent_not_active');
    await supply(pia, run, action, 'supplier.verified', true);
    // By its identity, or by the halt that supervision puts on its runs, whichever is there first.
    expect(await action.settled(60_000)).toMatchObject({ decision: 'deny', code: expect.stringMatching(/^(?:agent_not_active|run_halted)$/), grant: null });
  });
});
