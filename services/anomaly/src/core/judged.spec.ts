import { describe, expect, it } from '@jest/globals';
import { validateFinding } from '@countersign/contracts';
import type { Finding } from '@countersign/contracts';
import { history, minute, ordinary, uuid } from '../anomaly.fixture.ts';
import type { ActionSeen, Observation } from './observation.ts';
import { emptyPartition, take } from './partition.ts';
import type { PartitionState } from './partition.ts';
import { slowOf } from './slow.ts';

const agents = ['anna', 'bert', 'carl'];
const hour = 60 * minute;
let offset = 0;
const fold = (state: PartitionState, entries: readonly Observation[]) => entries.map((one) => take(state, one, `0-${offset++}`));
const findings = (state: PartitionState, entries: readonly Observation[]): Finding[] => fold(state, entries).flatMap((told) => told.findings);
const owned = (entries: readonly Observation[]): readonly Observation[] => entries.map((one) => (one.kind === 'action' ? { ...one, owner: `o-${one.agent}` } : one));
const outcome = (agent: string, run: number, now: number, over: { readonly tokens?: number; readonly cost?: number; readonly failed?: boolean } = {}): Observation =>
  ({ kind: 'outcome', tenant: 'acme', agent, run: uuid(run), now, action: uuid(run * 10 + 2), tool: 'care.answer', failed: false, tokens: 1_000 + run % 7 * 100, cost: 5 + run % 3, ...over });
/** A run whose last word is the outcome of its last action. */
const answered = (agent: string, run: number, now: number, over = {}): readonly Observation[] => {
  const [begin, read, answer, end] = owned(ordinary(agent, run, now));
  return [begin!, read!, answer!, outcome(agent, run, now + 2_500, over), end!];
};
const lived = (runs = 600): PartitionState => {
  const state = emptyPartition();
  for (let i = 0; i < runs; i++) fold(state, answered(agents[i % 3]!, i, i * 12 * minute));
  return state;
};
const after = (runs: number, past = 600): number => (past + runs) * 12 * minute;

describe('what a run spent', () => {
  it.each([['tokens', { tokens: 2_000_000 }, 2_000_000], ['cost', { cost: 90_000 }, 90_000]])('%s is judged when its last outcome says so, and the finding tells how much, against what', (feature, over, observed) => {
    const state = lived();
    const told = findings(state, answered('anna', 9_000, after(5), over));
    expect(told).toMatchObject([{ kind: 'behaviour', run: uuid(9_000), impact: 'medium', events: [uuid(90_002)], techniques: ['AML.T0034.002'], contributions: [{ feature, observed, peerShare: expect.any(Number) }] }]);
    const [{ expected, peerShare, nats }] = told[0]!.contributions as [Finding['contributions'][number]];
    expect([expected > observed / 1e5 && expected < observed / 100, peerShare! < 0.05, nats > 3, validateFinding(told[0])]).toEqual([true, true, true, true]);
    expect(state.files.get('acme anna')!.level).not.toBe('normal');
    // It is kept: what it cost is no habit.
    expect(findings(state, answered('anna', 9_001, after(6), over)).length).toBe(1);
  });

  it('as usual says nothing, also with one failure in it', () => {
    expect(findings(lived(), [...answered('anna', 9_000, after(5)), ...answered('bert', 9_001, after(6), { failed: true })])).toEqual([]);
  });

  it('and failed at, time after time, is told of as that', () => {
    const state = lived();
    const told = Array.from({ length: 40 }, (_, i) => findings(state, answered('anna', 9_000 + i, after(5 + i), { failed: true }))).flat();
    expect(told.length).toBeGreaterThan(0);
    expect(told[0]!.contributions.map(({ feature }) => feature)).toContain('errors');
    // Eight hours without an analyst's word: no more than an owner's share of the day.
    expect(told.filter((one) => one.case === undefined).length).toBeLessThanOrEqual(10);
  });
});

describe('what is wired to an agent\'s level', () => {
  it('a long silence: an agent that wakes is raised for that alone', () => {
    const state = lived();
    const said = fold(state, answered('anna', 9_000, after(5) + 90 * 24 * hour));
    expect(said.flatMap(({ levels }) => levels)).toContainEqual(expect.objectContaining({ agent: 'anna', level: expect.stringMatching(/raised|high/) }));
    expect(said.flatMap(({ findings: told }) => told.flatMap(({ contributions }) => contributions.map(({ feature }) => feature)))).toContain('silence');
  });

  it('many runs that are each a little odd: a slow attack is told of, and starts again from nothing', () => {
    const state = lived();
    const anna = state.detector.agents.get('acme anna')!;
    anna.slow.bets.fill(1e6);
    const told = findings(state, answered('anna', 9_000, after(5)));
    expect(told).toMatchObject([{ kind: 'behaviour', run: uuid(9_000) }]);
    expect([state.files.get('acme anna')!.level, slowOf(anna.slow) < 20]).toEqual(['high', true]);
  });

  it('work that changed for good, by its mix of tools: drift is one case', () => {
    const state = emptyPartition();
    fold(state, owned(history(agents, 1_500)));
    const anna = state.detector.agents.get('acme anna')!;
    const told = Array.from({ length: 100 }, (_, i) => {
      const now = after(5 + i * 3, 1_500);
      // That many of its runs are odd is drift as well; here it is the mix alone that says so.
      anna.changed = 0;
      const [begin, read, , end] = owned(ordinary('anna', 9_000 + i, now));
      return findings(state, [begin!, read!, ...Array.from({ length: 6 }, (_none, k) => ({ ...read as ActionSeen, action: uuid(1e6 + i * 10 + k), now: now + 1_500 + k * 20_000 })), { ...end!, now: now + 190_000 }]);
    }).flat();
    const drifts = told.filter((one) => one.kind === 'drift' && one.case === undefined);
    expect(drifts).toMatchObject([{ agent: 'anna', techniques: ['AML.T0081'] }]);
    // It says which tools' share changed, from what to what; the parts are the score; and what to ask the registry for.
    const [drift] = drifts as [Finding];
    expect(validateFinding(drift)).toBe(true);
    const [mixed] = drift.contributions.filter(({ feature }) => feature === 'mix');
    expect(mixed!.text).toMatch(/^care\.(read_ticket|answer): \d+ % of what it does lately, where \d+ % was usual$/);
    for (const { observed, expected, text } of drift.contributions.filter(({ feature }) => feature === 'mix')) expect(text.startsWith('care.read_ticket') ? observed > expected : observed < expected).toBe(true);
    expect(mixed!.expected).toBeCloseTo(0.5, 1);
    expect(drift.contributions.reduce((sum, { nats }) => sum + nats, 0)).toBe(drift.score);
    expect(drift.proposes).toEqual({ subject: { kind: 'agent', id: 'anna' }, after: { baseline: drift.finding } });
  });

  it('a step that no peer takes is news, and reading weighs half of acting', () => {
    const odd = (consequential: boolean): Finding['contributions'] => {
      const state = emptyPartition();
      fold(state, owned(history(agents, 600)));
      const [begin, read] = owned(ordinary('anna', 9_000, after(5)));
      const said = fold(state, [begin!, read!, { ...read as ActionSeen, action: uuid(90_009), tool: 'care.export', consequential, impact: 'medium' }]);
      expect(said.flatMap(({ forwards }) => forwards.map(({ kind }) => kind))).toEqual(consequential ? ['sighting'] : []);
      return state.files.get('acme anna')!.odd[uuid(9_000)]?.parts ?? [];
    };
    const [acting, reading] = [odd(true), odd(false)].map((parts) => parts.find(({ feature }) => feature === 'tool')?.nats ?? 0);
    expect(acting).toBeGreaterThan(0);
    expect(reading! === 0 || Math.abs(reading! / acting! - 0.5) < 0.01).toBe(true);
  });
});
