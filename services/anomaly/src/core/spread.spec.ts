import { describe, expect, it } from '@jest/globals';
import { validateFinding, validateObservation } from '@countersign/contracts';
import type { Finding } from '@countersign/contracts';
import { hijacked, history, minute, ordinary, uuid } from '../anomaly.fixture.ts';
import type { Sighting } from './observation.ts';
import { emptyPartition, take } from './partition.ts';
import type { Entry } from './partition.ts';
import { meet, newSpread } from './spread.ts';

const after = (runs: number): number => (200 + runs) * 12 * minute;

/** Four partitions, each with its own agents and a history of its own; what they tell each other goes where the service would send it. */
const house = () => {
  const partitions = Array.from({ length: 4 }, (_, n) => ({ state: emptyPartition(), agents: [`anna-${n}`, `bert-${n}`, `carl-${n}`] }));
  const partitionOf = (agent: string): number => Number(agent.at(-1));
  let offset = 0;
  const findings: Finding[] = [];
  const forwarded: Entry[] = [];
  const fold = (entry: Entry, at: number): void => {
    const told = take(partitions[at]!.state, entry, `${at}-${offset++}`);
    findings.push(...told.findings);
    for (const one of told.forwards) {
      forwarded.push(one);
      fold(one, one.kind === 'sighting' ? one.thing % partitions.length : partitionOf(one.agent));
    }
  };
  partitions.forEach(({ agents }, n) => { for (const one of history(agents, 200)) fold(one, n); });
  return {
    partitions, forwarded, act: (entries: readonly Entry[]): readonly Finding[] => {
      findings.length = 0;
      for (const one of entries) fold(one, partitionOf((one as { agent: string }).agent));
      return [...findings];
    },
  };
};

describe('agents that meet the same new thing within the hour', () => {
  it('are told of together, in whatever partitions they live', () => {
    const { act } = house();
    const spreads = (entries: readonly Entry[]) => act(entries).filter(({ kind }) => kind === 'spread');
    expect(spreads(hijacked('anna-0', 9_000, after(5)))).toEqual([]);
    const second = spreads(hijacked('bert-1', 9_001, after(5) + 5 * minute));
    expect(second).toMatchObject([{ agent: 'bert-1', run: uuid(9_001), spread: { agents: ['anna-0', 'bert-1'], count: 2, what: 'care.refund to DE-stranger' } }]);
    expect(second.every((one) => validateFinding(one) && one.contributions.length > 0 && one.impact === 'critical')).toBe(true);
    expect(spreads(hijacked('carl-3', 9_002, after(5) + 9 * minute))).toMatchObject([{ spread: { agents: ['anna-0', 'bert-1', 'carl-3'] } }]);
    // The same agent again is no second one, and hours later it is another story.
    expect(spreads(hijacked('anna-0', 9_003, after(5) + 12 * minute))).toEqual([]);
    expect(spreads(hijacked('bert-2', 9_004, after(25)))).toEqual([]);
  });

  it('can be judged where the agent lives: what an analyst says of the finding is taken', () => {
    const { act, partitions } = house();
    const met = act([...hijacked('anna-0', 9_000, after(5)), ...hijacked('bert-1', 9_001, after(5) + minute)]).find(({ kind }) => kind === 'spread')!;
    const said = take(partitions[1]!.state, { kind: 'disposition', finding: met.finding, tenant: 'acme', agent: 'bert-1', verdict: 'true', person: 'ana', reason: 'looked', jws: 'a.b.c', status: 'asked', at: after(6) }, '1-9999');
    expect(said.dispositions).toMatchObject([{ status: 'done' }]);
    expect(partitions[1]!.state.detector.agents.get('acme bert-1')!.open.at(-1)).toMatchObject({ run: uuid(9_001), kept: 'attack' });
  });

  it('tell other partitions nothing but that, and say it as their contract has it', () => {
    const { act, forwarded } = house();
    forwarded.length = 0;
    act([...ordinary('anna-0', 300, after(4)), ...ordinary('bert-1', 301, after(4))]);
    expect(forwarded).toEqual([]);
    act([...hijacked('anna-0', 9_000, after(5)), ...hijacked('bert-1', 9_001, after(5) + minute)]);
    expect(new Set(forwarded.map(({ kind }) => kind))).toEqual(new Set(['sighting', 'meeting']));
    for (const one of forwarded) expect([validateObservation(one), validateObservation.errors]).toEqual([true, null]);
  });
});

describe('the things of a partition', () => {
  const seen = (agent: string, thing: number, now = 0): Sighting => ({ kind: 'sighting', tenant: 'acme', agent, run: uuid(1), action: uuid(2), now, thing, what: 'x', pValue: 0.1, eValue: 1 });
  it('are bounded, in number and in agents, under a flood', () => {
    const spread = newSpread();
    for (let n = 1; n <= 5_000; n++) meet(spread, seen('a', n), '0-1');
    expect(spread.size).toBe(512);
    const met = Array.from({ length: 200 }, (_, n) => meet(spread, seen(`agent-${n}`, 5_000), `0-${n}`));
    expect(met.filter((one) => one !== undefined)).toHaveLength(63);
    expect(met[62]).toMatchObject({ count: 64 });
  });

  it('are met by the time of the stream, also by one whose clock is behind', () => {
    const spread = newSpread(), hour = 60 * minute;
    expect([meet(spread, seen('a', 1, 3 * hour), '0-1'), meet(spread, seen('b', 1, 3 * hour - minute), '0-1')?.agents, meet(spread, seen('c', 1, 4 * hour + 1), '0-1')]).toEqual([undefined, ['a', 'b'], undefined]);
  });
});
