import { describe, expect, it } from '@jest/globals';
import type { BusMessage } from '@countersign/bus';
import { topic } from '@countersign/contracts';
import { createKeySet, generateKey } from '@countersign/identity';
import { ordinary } from '../anomaly.fixture.ts';
import { emptyPartition, take } from '../core/partition.ts';
import type { Observation } from '../core/observation.ts';
import { readActions } from './read-actions.ts';

const day = 86_400_000, now = 20_000 * day;
const keys = createKeySet([generateKey('anomaly-1').publicJwk]);
const appended = (seen: Observation, timestamp: number, offset: number): BusMessage => ({ topic: topic.anomalyActions, partition: 0, offset: BigInt(offset), timestamp, key: seen.agent, value: Buffer.from(JSON.stringify({ ...seen, ...(seen.kind === 'started' && { task: 'A'.repeat(43) }) })), headers: {} });

describe('a record dated a month ahead', () => {
  it('happened when the broker took it: the day of the alert budget goes on with the days', () => {
    const state = emptyPartition();
    const fold = (seen: readonly Observation[], at: number) => {
      for (const { entry } of readActions(seen.map((one, i) => appended(one, at, i)), keys, (_, error) => { throw error; })) take(state, entry, '0-1');
      return state.detector.tenants.get('acme')!.control.day;
    };
    expect(fold(ordinary('anna', 1, now), now)).toBe(20_000);
    expect(fold(ordinary('anna', 2, now + 30 * day), now)).toBe(20_000);
    expect(state.minute).toBeLessThanOrEqual(now / 60_000 + 1);
    expect(fold(ordinary('bert', 3, now + day), now + day)).toBe(20_001);
  });
});
