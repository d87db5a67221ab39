import { describe, expect, it } from '@jest/globals';
import { envelope } from '@countersign/bus';
import type { BusMessage } from '@countersign/bus';
import { topic, topics } from '@countersign/contracts';
import { createKeySet, generateKey, signServiceMessage } from '@countersign/identity';
import { recorded } from './records.consumer.ts';
import { createRepeats } from './repeats.ts';
import { createRefusals } from './writers.ts';

const [registry, approvals, stranger] = [generateKey('registry-1'), generateKey('approvals-1'), generateKey('registry-1')];
const refusalOf = createRefusals(createKeySet([registry.publicJwk, approvals.publicJwk]));

/** What somebody puts on a topic, unsigned. */
const put = (to: string, type: string, body: object, key = 'agent:ghost'): BusMessage => ({
  topic: to, partition: 0, offset: 1n, timestamp: 1, key, value: Buffer.from(JSON.stringify(body)), headers: envelope({ id: 'id-1', type, source: 'registry', time: 1, tenant: 'acme' }),
});
const activated = put(topic.registryEvents, 'countersign.registry.event.v1', { stream: 'agent:ghost', version: 1, type: 'agent.activated', at: 1, by: 'ann', data: {} });

describe('whose word a message is', () => {
  it("takes a service's own and nothing unsigned, signed by another, changed, or said elsewhere", () => {
    const genuine = signServiceMessage(activated, registry);
    expect(refusalOf(genuine)).toBeUndefined();
    expect([
      activated, signServiceMessage(activated, approvals), signServiceMessage(activated, stranger), { ...genuine, value: Buffer.from('{}') }, { ...genuine, topic: topic.approvalsEvents },
      signServiceMessage(put(topic.registryEvents, 'countersign.registry.agent.activated.v1', {}), registry), { ...genuine, key: '~heartbeat:0' },
    ].map(refusalOf)).toEqual(['missing_header', 'wrong_signer', 'bad_signature', 'bad_signature', 'wrong_signer', 'wrong_signer', 'bad_signature']);
  });

  it('asks for a signature on every topic that is recorded, but for governed records and dead letters, which nobody signs', () => {
    expect(recorded.filter((name) => refusalOf(put(name, topics[name].writers[0]!.types[0] ?? 'x', {})) === undefined)).toEqual([topic.runsGoverned, topic.runsInboxDead]);
  });

  it("a stranger's copy of a snapshot, or what calls itself a heartbeat, is not passed over and does not stand in the way of the real one", () => {
    const repeats = createRepeats(refusalOf);
    const forged = put(topic.registryAgents, 'countersign.registry.agent.v1', { agent: 'payer', version: 2 }, 'payer');
    const genuine = signServiceMessage(forged, registry);
    repeats.keep(repeats.fresh([forged]));
    expect(repeats.fresh([genuine])).toEqual([genuine]);
    repeats.keep([genuine]);
    expect(repeats.fresh([genuine, forged])).toEqual([forged]);
    const beat = put(topic.registryAgents, 'countersign.registry.heartbeat.v1', { at: 1 }, '~heartbeat:0');
    expect(repeats.fresh([signServiceMessage(beat, registry), beat])).toEqual([beat]);
  });
});
