import { afterEach, describe, expect, it } from '@jest/globals';
import { topic } from '@countersign/contracts';
import { createKeySet, generateKey, signServiceMessage } from '@countersign/identity';
import { createMemoryBus, until } from '@countersign/spec';
import { followSnapshots } from './snapshots.ts';

const anomaly = generateKey('anomaly-1'), stranger = generateKey('anomaly-1');
const run = '01980000-0000-7000-8000-000000000001';
const signed = (key: string, value: object, by = anomaly, type = 'level') => ({
  ...signServiceMessage({ topic: topic.anomalyLevels, key, value: Buffer.from(JSON.stringify(value)), headers: { ce_id: 'i', ce_type: `countersign.anomaly.${type}.v1`, ce_source: '/anomaly', ce_time: 't', tenant: 'acme' } }, by), topic: topic.anomalyLevels,
});
const says = (agent: string, level: string, over: object = {}, by = anomaly, tenant = 'acme') => signed(`${tenant} ${agent}`, { agent, tenant, level, score: 0.2, findings: [], position: '0-1', at: 1_000, ...over }, by);

const open: (() => Promise<void>)[] = [];
afterEach(async () => { for (const close of open.splice(0)) await close(); });

const topics = [topic.registryAgents, topic.registryTools, topic.registryPeople, topic.supervisionHalts, topic.registryGraph, topic.registryRevocations, topic.auditStanding, topic.anomalyLevels];
const listening = async () => {
  const bus = createMemoryBus();
  await bus.ensureTopics(topics.map((name) => ({ name, partitions: 1, compacted: true, retentionMs: 1e9, maxMessageBytes: 1e6 })));
  const snapshots = followSnapshots(bus, { keys: createKeySet([anomaly.publicJwk]), now: () => 1_000_000, onError: () => undefined });
  open.push(async () => { await snapshots.stop(); await bus.close(); });
  return { bus, snapshots, beat: { ...signed('~heartbeat:0', { at: 1_000_000 }, anomaly, 'heartbeat'), partition: 0 } };
};

describe('the level that policy goes by', () => {
  it('is never the one before a message that nobody can read: then it counts as stale, until a readable one comes', async () => {
    const { bus, snapshots, beat } = await listening();
    await bus.publish([says('a', 'normal'), says('b', 'normal'), beat]);
    await until('levels are known', () => snapshots.level('acme', 'a', run) === 'normal');
    // NaN goes over the wire as null.
    await bus.publish([says('a', 'high', { score: null }), says('b', 'high', { score: null }, stranger), says('c', 'raised')]);
    await until('all of it was read', () => snapshots.level('acme', 'c', run) === 'raised');
    expect([snapshots.level('acme', 'a', run), snapshots.level('acme', 'b', run)]).toEqual(['stale', 'normal']);
    await bus.publish([says('a', 'raised')]);
    await until('what can be read counts again', () => snapshots.level('acme', 'a', run) === 'raised');
  });

  it('is that of the tenant\'s own agent, whatever one of the same name does elsewhere', async () => {
    const { bus, snapshots, beat } = await listening();
    await bus.publish([says('a', 'high'), says('a', 'normal', {}, anomaly, 'umbrella'), says('b', 'normal'), says('b', 'high', {}, anomaly, 'umbrella'), beat, says('z', 'raised')]);
    await until('all of it was read', () => snapshots.level('acme', 'z', run) === 'raised');
    expect([snapshots.level('acme', 'a', run), snapshots.level('umbrella', 'a', run), snapshots.level('acme', 'b', run), snapshots.level('umbrella', 'b', run)]).toEqual(['high', 'normal', 'normal', 'high']);
  });
});
