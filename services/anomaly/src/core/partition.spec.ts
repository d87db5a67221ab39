import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { validateAnomalyLevel, validateFinding } from '@countersign/contracts';
import type { Disposition, Finding } from '@countersign/contracts';
import { hijacked, history, minute, ordinary, uuid } from '../anomaly.fixture.ts';
import { assemble, partsOf, readPart } from '../app/parts.ts';
import { readState, writeState } from '../outbound/state-json.ts';
import { defaultBudget } from './evidence.ts';
import type { ActionSeen } from './observation.ts';
import type { Entry, PartitionState } from './partition.ts';
import { emptyPartition, take } from './partition.ts';

const agents = ['anna', 'bert', 'carl'];
const past = history(agents, 200);
const after = (runs: number): number => (200 + runs) * 12 * minute;
const fold = (state: PartitionState, entries: readonly Entry[], first = 0) => entries.map((one, i) => take(state, one, `0-${first + i}`));
const lived = (): PartitionState => {
  const state = emptyPartition();
  fold(state, past);
  return state;
};
const says = (finding: string, person: string, verdict: Disposition['verdict'], at: number): Entry =>
  ({ kind: 'disposition', finding, tenant: 'acme', agent: 'anna', verdict, person, reason: 'looked', jws: 'a.b.c', status: 'asked', at });
/** Every part there is, through the bytes of a checkpoint. */
const restored = (state: PartitionState): PartitionState => {
  const names = new Set(partsOf(state, 'acme', [...state.detector.agents.keys()]));
  return assemble(new Map([...names].filter((name) => readPart(state, name) !== undefined).sort().map((name) => [name, readState(writeState(readPart(state, name)))])), state.minute);
};

describe('a partition of agents', () => {
  it('says nothing of ordinary life', () => {
    expect(fold(emptyPartition(), past).flatMap((told) => [...told.levels, ...told.findings])).toEqual([]);
  });

  it('tells of a hijacked run once: a finding, and the level of the agent and of the run', () => {
    const state = lived();
    const told = fold(state, [...hijacked('anna', 9_000, after(5)), { ...hijacked('anna', 9_000, after(5)).at(-1) as ActionSeen, action: uuid(90_009), now: after(5) + minute }], 800);
    const findings = told.flatMap((one) => one.findings), levels = told.flatMap((one) => one.levels);
    expect(findings).toMatchObject([{ finding: 'f-0-802', agent: 'anna', run: uuid(9_000), kind: 'behaviour', severity: 'critical', impact: 'critical', events: [uuid(90_002)] }]);
    expect(findings[0]!.techniques).toContain('AML.T0051.001');
    expect(levels[0]).toMatchObject({ agent: 'anna', level: 'high', findings: ['f-0-802'], runs: [{ run: uuid(9_000), level: 'high' }] });
    expect([...findings.map((one) => validateFinding(one)), ...levels.map((one) => validateAnomalyLevel(one))]).not.toContain(false);
  });

  it('tells of the next hijack of the same agent too, as one more of its case, and of a hundredth no hundred times', () => {
    const state = lived();
    const told = (from: number, runs: number): Finding[] =>
      Array.from({ length: runs }, (_, i) => fold(state, [...hijacked('anna', 9_000 + from + i, after(5) + (from + i) * 20_000), { kind: 'ended', tenant: 'acme', agent: 'anna', run: uuid(9_000 + from + i), now: after(5) + (from + i) * 20_000 + 5_000 }], 800 + (from + i) * 4)).flat().flatMap((one) => one.findings);
    const findings = told(0, 40), [first, second] = findings;
    expect(first).toMatchObject({ finding: 'f-0-802', run: uuid(9_000), repeats: 0 });
    expect(first!.case).toBeUndefined();
    expect(second).toMatchObject({ run: uuid(9_001), case: { finding: 'f-0-802', seen: 2, since: first!.at } });
    expect(findings.every((one) => validateFinding(one))).toBe(true);
    // By and by it is how many there are that is odd: that is another case. Each is told four times, and then when it has doubled.
    const cases = Object.values(Object.groupBy(findings, (one) => one.case?.finding ?? one.finding)).map((of) => of!.map((one) => one.case?.seen ?? 1));
    for (const seen of cases) expect(seen).toEqual([1, 2, 3, 4, 8, 16, 32].slice(0, seen.length));
    expect(findings.length).toBeLessThan(20);
    // A case costs one alert of the day, however often it comes again; an hour later it is a new one.
    expect(state.detector.tenants.get('acme')!.control.alerts).toBe(cases.length);
    expect(told(200, 1)).toMatchObject([{ kind: 'behaviour', repeats: expect.any(Number) }]);
    expect(state.detector.tenants.get('acme')!.control.alerts).toBe(cases.length + 1);
    // Each that was told of can be judged by itself: the places are for these.
    expect(state.detector.agents.get('acme anna')!.pending).toHaveLength(4);
  });

  it('tells of a second hijack within the hour also when the day has no alert left', () => {
    const state = lived();
    const [opened] = fold(state, hijacked('anna', 9_000, after(5)), 800).flatMap((one) => one.findings);
    const { control } = state.detector.tenants.get('acme')!;
    control.alerts = defaultBudget.perDay;
    expect(fold(state, hijacked('anna', 9_001, after(5) + minute), 810).flatMap((one) => one.findings)).toMatchObject([{ kind: 'behaviour', case: { finding: opened!.finding } }]);
    expect(fold(state, hijacked('bert', 9_002, after(5) + minute), 820).flatMap((one) => one.findings.filter(({ kind }) => kind === 'behaviour'))).toEqual([]);
    expect(control.alerts).toBe(defaultBudget.perDay);
  });

  it('tells again of a run that was told of and got worse, and clears it only when both were judged', () => {
    const state = lived();
    const [read] = fold(state, [{ ...hijacked('anna', 9_000, after(5)).at(-1) as ActionSeen, impact: 'low' }], 800).flatMap((one) => one.findings);
    const [paid] = fold(state, [{ ...hijacked('anna', 9_000, after(5)).at(-1) as ActionSeen, now: after(5) + 9_000, action: uuid(90_003) }], 801).flatMap((one) => one.findings);
    expect([read, paid]).toMatchObject([{ finding: 'f-0-800', severity: 'medium' }, { finding: 'f-0-801', run: uuid(9_000), severity: 'critical', case: { finding: 'f-0-800', seen: 2 } }]);
    const said = (finding: string) => fold(state, [says(finding, 'ana', 'false', after(6)), says(finding, 'abe', 'false', after(6))], 900).flatMap((one) => one.dispositions.map(({ status, level }) => `${status} ${level}`));
    const learned = state.detector.agents.get('acme anna')!.habits.runs;
    expect(said('f-0-800')).toEqual(['waiting high', 'done high']);
    expect(state.detector.agents.get('acme anna')!.habits.runs).toBe(learned);
    expect(said('f-0-801')).toEqual(['waiting high', 'done normal']);
    expect(state.detector.agents.get('acme anna')!.habits.runs).toBe(learned + 1);
  });

  it('lets a level fade by the time of the stream, also of an agent that went quiet, and to raised as long as nobody has judged what was told', () => {
    const state = lived();
    fold(state, hijacked('anna', 9_000, after(5)));
    const told = fold(state, ordinary('bert', 300, after(15)), 900);
    expect(told.flatMap((one) => one.levels)).toMatchObject([{ agent: 'anna', level: 'raised', findings: [expect.stringMatching(/^f-/)], at: after(15), runs: [{ run: uuid(9_000), level: 'high' }] }]);
    expect(told[0]!.touched).toEqual(['acme bert', 'acme anna']);
    expect(take(state, { kind: 'ended', tenant: 'acme', agent: 'anna', run: uuid(9_000), now: after(15) + minute }, '0-910').levels).toMatchObject([{ agent: 'anna', level: 'raised' }]);
  });

  it('needs two analysts for a level to fall, and one to confirm an attack', () => {
    const one = lived(), two = lived();
    for (const state of [one, two]) fold(state, hijacked('anna', 9_000, after(5)), 800);
    const [first, again, second, third] = fold(one, [says('f-0-802', 'ana', 'false', after(5)), says('f-0-802', 'ana', 'false', after(5) + 1), says('f-0-802', 'abe', 'false', after(5) + 2), says('f-0-802', 'ali', 'true', after(5) + 3)], 900);
    expect(first).toMatchObject({ dispositions: [{ status: 'waiting', level: 'high' }], levels: [] });
    expect(again).toMatchObject({ dispositions: [], levels: [] });
    expect(second).toMatchObject({ dispositions: [{ status: 'done', level: 'normal' }], levels: [{ agent: 'anna', level: 'normal', findings: [] }] });
    expect(second!.levels[0]!.runs).toBeUndefined();
    expect(third).toMatchObject({ dispositions: [{ status: 'late', person: 'ali' }], levels: [] });
    expect(take(two, says('f-0-802', 'ana', 'true', after(5)), '0-900')).toMatchObject({ dispositions: [{ status: 'done', verdict: 'true', level: 'high' }], levels: [] });
    expect(take(two, says('f-9-9', 'ana', 'true', after(5)), '0-901')).toMatchObject({ dispositions: [{ status: 'late' }], levels: [] });
  });

  it('does not count two analysts who do not agree, and lets each change their mind', () => {
    const state = lived();
    fold(state, hijacked('anna', 9_000, after(5)), 800);
    const said = fold(state, [says('f-0-802', 'ana', 'false', after(5)), says('f-0-802', 'abe', 'expected', after(5) + 1), says('f-0-802', 'abe', 'false', after(5) + 2)], 900);
    expect(said.flatMap((one) => one.dispositions.map(({ status }) => status))).toEqual(['waiting', 'waiting', 'done']);
  });

  it('learns what was expected, and goes on taking what was true for odd', () => {
    const again = (verdict: Disposition['verdict']): number => {
      const state = lived();
      for (let i = 0; i < 4; i++) {
        const odd = fold(state, [...hijacked('anna', 9_000 + i, after(5 + i)), { kind: 'ended', tenant: 'acme', agent: 'anna', run: uuid(9_000 + i), now: after(5 + i) + 3_000 }], 1_000 + i * 10).flatMap((one) => one.findings);
        for (const { finding } of odd) fold(state, [says(finding, 'ana', verdict, after(5 + i) + 4_000), says(finding, 'abe', verdict, after(5 + i) + 4_001)], 2_000 + i * 10);
      }
      return Math.max(...fold(state, hijacked('anna', 9_100, after(40)), 3_000).flatMap((one) => one.levels.map(({ score }) => score)), 0);
    };
    expect(again('expected')).toBeLessThan(again('true'));
  });

  it('is the same bit for bit when it is rebuilt from a checkpoint at any place', () => {
    const step = fc.record({ agent: fc.constantFrom(...agents), pause: fc.nat(90 * minute), odd: fc.nat(9), verdict: fc.constantFrom('true', 'false', 'expected') });
    fc.assert(fc.property(fc.array(step, { minLength: 5, maxLength: 40 }), fc.double({ min: 0, max: 1, noNaN: true }), (steps, at) => {
      let now = after(1);
      const entries: Entry[] = steps.flatMap(({ agent, pause, odd, verdict }, i) => {
        now += pause;
        return [...(odd < 3 ? hijacked : ordinary)(agent, 10_000 + i, now), ...(odd === 0 ? [says(`f-0-${800 + i}`, 'ana', verdict as 'true', now), says(`f-0-${800 + i}`, 'abe', verdict as 'true', now)] : [])];
      });
      const whole = lived();
      const told = fold(whole, entries, 800);
      const cut = Math.floor(at * entries.length);
      const before = lived();
      fold(before, entries.slice(0, cut), 800);
      const rebuilt = restored(before);
      expect(fold(rebuilt, entries.slice(cut), 800 + cut).map(({ levels, findings, dispositions }) => ({ levels, findings, dispositions }))).toEqual(told.slice(cut).map(({ levels, findings, dispositions }) => ({ levels, findings, dispositions })));
      expect(rebuilt.detector).toEqual(whole.detector);
      expect(new Map([...rebuilt.files].sort())).toEqual(new Map([...whole.files].sort()));
    }), { seed: 31, numRuns: 20 });
  });
});
