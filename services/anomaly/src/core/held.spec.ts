import { describe, expect, it } from '@jest/globals';
import { validateFinding } from '@countersign/contracts';
import type { Disposition, Finding } from '@countersign/contracts';
import { hijacked, history, minute, ordinary, uuid } from '../anomaly.fixture.ts';
import { defaultBudget } from './evidence.ts';
import type { ActionSeen, Observation } from './observation.ts';
import { emptyPartition, take } from './partition.ts';
import type { Entry, Told } from './partition.ts';

const after = (runs: number): number => (200 + runs) * 12 * minute;
const by = (owner: string, entries: readonly Observation[], over: Partial<ActionSeen> = {}): readonly Observation[] => entries.map((one) => (one.kind === 'action' ? { ...one, owner, ...over } : one));
const word = (finding: string, verdict: Disposition['verdict'], at: number, people = ['ana', 'abe']): Entry[] =>
  people.map((person) => ({ kind: 'disposition', finding, tenant: 'acme', agent: 'anna', verdict, person, reason: 'looked', jws: 'a.b.c', status: 'asked', at }));
const house = () => {
  const state = emptyPartition();
  let offset = 0;
  const told = (entries: readonly Entry[]): Told[] => entries.map((one) => take(state, one, `0-${offset++}`));
  told(history(['anna', 'bert', 'carl'], 200));
  return {
    state, told, findings: (entries: readonly Entry[]): Finding[] => told(entries).flatMap((one) => one.findings),
    level: () => state.files.get('acme anna')!.level, control: () => state.detector.tenants.get('acme')!.control,
  };
};

describe('the level of an agent about which people were told', () => {
  const waits = (said: (finding: string) => readonly Entry[]) => {
    const { told, findings, level } = house();
    const [found] = findings(hijacked('anna', 9_000, after(5))) as [Finding];
    expect(level()).toBe('high');
    told(said(found.finding));
    // A week of others' work, in which anna does nothing.
    told(ordinary('bert', 9_100, after(5) + 40 * minute));
    const soon = level();
    told(ordinary('bert', 9_101, after(5) + 7 * 24 * 60 * minute));
    return [soon, level()];
  };

  it('does not fall to normal for as long as nobody has judged it: whoever took it over could wait', () => {
    expect(waits(() => [])).toEqual(['raised', 'raised']);
    expect(waits((finding) => word(finding, 'false', after(6), ['ana']))).toEqual(['raised', 'raised']);
  });

  it('fades once somebody has: confirmed by one, taken back by two', () => {
    expect(waits((finding) => word(finding, 'true', after(6), ['ana']))).toEqual(['normal', 'normal']);
    expect(waits((finding) => word(finding, 'false', after(6)))).toEqual(['normal', 'normal']);
  });
});

describe('what the day has no alert left for', () => {
  const flood = () => {
    const one = house();
    // Everything that the day may tell is spent.
    one.told(ordinary('bert', 9_000, after(4)));
    one.control().alerts = defaultBudget.perDay;
    const now = after(5);
    const early = one.findings(Array.from({ length: 6 }, (_, i) => by(`owner-${i}`, hijacked(`syb-${i}`, 10_000 + i, now + i * 1_000), i === 3 ? {} : { impact: 'medium' })).flat());
    return { ...one, now, early };
  };

  it('is told in one when its window is over: how many there were, whose, and the highest', () => {
    const { findings, now, early, state, control } = flood();
    expect(early.filter(({ kind }) => kind === 'behaviour' || kind === 'overflow')).toEqual([]);
    expect(findings(ordinary('bert', 9_001, now + 10 * minute))).toEqual([]);
    const [told, ...more] = findings(ordinary('bert', 9_002, now + 16 * minute));
    expect(more).toEqual([]);
    expect(told).toMatchObject({ kind: 'overflow', agent: 'syb-3', run: uuid(10_003), impact: 'critical', withheld: { runs: 6, since: now + 2_000, agents: ['syb-0', 'syb-1', 'syb-2', 'syb-3', 'syb-4', 'syb-5'] } });
    expect(told!.explanation).toContain('6 runs of 6 agents would have been told of and were withheld');
    expect(validateFinding(told)).toBe(true);
    expect(told!.contributions.reduce((sum, { nats }) => sum + nats, 0)).toBe(told!.score);
    // Whom it names is held until somebody has judged it, and nothing is told twice.
    expect(state.files.get('acme syb-3')!.level).not.toBe('normal');
    expect(control().withheld).toBeNull();
    expect(findings(ordinary('bert', 9_003, now + 60 * minute))).toEqual([]);
  });

  it('is the tenant\'s own: nobody else hears of it', () => {
    const { findings, now } = flood();
    expect(findings(ordinary('bert', 9_001, now + 60 * minute).map((one) => ({ ...one, tenant: 'umbrella' })))).toEqual([]);
    expect(findings(ordinary('bert', 9_002, now + 61 * minute)).map(({ kind, tenant }) => [kind, tenant])).toEqual([['overflow', 'acme']]);
  });
});
