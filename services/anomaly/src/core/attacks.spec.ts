import { describe, expect, it } from '@jest/globals';
import type { Disposition, Finding } from '@countersign/contracts';
import { hijacked, history, minute, ordinary, uuid } from '../anomaly.fixture.ts';
import type { ActionSeen, Observation } from './observation.ts';
import { emptyPartition, take } from './partition.ts';
import type { Entry, PartitionState, Told } from './partition.ts';

const after = (runs: number, past = 200): number => (past + runs) * 12 * minute;
/** One partition, which also takes up what it tells itself. */
const house = (agents = ['anna', 'bert', 'carl'], runs = 200) => {
  const state: PartitionState = emptyPartition();
  let offset = 0;
  const told = (entries: readonly Entry[]): Told[] => entries.flatMap((one) => {
    const said = take(state, one, `0-${offset++}`);
    return [said, ...told(said.forwards)];
  });
  told(history(agents, runs));
  return { state, told, findings: (entries: readonly Entry[]): Finding[] => told(entries).flatMap((one) => one.findings), agent: (name: string) => state.detector.agents.get(`acme ${name}`)!, control: () => state.detector.tenants.get('acme')!.control };
};
const by = (owner: string, entries: readonly Observation[], over: Partial<ActionSeen> = {}): readonly Observation[] => entries.map((one) => (one.kind === 'action' ? { ...one, owner, ...over } : one));
const end = (agent: string, run: number, now: number): Observation => ({ kind: 'ended', tenant: 'acme', agent, run: uuid(run), now });
const start = (agent: string, run: number, now: number): Observation => ({ kind: 'started', tenant: 'acme', agent, run: uuid(run), now, task: 'another' });
const word = (finding: string, verdict: Disposition['verdict'], at: number, people = ['ana', 'abe'], agent = 'anna'): Entry[] =>
  people.map((person) => ({ kind: 'disposition', finding, tenant: 'acme', agent, verdict, person, reason: 'looked', jws: 'a.b.c', status: 'asked', at }));
const stranger = (entries: readonly Observation[], to: string): readonly Observation[] => entries.map((one) => (one.kind === 'action' && one.consequential ? { ...one, targets: [to] } : one));

describe('the day\'s budget', () => {
  it('holds for slow attacks too: a hundred sybils of one owner open ten cases, and each is raised all the same', () => {
    const { told, agent, control } = house();
    const findings: Finding[] = [];
    for (let k = 0; k < 8; k++) for (let i = 0; i < 100; i++) {
      const now = after(5) + (k * 100 + i) * 5_000, run = 20_000 + k * 100 + i;
      findings.push(...told([...by('mallory', stranger(hijacked(`syb-${i}`, run, now), `DE-${i}-${k}`)), end(`syb-${i}`, run, now + 4_000)]).flatMap((one) => one.findings));
    }
    expect(findings.filter(({ kind, case: of }) => kind === 'behaviour' && of === undefined)).toHaveLength(10);
    expect(control().alerts).toBe(10);
    expect(findings.length).toBeLessThan(60);
    expect(Array.from({ length: 100 }, (_, i) => agent(`syb-${i}`).evidence).every((evidence) => evidence >= 3)).toBe(true);
  });

  it('has a part of its own for what several do: one owner\'s sybils tell ten times of new things, and use up no alert', () => {
    const { findings, control } = house();
    const pairs = Array.from({ length: 60 }, (_, i) => [0, 1].flatMap((n) => by('mallory', stranger(hijacked(`syb-${i}-${n}`, 20_000 + 2 * i + n, after(5) + i * 1_000), `DE-${i}`), { tool: `care.pay_${i}` }))).flat();
    expect(findings(pairs).filter(({ kind }) => kind === 'spread')).toHaveLength(10);
    expect(control().beside).toMatchObject({ alerts: 10 });
    expect(control().alerts).toBeLessThanOrEqual(10);
    expect(findings(by('uma', [...stranger(hijacked('anna', 30_000, after(6)), 'DE-other'), ...stranger(hijacked('bert', 30_001, after(6) + minute), 'DE-other')])).map(({ kind }) => kind)).toContain('spread');
  });
});

describe('the same new thing, by many', () => {
  it('is one case, told when it is two agents and each time that as many more have joined', () => {
    const agents = Array.from({ length: 10 }, (_, i) => `agent-${i}`);
    const { findings, state } = house(agents, 400);
    const spreads = findings(agents.flatMap((agent, i) => hijacked(agent, 9_000 + i, after(5, 400) + i * minute))).filter(({ kind }) => kind === 'spread');
    const [first] = spreads;
    expect(first!.case).toBeUndefined();
    expect(spreads.map(({ spread, case: of }) => [spread!.count, of?.finding, of?.seen])).toEqual([[2, undefined, undefined], [3, first!.finding, 2], [5, first!.finding, 4], [9, first!.finding, 8]]);
    expect(new Set(spreads.map(({ finding }) => finding)).size).toBe(4);
    // Who joined without being told of by itself is under the case too.
    expect(state.files.get('acme agent-3')!.findings).toContain(first!.finding);
  });
});

describe('a run that was told of', () => {
  const push = (from: number, now: number): Observation[] => Array.from({ length: 9 }, (_, i) => start('anna', from + i, now + i));
  const tail = (now: number): Observation[] => [...ordinary('anna', 9_000, now).slice(1), ...ordinary('anna', 9_000, now + minute).slice(1)];

  it.each([['waits for analysts', []], ['was an attack', ['ana']]])('and %s is not learned when others push it out and it goes on', (_, people) => {
    const { told, findings, agent } = house();
    const [finding] = findings(hijacked('anna', 9_000, after(5)));
    told(word(finding!.finding, 'true', after(5) + 3_000, people));
    const { runs } = agent('anna').habits;
    told([...push(9_100, after(5) + 4_000), ...tail(after(5) + minute)]);
    expect([agent('anna').habits.runs, agent('anna').open.some(({ run }) => run === uuid(9_000))]).toEqual([runs, false]);
    // Nor when it comes back after its end.
    told(tail(after(7)));
    expect(agent('anna').habits.runs).toBe(runs);
    expect(agent('anna').flagged.length).toBe(1);
  });

  it('is learned again where analysts say that it was a mistake', () => {
    const { told, findings, agent } = house();
    const [finding] = findings(hijacked('anna', 9_000, after(5)));
    told([...push(9_100, after(5) + 4_000), ...word(finding!.finding, 'false', after(6))]);
    const { runs } = agent('anna').habits;
    told(tail(after(7)));
    expect(agent('anna').habits.runs).toBeGreaterThan(runs);
  });
});

describe('an analyst\'s word', () => {
  it('that one finding was a mistake leaves the level that another run earned', () => {
    const { told, findings } = house();
    const [first] = findings([...stranger(hijacked('anna', 9_000, after(5)), 'DE-one'), end('anna', 9_000, after(5) + 3_000)]);
    const [second] = findings([...hijacked('anna', 9_001, after(5) + 20_000), end('anna', 9_001, after(5) + 24_000)]);
    const levels = (finding: string) => told(word(finding, 'false', after(5) + 30_000)).flatMap(({ dispositions }) => dispositions.map(({ level }) => level));
    expect(levels(first!.finding)).toEqual(['high', 'high']);
    expect(levels(second!.finding)).toEqual(['high', 'normal']);
  });

  it('that one was a mistake leaves the level of one that was an attack', () => {
    const { told, findings } = house();
    const [attack] = findings([...stranger(hijacked('anna', 9_000, after(5)), 'DE-one'), end('anna', 9_000, after(5) + 3_000)]);
    const [mistake] = findings([...hijacked('anna', 9_001, after(5) + 20_000), end('anna', 9_001, after(5) + 24_000)]);
    told(word(attack!.finding, 'true', after(5) + 30_000, ['ana']));
    expect(told(word(mistake!.finding, 'false', after(5) + 30_000)).at(-1)!.dispositions).toMatchObject([{ status: 'done', level: 'high' }]);
  });

  it('that it was expected lets the share of odd runs begin anew', () => {
    const { told, findings, agent } = house();
    const [finding] = findings([...hijacked('anna', 9_000, after(5)), end('anna', 9_000, after(5) + 3_000)]);
    agent('anna').changed = 0.9;
    told(word(finding!.finding, 'expected', after(6)));
    expect(agent('anna').changed).toBe(0);
  });

  it('that a change of work was expected is the last of it: no storm after it, and a week between proposals', () => {
    const agents = ['anna', 'bert', 'carl'];
    const state = house(agents, 1_500);
    const own = (entries: readonly Observation[]): readonly Observation[] => entries.map((one) => (one.kind === 'action' ? { ...one, owner: `o-${one.agent}` } : one));
    const found: Finding[] = [];
    for (let i = 0; i < 300; i++) {
      const now = after(5 + i, 1_500), agent = agents[i % 3]!;
      const [begin, read, answer, ended] = own(ordinary(agent, 9_000 + i, now));
      const more = Array.from({ length: 6 }, (_, k) => ({ ...read as ActionSeen, action: uuid(1e6 + i * 10 + k), now: now + 1_500 + k * 20_000 }));
      const said = state.findings(agent === 'anna' ? [begin!, read!, ...more, { ...answer!, now: now + 180_000 }, { ...ended!, now: now + 190_000 }] : [begin!, read!, answer!, ended!]);
      found.push(...said);
      for (const { finding, agent: whose } of said) state.told(word(finding, 'expected', now + 200_000, ['ana', 'abe'], whose));
    }
    expect(found.filter(({ kind }) => kind === 'drift').length).toBeLessThanOrEqual(1);
    expect(found.filter(({ at }) => at > after(60, 1_500)).length).toBeLessThanOrEqual(2);
  });
});

describe('an agent of another tenant with the same id', () => {
  it('is another agent: what it does teaches this one nothing, and raises nothing of it', () => {
    const { told, agent, state } = house();
    const { runs } = agent('anna').habits;
    const theirs = (entries: readonly Observation[]) => entries.map((one) => ({ ...one, tenant: 'other' }));
    told(theirs([...ordinary('anna', 9_000, after(5)), ...hijacked('anna', 9_001, after(6))]));
    expect([agent('anna').habits.runs, agent('anna').evidence, state.detector.agents.get('other anna')!.habits.runs]).toEqual([runs, expect.any(Number), 1]);
    expect(agent('anna').open).toEqual([]);
  });
});
