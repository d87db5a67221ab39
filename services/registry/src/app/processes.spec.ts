import { describe, expect, it } from '@jest/globals';
import { createMemoryEventStore } from '@countersign/spec';
import { stages } from '../core/raci.ts';
import type { RaciMatrix, Stage } from '../core/raci.ts';
import { registryInMemory, rowsOn } from '../registry.fixture.ts';
import { createOwnership } from './ownership.ts';
import type { PermissionBook } from './permission-ports.ts';
import type { Deeds, Shadows } from './ports.ts';
import { createReports } from './reports.ts';

const all = (person: string, more: RaciMatrix = {}): RaciMatrix => ({ ...Object.fromEntries(stages.map((stage) => [stage, { accountable: person }])), ...more });
const profile = { agent: 'payer', name: 'Payer', owner: 'ann', purpose: 'pays', roles: [], permissions: ['pay'], ceiling: 1 as const, environment: 'test', model: null, runtimeTrusted: false, limits: { calls: 1, money: null } };

const company = async () => {
  const registry = await registryInMemory(rowsOn(createMemoryEventStore()));
  for (const [person, ...roles] of [['op', 'operator'], ['ann'], ['bob'], ['eve']] as const) await registry.join(person, roles);
  const { manage, inventory, permissions, store, who } = registry, now = () => 5;
  const put = (raci: RaciMatrix, by = 'op', owner = 'ann') => permissions.put({ kind: 'process', id: 'payments', after: { title: 'Payments', owner, raci } as never }, 'r', who(by));
  const register = async (process?: string) => permissions.registering({ ...profile, key: { kty: 'OKP', crv: 'Ed25519', x: 'A'.repeat(43), kid: 'k' }, ...(process && { process }) } as never, who('op'), async (_, works) =>
    manage.agent('payer', { type: 'register', profile: { ...profile, ...(works && { process: works }) }, ownerExists: true, by: 'op', now: 5 }, 'op'));
  const ownership = createOwnership({ manage, inventory, now });
  const say = async (by: string, raci: RaciMatrix, process?: string | null) => permissions.answering(process, async (works) => { const outcome = await ownership.raci('payer', { raci, process: works }, who(by), 'r'); return outcome.status === 'refused' ? outcome.code : outcome.status; });
  /** What is decided now, and who answers for it whenever that is asked. */
  const decided = () => {
    const deed = { run: 'r', action: 'a', agent: 'payer', agentVersion: registry.agents.get('payer')!.version, tool: 'pay', at: 5, decision: 'allow', tier: 1, policyVersion: '1', rules: [], votes: [] };
    const reports = createReports({ store, inventory, deeds: { get: async () => deed } as unknown as Deeds, shadows: {} as never, book: {} as never, terms: {} as never, tenant: 'acme', now });
    return async (stage: Stage) => { const { process, stages: answers } = (await reports.accountability('r', 'a'))!; const { person, from } = answers.find((one) => one.stage === stage)!; return `${person}, ${from}, ${String(process)}`; };
  };
  /** What the inventory report says of processes in which somebody answers who has left. */
  const unanswered = async () => {
    const shadows = { list: async () => ({ shadows: [], shadowsForgotten: 0 }) } as unknown as Shadows;
    const book = { declared: async (kind: 'role' | 'process') => (await permissions.list(kind)).map((one) => ({ ...one, id: (one as Record<string, unknown>)[kind] })) } as unknown as PermissionBook;
    return (await createReports({ store, inventory, deeds: {} as Deeds, shadows, book, terms: { unusedMs: 1e12 } as never, tenant: 'acme', now }).inventory()).unanswered;
  };
  const told = async () => (await store.load('process:payments')).events.map(({ data }) => data as { readonly type: string; readonly people?: readonly string[] }).filter(({ type }) => type === 'process.unanswered').map(({ people }) => people);
  return { ...registry, put, register, say, decided, unanswered, told };
};

describe('a process', () => {
  it('says who answers for what its agents did, as it was then, whatever it says today', async () => {
    const { put, register, say, decided } = await company();
    await put(all('ann', { incident: { accountable: 'bob' } }));
    await register('payments');
    const first = decided();
    // Its owner says otherwise from now on: all its agents have it with that.
    await put(all('bob'), 'ann');
    const second = decided();
    expect(await say('ann', { logging: { accountable: 'eve' } })).toBe('accepted');
    const third = decided();
    expect(await say('op', all('eve'), null)).toBe('accepted');
    const fourth = decided();
    expect(await Promise.all([first('trigger'), first('incident'), second('trigger'), third('trigger'), third('logging'), fourth('trigger')]))
      .toEqual(['ann, process, payments', 'bob, process, payments', 'bob, process, payments', 'bob, process, payments', 'eve, raci, payments', 'eve, raci, null']);
  });

  it('is joined by an agent that was there, and the same again makes no event', async () => {
    const { put, register, say, decided, agents } = await company();
    await put(all('ann'));
    await register();
    expect(await decided()('trigger')).toBe('ann, owner, null');
    expect([await say('ann', {}, 'payments'), await say('ann', {}, 'payments')]).toEqual(['accepted', 'nothing-new']);
    expect(await decided()('trigger')).toBe('ann, process, payments');
    const { version } = agents.get('payer')!;
    await put(all('ann'));
    expect(agents.get('payer')!.version).toBe(version);
    expect(await say('eve', {}, null)).toBe('forbidden');
    await expect(say('ann', {}, 'nosuch')).rejects.toMatchObject({ code: 'not_found' });
    await expect(register('nosuch')).rejects.toMatchObject({ code: 'not_found' });
  });

  it('has somebody who is here at every stage, and is changed by its owner and by operators', async () => {
    const { put, staff } = await company();
    const { logging: _, ...gap } = all('ann');
    await expect(put(gap)).rejects.toMatchObject({ code: 'raci_gaps', message: expect.stringContaining('nobody for logging') });
    await expect(put(all('ann', { trigger: { accountable: 'ghost' } }))).rejects.toMatchObject({ code: 'raci_gaps' });
    await expect(put(all('eve'), 'eve', 'eve')).rejects.toMatchObject({ code: 'forbidden' });
    await put(all('ann'));
    await expect(put(all('eve'), 'eve')).rejects.toMatchObject({ code: 'forbidden' });
    await expect(put(all('eve'), 'bob', 'bob')).rejects.toMatchObject({ code: 'forbidden' });
    await staff.leave('eve', { by: 'op', reason: 'gone' });
    await expect(put(all('eve'), 'ann')).rejects.toMatchObject({ code: 'raci_gaps' });
  });

  it('in which somebody answers who has left is reported and said once, until somebody else does', async () => {
    const { put, register, staff, permissions, unanswered, told } = await company();
    await put(all('ann', { incident: { accountable: 'eve' }, logging: { accountable: 'eve' } }));
    await register('payments');
    expect([await unanswered(), await permissions.tend()]).toEqual([[], 0]);
    await staff.leave('eve', { by: 'op', reason: 'gone' });
    expect([await permissions.tend(), await permissions.tend()]).toEqual([1, 0]);
    expect(await unanswered()).toEqual([{ kind: 'process', id: 'payments', owner: 'ann', ownerActive: true, stages: [{ stage: 'logging', person: 'eve' }, { stage: 'incident', person: 'eve' }], agents: ['payer'] }]);
    await put(all('ann'));
    await staff.leave('ann', { by: 'op', reason: 'gone' });
    await permissions.tend();
    expect(await unanswered()).toMatchObject([{ id: 'payments', ownerActive: false }]);
    await put(all('bob'), 'op', 'bob');
    expect([await unanswered(), await permissions.tend(), await told()]).toEqual([[], 0, [['eve'], ['ann']]]);
  });

  it('is removed once nobody works in it, and can be declared again', async () => {
    const { put, register, say, permissions } = await company();
    const remove = () => permissions.remove('process', 'payments', 'r', 'op');
    await put(all('ann'));
    await register('payments');
    await expect(remove()).rejects.toMatchObject({ code: 'process_in_use', message: expect.stringContaining('payer') });
    await say('op', all('ann'), null);
    expect([await remove(), await remove()]).toEqual([{ processes: [] }, { processes: [] }]);
    await expect(say('op', {}, 'payments')).rejects.toMatchObject({ code: 'not_found' });
    await put(all('bob'));
    expect(await permissions.list('process')).toMatchObject([{ process: 'payments', agents: [] }]);
  });
});
