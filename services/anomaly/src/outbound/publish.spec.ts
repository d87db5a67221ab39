import { describe, expect, it } from '@jest/globals';
import { partitionFor } from '@countersign/bus';
import type { AnomalyLevel } from '@countersign/contracts';
import { signers, topic } from '@countersign/contracts';
import { createKeySet, generateKey, verifyServiceMessage } from '@countersign/identity';
import { saidMessages } from './publish.ts';
import { createSeal } from './seal.ts';

const key = generateKey('anomaly-1');
const level = (agent: string, at: number, of: AnomalyLevel['level'], tenant = 'acme'): AnomalyLevel => ({ agent, tenant, level: of, score: 0.5, findings: [], position: `0-${at}`, at });

describe('the levels of a batch', () => {
  it('are said once of each agent, as the batch leaves them, signed', () => {
    const said = saidMessages({
      levels: [level('anna', 1, 'raised'), level('bert', 2, 'high'), level('anna', 3, 'high'), level('bert', 4, 'normal'), level('carl', 5, 'raised'), level('carl', 6, 'normal', 'umbrella')], findings: [], dispositions: [], forwards: [],
    }, key, createSeal(key), 4);
    expect(said.map(({ topic: to, key: agent, value }) => [to, agent, (JSON.parse(value!.toString()) as AnomalyLevel).level])).toEqual(
      [['acme anna', 'high'], ['acme bert', 'normal'], ['acme carl', 'raised'], ['umbrella carl', 'normal']].map(([agent, of]) => [topic.anomalyLevels, agent, of]));
    // To the partition that the agent is scored in, which is the one whose heartbeats vouch for it.
    expect(said.map(({ partition }) => partition)).toEqual(['anna', 'bert', 'carl', 'carl'].map((agent) => partitionFor(agent, 4)));
    for (const { key: agent, value, headers } of said) expect(verifyServiceMessage({ topic: topic.anomalyLevels, key: agent, value: Buffer.from(value!), headers: headers! }, createKeySet([key.publicJwk]), signers).ok).toBe(true);
  });
});
