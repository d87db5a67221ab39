import { describe, expect, it } from '@jest/globals';
import { hijacked, history, minute, ordinary, uuid } from '../anomaly.fixture.ts';
import { readPart } from '../app/parts.ts';
import { writeState } from '../outbound/state-json.ts';
import type { ActionSeen, Observation } from './observation.ts';
import { emptyPartition, take } from './partition.ts';
import type { PartitionState } from './partition.ts';

const fold = (state: PartitionState, seen: readonly Observation[], first = 0) => seen.map((one, i) => take(state, one, `0-${first + i}`));
const lived = (): PartitionState => {
  const state = emptyPartition();
  fold(state, history(['anna', 'bert', 'carl'], 200));
  return state;
};
const later = (runs: number): number => (200 + runs) * 12 * minute;
const bytes = (state: PartitionState, agent: string): number => writeState(readPart(state, `agent acme ${agent}`)).length;
const acts = (agent: string, count: number, over: (i: number) => Partial<ActionSeen>): readonly Observation[] => Array.from({ length: count }, (_, i) => ({ ...hijacked(agent, 50_000 + i, later(10) + i * 1_000)[1] as ActionSeen, ...over(i) }));

describe('what no stream should have and some do', () => {
  it('an agent that appears in the middle of a run is scored, and cries no wolf', () => {
    const state = lived();
    const [, ...middle] = ordinary('dora', 400, later(1));
    expect(fold(state, middle).flatMap((told) => told.findings)).toEqual([]);
  });

  it('an id that came back as another agent begins anew: its new work is no finding', () => {
    const state = lived();
    const reborn = ordinary('anna', 401, later(2)).map((one) => ({ ...one, ...(one.kind === 'action' && { version: 2, group: 'other', tool: one.tool.replace('care', 'shop') }) }));
    expect(fold(state, reborn).flatMap((told) => told.findings)).toEqual([]);
  });

  it('clocks that jump by years, either way, break nothing and silence nobody', () => {
    const state = lived();
    fold(state, ordinary('bert', 402, Number.MAX_SAFE_INTEGER - 10_000));
    fold(state, ordinary('bert', 403, 0));
    const told = fold(state, hijacked('carl', 9_000, later(3)), 900);
    expect(told.flatMap((one) => one.findings.map(({ agent }) => agent))).toEqual(['carl']);
    expect(told.flatMap((one) => one.levels).every(({ score }) => Number.isFinite(score))).toBe(true);
  });

  it('a tool with thirty thousand targets, and as many runs that never end, stay within bounds', () => {
    const state = lived();
    fold(state, acts('anna', 30_000, (i) => ({ tool: 'care.answer', targets: [`customer-${i}`], run: uuid(60_000 + i), trust: 'instruction', signs: [] })));
    expect(bytes(state, 'anna')).toBeLessThan(64 * 1024);
  });

  it('an agent that sends nothing but refused actions is told of a few times, not a few thousand', () => {
    const state = lived();
    const told = fold(state, acts('anna', 3_000, (i) => ({ denied: true, tool: `care.${i % 40}`, run: uuid(70_000 + i) })), 5_000).flatMap((one) => one.findings);
    expect(told.length).toBeLessThan(30);
    expect(bytes(state, 'anna')).toBeLessThan(64 * 1024);
  });

  it('a thousand agents of one owner do not make their own oddity the habit of their peers', () => {
    const state = lived();
    const sybils = Array.from({ length: 1_000 }, (_, i) => [...hijacked(`sybil-${i}`, 20_000 + i, later(4) + i * minute).map((one) => (one.kind === 'action' ? { ...one, owner: 'mallory' } : one)), { kind: 'ended', tenant: 'acme', agent: `sybil-${i}`, run: uuid(20_000 + i), now: later(4) + i * minute + 5_000 } as const]).flat();
    fold(state, sybils, 10_000);
    const told = fold(state, hijacked('anna', 9_500, later(200)), 90_000);
    expect(told.flatMap((one) => one.findings.map(({ agent }) => agent))).toContain('anna');
  });

  it('one owner who makes sixty runs of noise blinds nobody: what is told once costs once, and its agents have a share of the day', () => {
    const told = (noisy: number): { readonly ofNoise: number; readonly ofVictims: readonly string[] } => {
      const state = lived();
      const noise = Array.from({ length: 60 }, (_, i) => hijacked(`noisy-${i % noisy}`, 30_000 + i, later(5) + i * 20_000).map((one) => (one.kind === 'action' ? { ...one, owner: 'mallory', targets: one.targets.map((to) => `${to}-${i}`) } : one))).flat();
      const alerts = (seen: readonly Observation[], from: number) => fold(state, seen, from).flatMap((one) => one.findings.filter((finding) => finding.kind === 'behaviour' && finding.case === undefined).map(({ agent }) => agent));
      const ofNoise = alerts(noise, 10_000).length;
      expect(state.detector.tenants.get('acme')!.control.alerts).toBe(ofNoise);
      return { ofNoise, ofVictims: alerts( [...hijacked('anna', 9_500, later(7)), ...hijacked('bert', 9_501, later(7) + minute)], 20_000) };
    };
    const ofOne = told(1), ofThirty = told(30);
    expect(ofOne.ofNoise).toBeLessThan(10);
    expect(ofThirty.ofNoise).toBe(10);
    expect([ofOne, ofThirty].map(({ ofVictims }) => ofVictims.includes('anna'))).toEqual([true, true]);
  });
});
