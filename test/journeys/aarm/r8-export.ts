import { describe, expect, it } from '@jest/globals';
import { until } from '@countersign/spec/whole';
import { validateApiActivity } from '@countersign/contracts';
import type { ApiActivity } from '@countersign/contracts';
import type { Stage } from './stage.ts';

/** R8: decisions reach a security team's own tools in a standard form, filtered, deferrals included. */
export const r8 = (stage: () => Stage): void => describe('R8 telemetry export', () => {
  it('R8.1 decisions of every kind arrive as OCSF, deferrals among them, and only what the receiver asked for', async () => {
    const { clerk, siem } = stage();
    const run = await clerk.open({ text: 'do what is due', attestation: null });
    const wanted = [run.propose('desk.notes', { note: '1' }), run.propose('desk.forbidden', { note: 'n' }), run.propose('desk.pay', { to: 'NL01', minor: 500, purpose: 'goods', invoice: 'INV-1001' })];
    for (const action of wanted) await action.decision;
    const of = (action: string): ApiActivity | undefined => siem.got().find((event) => event.api.request?.uid === action);
    const events = await until('the receiver has them', () => { const found = wanted.map(({ action }) => of(action)); return found.every((one) => one !== undefined) && found; });
    expect(events.map((event) => [event?.status, event?.actor.authorizations?.[0]?.decision])).toEqual([['Success', 'allow'], ['Failure', 'deny'], ['Deferred', 'defer']]);
    expect(events[1]).toMatchObject({ class_uid: 6003, actor: { app_uid: 'clerk' }, api: { operation: 'desk.forbidden' }, severity: 'Medium', unmapped: { run: run.id, rules: expect.arrayContaining(['aarm.forbidden']) } });
    for (const event of siem.got()) expect([validateApiActivity(event), event.metadata.event_code.startsWith('countersign.governed.action.')]).toEqual([true, true]);
    await run.end();
  });

  it('R8.2 arrives in order and whole, though the receiver was away', async () => {
    const { clerk, siem } = stage();
    siem.away(true);
    const run = await clerk.open({ text: 'look', attestation: null });
    for (let i = 0; i < 5; i++) await run.propose('desk.notes', { note: String(i) }).decision;
    siem.away(false);
    const events = await until('all five are there', () => { const found = siem.got().filter(({ unmapped, actor }) => unmapped.run === run.id && actor.authorizations !== undefined); return new Set(found.map(({ metadata }) => metadata.sequence)).size >= 5 && found; });
    // What was on its way when the receiver went away may come twice, under the same number.
    const indices = [...new Set(events.map(({ metadata }) => metadata.sequence))];
    expect(indices).toEqual([...indices].sort((a, b) => a - b));
    expect(indices).toHaveLength(5);
    await run.end();
  });
});
