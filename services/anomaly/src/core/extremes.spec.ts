import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { validateAnomalyLevel, validateDetectionFinding, validateFinding } from '@countersign/contracts';
import { hijacked, minute, ordinary, uuid } from '../anomaly.fixture.ts';
import { assemble, partsOf, readPart } from '../app/parts.ts';
import { toDetection } from '../outbound/ocsf.ts';
import { readState, writeState } from '../outbound/state-json.ts';
import type { ActionSeen, Observation } from './observation.ts';
import { emptyPartition, take } from './partition.ts';
import type { Entry, PartitionState, Told } from './partition.ts';

const agents = ['anna', 'bert', 'carl'];
const fold = (state: PartitionState, entries: readonly Entry[], first = 0): Told[] => entries.map((one, i) => take(state, one, `0-${first + i}`));
const outcome = (agent: string, run: number, now: number, tokens: number | null, cost: number | null = null, failed = false): Observation =>
  ({ kind: 'outcome', tenant: 'acme', agent, run: uuid(run), now, action: uuid(run * 10 + 1), tool: 'care.read_ticket', failed, tokens, cost });
/** Runs of some thousand tokens each. */
const lived = (runs = 300): PartitionState => {
  const state = emptyPartition();
  for (let i = 0; i < runs; i++) {
    const [agent, now] = [agents[i % 3]!, i * 12 * minute];
    const [begin, read, answer, end] = ordinary(agent, i, now);
    fold(state, [begin!, read!, answer!, outcome(agent, i, now + 2_500, 1_000 + (i % 7) * 100, 5 + i % 3), end!]);
  }
  return state;
};
const after = (runs: number): number => (300 + runs) * 12 * minute;
const parts = (state: PartitionState) => {
  const names = new Set(partsOf(state, 'acme', [...state.files.keys(), ...state.detector.agents.keys()]));
  return new Map([...names].filter((name) => readPart(state, name) !== undefined).map((name) => [name, readState(writeState(readPart(state, name)))]));
};
const onTheWire = (one: unknown): unknown => JSON.parse(JSON.stringify(one));
const isSaidWell = (told: readonly Told[]): void => {
  for (const one of told.flatMap(({ levels }) => levels)) expect([validateAnomalyLevel(onTheWire(one)), validateAnomalyLevel.errors]).toEqual([true, null]);
  for (const one of told.flatMap(({ findings }) => findings)) expect([validateFinding(onTheWire(one)) && validateDetectionFinding(onTheWire(toDetection(one))), validateFinding.errors]).toEqual([true, null]);
};
/** A checkpoint gives what JSON has no number for a name. */
const isFinite = (state: PartitionState): void => { for (const [, part] of parts(state)) expect(writeState(part)).not.toMatch(/"named":"(NaN|-?Infinity)"/); };

describe('numbers beyond all measure', () => {
  it('are told of as what they are, whatever they are, and leave numbers behind', () => {
    const extreme = fc.record({
      agent: fc.constantFrom(...agents), gap: fc.constantFrom(0, 1, minute, 3_600_000, 90 * 86_400_000, 20 * 365 * 86_400_000, -400 * 86_400_000), kind: fc.constantFrom('ordinary', 'hijacked'), failed: fc.boolean(),
      tokens: fc.constantFrom(null, 0, 1_000, 50_000_000, Number.MAX_SAFE_INTEGER), cost: fc.constantFrom(null, 5, Number.MAX_SAFE_INTEGER),
    });
    const past = writeState([...parts(lived())]);
    fc.assert(fc.property(fc.array(extreme, { minLength: 1, maxLength: 12 }), (list) => {
      const state = assemble(new Map(readState(past) as [string, unknown][]), 300 * 12);
      let now = after(5);
      list.forEach(({ agent, gap, kind, failed, tokens, cost }, i) => {
        now = Math.max(0, now + gap);
        const [begin, read, act] = kind === 'hijacked' ? hijacked(agent, 9_000 + i, now) : ordinary(agent, 9_000 + i, now);
        isSaidWell(fold(state, [begin!, read!, outcome(agent, 9_000 + i, now + 1_500, tokens, cost, failed), act!, outcome(agent, 9_000 + i, now + 2_500, tokens, cost, failed), { kind: 'ended', tenant: 'acme', agent, run: uuid(9_000 + i), now: now + 3_000 }], 800 + i * 6));
      });
      isFinite(state);
    }), { seed: 81, numRuns: 60 });
  });

  it.each([50_000_000, Number.MAX_SAFE_INTEGER])('%i tokens of a run hide neither its theft nor the next', (tokens) => {
    const state = lived();
    const [begin, read, pay] = hijacked('anna', 9_000, after(5));
    const told = [...fold(state, [begin!, read!, outcome('anna', 9_000, after(5) + 1_500, tokens), pay!], 800), ...fold(state, hijacked('anna', 9_001, after(5) + minute), 810)];
    isSaidWell(told);
    expect(told.flatMap(({ levels }) => levels).at(-1)).toMatchObject({ level: 'high' });
    expect(new Set(told.flatMap(({ findings }) => findings.map(({ run }) => run)))).toEqual(new Set([uuid(9_000), uuid(9_001)]));
    isFinite(state);
  });

  it('a run of fifty thousand actions, and one that wakes after years, are odd and no more', () => {
    const state = lived();
    const [begin, read] = ordinary('anna', 9_000, after(5)) as [Observation, ActionSeen];
    const told = fold(state, [begin, ...Array.from({ length: 50_000 }, (_, i) => ({ ...read, now: after(5) + i * 50 }))], 800);
    const woken = fold(state, ordinary('bert', 9_100, after(5) + 10 * 365 * 86_400_000), 60_000);
    for (const some of [told, woken]) isSaidWell(some);
    expect(told.flatMap(({ levels }) => levels).at(-1)).toMatchObject({ agent: 'anna', level: 'high' });
    expect(woken.flatMap(({ levels }) => levels)).toContainEqual(expect.objectContaining({ agent: 'bert', level: expect.stringMatching(/raised|high/) }));
    isFinite(state);
  });
});

describe('a checkpoint with numbers that are none', () => {
  it('is healed on the strict side: what nobody could reckon is as odd as things get, and told of before anybody goes on', () => {
    const state = lived();
    fold(state, hijacked('anna', 9_000, after(5)), 800);
    const anna = state.detector.agents.get('acme anna')!;
    Object.assign(anna, { evidence: NaN });
    anna.slow.bets.fill(Infinity);
    anna.slow.usual.fill(NaN);
    Object.assign(anna.open.at(-1)!, { pValue: NaN, eValue: NaN, spend: Infinity });
    Object.assign(anna.tokens, { mean: NaN, variance: NaN });
    state.files.set('acme anna', { ...state.files.get('acme anna')!, level: 'normal' });
    state.elevated.clear();
    const taken = assemble(parts(state), state.minute);
    isFinite(taken);
    const told = fold(taken, ordinary('bert', 9_001, after(5) + 2 * minute), 900);
    isSaidWell(told);
    expect(told.flatMap(({ levels }) => levels)).toMatchObject([{ agent: 'anna', level: 'high' }]);
  });
});
