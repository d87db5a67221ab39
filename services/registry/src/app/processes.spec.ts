import { describe, expect, it } from '@jest/globals';
import { createMemoryEventStore } from '@countersign/spec';
import { stages } from '../core/raci.ts';
import type { RaciMatrix, Stage } from '../core/raci.ts';
import { registryInMemory, rowsOn } from '../registry.fixture.ts';
import { createOwnership } from './ownership.ts';
import type { Deeds } from './ports.ts';
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
    const reports = createReports({ store, inventory, deeds: { get: async () => deed } as unknown as Deeds, shadows: {} as never, terms: {} as never, tenant: 'acme', now });
    return async (stage: Stage) => { const { process, stages: answers } = (await reports.accountability('r', 'a'))!; const { person, from } = answers.find((one) => one.stage === stage)!; return `${person}, ${from}, ${String(process)}`; };
  };
  return { ...registry, put, register, say, decided };
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
});
