import { describe, expect, it } from '@jest/globals';
import type { AgentSnapshot, HaltNotice } from '@countersign/contracts';
import type { RunCommand, Work } from './ports.ts';
import { createAgentStops } from './stop-agents.ts';
import type { AgentStanding } from './stop-agents.ts';

const standing = (status: AgentSnapshot['status'], change = 1): AgentStanding => ({ agent: 'payer', tenant: 'acme', status, version: 4 + change, because: { by: 'olga', reason: 'odd', at: 70, change } });
const action = (name: string, status: 'open' | 'granted' | 'claimed', claimNeeded = true) => ({ tenant: 'acme', run: 'r1', action: name, agent: 'payer', status, claimNeeded });

/** A house in which everything works, unless `broken` says how often writing a notice fails. */
const house = (work: Work = { actions: [], runs: [] }, broken = 0) => {
  const notices: HaltNotice[] = [], told: (RunCommand & { readonly run: string })[] = [], lost: string[] = [], cancelled: string[] = [];
  const errors: string[] = [];
  let left: Work | Promise<Work> = work, lookedUp = (): void => undefined, failures = broken;
  const stops = createAgentStops({
    store: {
      work: () => { const now = left; left = { actions: [], runs: [] }; lookedUp(); return Promise.resolve(now); },
      cancel: ({ action: name }) => { cancelled.push(name); return Promise.resolve(name !== 'claimed-meanwhile'); },
      lose: ({ action: name }) => { lost.push(name); return Promise.resolve(true); },
    },
    book: { add: (notice) => { if (failures-- > 0) return Promise.reject(new Error('down')); notices.push(notice); return Promise.resolve({ topic: true, database: true }); } },
    tell: (run, command) => { told.push({ run, ...command }); return Promise.resolve(); },
    tenant: 'acme', digest: (text) => text.replaceAll(' ', '.').padEnd(22, '_'), now: () => 100, onError: (error) => errors.push(error.message),
  });
  return { stops, notices, told, lost, cancelled, errors, /** Resolves once it has been asked for. */ later: (next: Work | Promise<Work>) => { left = next; return new Promise<void>((resolve) => { lookedUp = resolve; }); } };
};

describe('an agent that is suspended', () => {
  it('is halted everywhere first; then what waits is cancelled, what may run is unknown, its runs are told', async () => {
    const { stops, notices, told, lost, cancelled } = house({ actions: [action('waits', 'open'), action('unclaimed', 'granted'), action('claimed-meanwhile', 'granted'), action('runs', 'claimed'), action('needs-no-claim', 'granted', false)], runs: [{ run: 'r1', agent: 'payer', halted: false }] });
    stops.begin();
    stops.take(standing('suspended'));
    await stops.sweep();
    expect(notices).toMatchObject([{ op: 'halt', scope: { kind: 'agent', id: 'payer' }, by: 'olga', at: 70, reason: 'the agent was suspended: odd' }]);
    expect([cancelled, lost]).toEqual([['waits', 'unclaimed', 'claimed-meanwhile'], ['runs', 'needs-no-claim']]);
    expect(told.map(({ word }) => word)).toEqual(['halted', 'cancelled', 'cancelled']);
  });

  it('is stopped by a supervision that was away, and by one that failed at first', async () => {
    const { stops, notices, errors } = house(undefined, 1);
    stops.take(standing('suspended'));
    expect(notices).toEqual([]);
    stops.begin();
    await stops.sweep();
    await stops.sweep();
    expect([notices.length, errors]).toEqual([1, ['down']]);
  });

  it('is halted once for one suspension, whatever is said again, and anew for the next', async () => {
    const { stops, notices } = house();
    stops.begin();
    for (const one of [standing('suspended'), { ...standing('suspended'), version: 9 }, standing('active', 2), standing('suspended', 3)]) { stops.take(one); await stops.sweep(); }
    expect(notices.map(({ op }) => op)).toEqual(['halt', 'lift', 'halt']);
    expect(notices[0]!.halt).toBe(notices[1]!.halt);
    expect(notices[2]!.halt).not.toBe(notices[0]!.halt);
  });

  it('has what was decided before policy heard of it cancelled later', async () => {
    const { stops, cancelled, later } = house();
    stops.begin();
    stops.take(standing('suspended'));
    await stops.sweep();
    void later({ actions: [action('late', 'open')], runs: [] });
    await stops.sweep();
    expect(cancelled).toEqual(['late']);
  });

  it('goes on in its runs when it is resumed', async () => {
    const { stops, told, notices } = house();
    stops.begin();
    stops.take(standing('suspended'));
    await stops.sweep();
    stops.heard({ ...notices[0]!, halt: `${notices[0]!.halt}:r1`, scope: { kind: 'run', id: 'r1' } });
    stops.take(standing('active', 2));
    await stops.sweep();
    expect(told).toMatchObject([{ run: 'r1', word: 'resumed', body: { halt: `${notices[0]!.halt}:r1` } }]);
  });

  it('is not stopped again by what was looked up before it was resumed', async () => {
    const { stops, told, cancelled, lost, later } = house();
    stops.begin();
    stops.take(standing('suspended'));
    await stops.sweep();
    const looking = Promise.withResolvers<Work>();
    const asked = later(looking.promise);
    const sweep = stops.sweep();
    await asked;
    stops.take(standing('active', 2));
    looking.resolve({ actions: [action('new', 'open'), action('runs', 'claimed')], runs: [{ run: 'r1', agent: 'payer', halted: false }] });
    await sweep;
    expect([told, cancelled, lost]).toEqual([[], [], []]);
  });

  it('that is decommissioned has its runs ended, and what is of another tenant is left alone', async () => {
    const { stops, told, notices } = house({ actions: [], runs: [{ run: 'r1', agent: 'payer', halted: true }] });
    stops.begin();
    stops.take({ ...standing('decommissioned'), tenant: 'globex' });
    await stops.sweep();
    expect(notices).toEqual([]);
    stops.take(standing('decommissioned', 2));
    await stops.sweep();
    expect(told).toMatchObject([{ run: 'r1', word: 'due', body: { timer: 'run', action: null } }]);
  });
});
