import { describe, expect, it } from '@jest/globals';
import type { BusMessage } from '@countersign/bus';
import { topic } from '@countersign/contracts';
import { createKeySet, generateKey } from '@countersign/identity';
import { ordinary } from '../anomaly.fixture.ts';
import { emptyPartition, take } from '../core/partition.ts';
import type { Observation } from '../core/observation.ts';
import { observationMessage } from '../outbound/publish.ts';
import { createSeal } from '../outbound/seal.ts';
import { readActions } from './read-actions.ts';

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
    return { entries: readActions([message], own, (_, error) => told.push(error.message)), told };
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
});

describe('a record dated a month ahead', () => {
  it('happened when the broker took it: the day of the alert budget goes on with the days', () => {
    const state = emptyPartition();
    const fold = (seen: readonly Observation[], at: number) => {
      for (const { entry } of readActions(seen.map((one, i) => appended(one, at, i)), own, (_, error) => { throw error; })) take(state, entry, '0-1');
      return state.detector.tenants.get('acme')!.control.day;
    };
    expect(fold(ordinary('anna', 1, now), now)).toBe(20_000);
    expect(fold(ordinary('anna', 2, now + 30 * day), now)).toBe(20_000);
    expect(state.minute).toBeLessThanOrEqual(now / 60_000 + 1);
    expect(fold(ordinary('bert', 3, now + day), now + day)).toBe(20_001);
  });
});
