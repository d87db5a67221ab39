import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { serviceNames, until } from '@countersign/spec/whole';
import type { Scores } from '../../libs/cli/src/replay/tally.ts';
import { judge } from './judge.ts';
import { openLoad } from './load.ts';
import type { Load } from './load.ts';
import { startProcesses } from './processes.ts';
import type { Processes } from './processes.ts';

const rules = new URL('../../services/policy/packs/agentdojo', import.meta.url).pathname;

/** Every service is killed and paused in the middle of the work, each in turn; then an outsider reads what was written. */
describe('the services under kill -9, pauses and an outage of PostgreSQL', () => {
  let house: Processes;
  let load: Load;
  let undisturbed: Scores;
  beforeAll(async () => {
    house = await startProcesses({ CS_POLICY_BUNDLE: rules, CS_ANOMALY_EFFECT: 'record', CS_BREAKERS_EFFECT: 'record', CS_GRANT_MS: '300000' });
    load = await openLoad(house);
    ({ scores: undisturbed } = await load.play());
  }, 300_000);
  afterAll(async () => {
    await load?.close();
    await house?.close();
  }, 60_000);

  it('undisturbed, every proposal is decided', () => {
    expect(undisturbed.proposals).toBeGreaterThan(10);
    expect(Object.keys(undisturbed.byDecision).sort()).toEqual(['allow', 'deny', 'step_up']);
  });

  it.each(serviceNames)('%s is killed and started again, then stopped for four seconds and woken: the totals are the same', async (name) => {
    const { services } = house;
    const played = await load.play(async (calls) => {
      await under(calls);
      await services.kill(name);
      await services.restart(name);
      await under(calls);
      services.pause(name);
      try { await passed(4_000); } finally { services.resume(name); }
    });
    expect(played.scores).toEqual(times(undisturbed, played.rounds));
  }, 300_000);

  it('PostgreSQL is away for four seconds: it is waited out, and the totals are the same', async () => {
    const played = await load.play(async (calls) => {
      await under(calls);
      house.postgres.shut();
      try { await passed(4_000); } finally { house.postgres.open(); }
    });
    expect(played.scores).toEqual(times(undisturbed, played.rounds));
  }, 300_000);

  it('an outsider finds nothing lost and nothing doubled, dense positions, one end for every action, and a log that verifies', async () => {
    const verdict = await judge(house.bus, house.services.urls.audit, load.proposed);
    expect(verdict).toMatchObject({ lost: [], endings: [], repeated: [], gaps: 0, log: { ok: true, governed: { missing: [] } } });
    // As many as each of the faults waited for, at least.
    expect(load.proposed.size).toBeGreaterThan(serviceNames.length * 60);
    expect(verdict.log.entries).toBe(verdict.recorded);
    expect(verdict.asked.approvals).toBe(verdict.asked.stepUps);
    expect(verdict.rekeyed.seen).toBe(verdict.rekeyed.decided);
    expect(house.ended).toEqual([]);
  }, 300_000);
});

/** Waits until the work is well under way. */
const under = async (calls: () => number): Promise<void> => {
  const from = calls();
  await until('the work is under way', () => calls() >= from + 30, 200_000);
};

/** The scores of so many undisturbed rounds. */
const times = (one: Scores, rounds: number): Scores => JSON.parse(JSON.stringify(one), (_, value: unknown) => (typeof value === 'number' ? value * rounds : value)) as Scores;

/** The length of a fault is the fault: nothing is waited for here. */
const passed = (ms: number): Promise<void> => new Promise((resolve) => { setTimeout(resolve, ms); });
