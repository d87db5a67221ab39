import { describe, expect, it } from '@jest/globals';
import type { BusMessage } from '@countersign/bus';
import { topic } from '@countersign/contracts';
import { createKeySet, generateKey } from '@countersign/identity';
import { readFileSync } from 'node:fs';
import { ordinary } from '../anomaly.fixture.ts';
import { emptyPartition, take } from '../core/partition.ts';
import type { Observation } from '../core/observation.ts';
import { observationMessage } from '../outbound/publish.ts';
import { createSeal } from '../outbound/seal.ts';
import { actionReader, rekey } from './read-actions.ts';

const day = 86_400_000, now = 20_000 * day;
const key = generateKey('anomaly-1');
const own = { keys: createKeySet([key.publicJwk]), seal: createSeal(key) };
/** As the broker gives an observation back that anomaly wrote. */
const appended = (seen: Observation, timestamp: number, offset: number, by = own.seal): BusMessage => {
  const { value, headers = {} } = observationMessage({ ...seen, ...(seen.kind === 'started' && { task: 'A'.repeat(43) }) } as Observation, 0, by);
  return { topic: topic.anomalyActions, partition: 0, offset: BigInt(offset), timestamp, key: seen.agent, value: Buffer.from(value!), headers };
};

describe('an observation', () => {
  const read = (message: BusMessage) => {
    const told: string[] = [];
    return { entries: actionReader(own)([message], (_, error) => told.push(error.message)), told };
  };
  const [seen] = ordinary('anna', 1, now);
  const good = appended(seen!, now, 0);

  it('is believed where anomaly sealed it', () => {
    expect(read(good)).toMatchObject({ entries: [{ offset: 0n, entry: { kind: 'started', agent: 'anna' } }], told: [] });
  });

  it('is left out and told of where anybody else wrote, changed or moved it: who can write to the topic teaches and accuses nobody', () => {
    const of = (value: object): Buffer => Buffer.from(JSON.stringify(value));
    const { cs_proof: _, ...bare } = good.headers;
    const forged: readonly BusMessage[] = [
      { ...good, headers: bare }, { ...good, headers: { ...good.headers, cs_proof: 'A'.repeat(43) } }, { ...good, headers: { ...good.headers, cs_proof: '' } },
      appended(seen!, now, 0, createSeal(generateKey('anomaly-1'))),
      { ...good, value: of({ ...seen, now: now - 1, task: 'A'.repeat(43) }) }, { ...good, key: 'bert', value: of({ ...seen, agent: 'bert', task: 'A'.repeat(43) }) },
      { ...good, partition: 1 }, { ...good, headers: { ...good.headers, tenant: 'other' } }, { ...good, value: null },
      // An analyst's word needs the signature of the service itself: a seal is none.
      { ...good, headers: { ...good.headers, ce_type: 'countersign.anomaly.disposition.v1' } },
    ];
    for (const message of forged) expect(read(message)).toEqual({ entries: [], told: [expect.any(String)] });
  });

  it('is verified once for the two that read it; what nobody can read is told to each', () => {
    const reading = actionReader(own);
    const unread = { ...good, offset: 1n, value: null };
    const told: bigint[] = [];
    const readers = [1, 2].map(() => reading([good, unread], ({ offset }) => told.push(offset)));
    expect([readers[0], told]).toEqual([readers[1], [1n, 1n]]);
    expect(readers[0]![0]).toBe(readers[1]![0]);
    // A third reading is a reading anew.
    const [third] = reading([good], () => undefined);
    expect(third).toEqual(readers[0]![0]);
    expect(third).not.toBe(readers[0]![0]);
  });
});

describe('a governed record', () => {
  const seal = createSeal(key);
  const example = (name: string): Readonly<Record<string, unknown>> => (JSON.parse(readFileSync(new URL(`../../../../contracts/schemas/governed/${name}.v1.examples.json`, import.meta.url), 'utf8')) as { valid: readonly [{ value: Readonly<Record<string, unknown>> }] }).valid[0].value;
  const decided = example('GovernedDecided');
  const rekeyed = (value: unknown) => {
    const told: string[] = [];
    const message: BusMessage = { topic: topic.runsGoverned, partition: 0, offset: 0n, timestamp: now, key: null, value: typeof value === 'string' ? Buffer.from(value) : Buffer.from(JSON.stringify(value)), headers: {} };
    const made = rekey([message], 4, () => undefined, seal, (_, error) => told.push(error.message));
    return { made: made.length, told: told.length };
  };

  it('goes on as what anomaly reads of it; of a newer policy too', () => {
    for (const name of ['GovernedStarted', 'GovernedDecided', 'GovernedEnded']) expect(rekeyed({ ...example(name), later: 1 })).toEqual({ made: 1, told: 0 });
    expect(rekeyed({ ...decided, kind: 'run.reborn' })).toEqual({ made: 0, told: 0 });
  });

  it.each<[string, unknown]>([
    ['nothing', ''], ['no JSON', '{'], ['null', 'null'], ['a list', '[]'], ['no kind', {}], ['a kind that is no text', { ...decided, kind: 1 }], ['no more than its kind', { kind: 'action.decided', run: 'r', agent: 'a', round: 1 }],
    ['an agent that is no text', { ...decided, agent: { name: 'anna' } }], ['a tool that is no text', { ...decided, tool: ['care.refund'] }], ['a time that is no number', { ...decided, now: 'soon' }], ['a tenant without end', { ...decided, tenant: 'x'.repeat(10_000) }],
    ['facts that are none', { ...decided, facts: null }],
  ])('that is %s is told of and goes nowhere', (_, value) => {
    expect(rekeyed(value)).toEqual({ made: 0, told: 1 });
  });
});

describe('a record dated a month ahead', () => {
  it('happened when the broker took it: the day of the alert budget goes on with the days', () => {
    const state = emptyPartition();
    const fold = (seen: readonly Observation[], at: number) => {
      for (const { entry } of actionReader(own)(seen.map((one, i) => appended(one, at, i)), (_, error) => { throw error; })) take(state, entry, '0-1');
      return state.detector.tenants.get('acme')!.control.day;
    };
    expect(fold(ordinary('anna', 1, now), now)).toBe(20_000);
    expect(fold(ordinary('anna', 2, now + 30 * day), now)).toBe(20_000);
    expect(state.minute).toBeLessThanOrEqual(now / 60_000 + 1);
    expect(fold(ordinary('bert', 3, now + day), now + day)).toBe(20_001);
  });
});
