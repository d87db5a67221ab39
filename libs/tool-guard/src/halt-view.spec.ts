import { describe, expect, it } from '@jest/globals';
import { publishSnapshot, startHeartbeats } from '@countersign/bus';
import type { HaltNotice } from '@countersign/contracts';
import { createKeySet, generateKey, signServiceMessage } from '@countersign/identity';
import type { SigningKey } from '@countersign/identity';
import { createMemoryBus, until } from '@countersign/spec';
import { createHaltSet, isHaltNotice } from './halt-set.ts';
import { createHaltView } from './halt-view.ts';

const topic = 'supervision.halts.v1';
const supervision = generateKey('supervision-1'), policy = generateKey('policy-1');
const target = { tenant: 'acme', agent: 'ag', tool: 't', run: 'r1' };
const signed = (key: string, value: Buffer | null, by: SigningKey, type = 'countersign.supervision.halted.v1') =>
  signServiceMessage({ topic, key, value, headers: { ce_id: 'i', ce_type: type, ce_source: '/supervision', ce_time: 't', tenant: 'acme' } }, by);

const world = async () => {
  const bus = createMemoryBus();
  await bus.ensureTopics([{ name: topic, partitions: 1, compacted: true, retentionMs: 1e9, maxMessageBytes: 1e6 }]);
  let time = 1_000_000;
  const heartbeats = (by: SigningKey) => startHeartbeats(bus, topic, { everyMs: 10, now: () => time++, sign: (key, value) => signed(key, value, by, 'countersign.supervision.heartbeat.v1').headers });
  const view = createHaltView({ bus, jwks: createKeySet([supervision.publicJwk, policy.publicJwk]), now: () => time });
  const say = (notice: Partial<HaltNotice>, by = supervision, key?: string) => {
    const full: HaltNotice = { halt: 'h1', op: 'halt', mode: 'halt', tenant: 'acme', scope: { kind: 'agent', id: 'ag' }, by: 'p', reason: 'r', at: 0, ...notice };
    return publishSnapshot(bus, topic, signed(key ?? `${full.halt}:${full.op}`, Buffer.from(JSON.stringify(full)), by));
  };
  return { bus, view, say, heartbeats, at: (t: number) => { time = t; }, now: () => time };
};

describe('a halt that is taken back in stages', () => {
  const notice = (except?: HaltNotice['except']): HaltNotice => ({ halt: 'h1', op: 'halt', mode: 'halt', tenant: 'acme', scope: { kind: 'tenant', id: 'acme' }, by: 'p', reason: 'r', at: 0, ...(except && { except }) });
  const stopped = (except: HaltNotice['except'], over: Partial<typeof target> = {}): boolean => { const set = createHaltSet(); set.add(notice(except)); return set.halted({ ...target, ...over }) !== undefined; };
  it('lets go on what it names, and holds the rest: other tools, other agents, and everything where it names nothing', () => {
    expect([stopped({ tools: ['t'] }), stopped({ tools: ['t'] }, { tool: 'u' }), stopped({ tools: ['t'], agents: ['ag'] }), stopped({ tools: ['t'], agents: ['ag'] }, { agent: 'b' }), stopped({ agents: ['b'] }), stopped({}), stopped(undefined)])
      .toEqual([false, true, false, true, true, true, true]);
  });
  it('is no notice where its exception is none', () => {
    expect([isHaltNotice(notice()), isHaltNotice(notice({ tools: ['t'] })), isHaltNotice({ ...notice(), except: { tools: 't' } }), isHaltNotice({ ...notice(), except: 7 })]).toEqual([true, true, false, false]);
  });
});

describe('live halt view', () => {
  it('is stale until supervision was heard, then follows halts and lifts', async () => {
    const w = await world();
    await w.say({});
    expect(w.view.isStale()).toBe(true);
    const beats = w.heartbeats(supervision);
    await w.view.ready;
    expect([w.view.isStale(), w.view.halted(target)?.halt]).toEqual([false, 'h1']);
    await publishSnapshot(w.bus, topic, signed('h1:halt', null, supervision));
    await w.say({ op: 'lift', halt: 'h2' });
    await w.say({ halt: 'h2' });
    expect(w.view.halted(target)?.halt).toBe('h1'); // a tombstone takes nothing back
    await w.say({ op: 'lift' });
    await until('supervision was heard', () => w.view.halted(target) === undefined);
    await beats.stop();
    w.at(w.now() + 3_001);
    expect(w.view.isStale()).toBe(true);
    await w.view.stop();
    await w.bus.close();
  });

  it('counts nothing that supervision did not sign, and no heartbeat twice', async () => {
    const w = await world();
    const wrong = w.heartbeats(policy);
    await w.say({ halt: 'forged' }, policy);
    await w.say({ halt: 'misplaced' }, supervision, 'other:halt');
    await w.say({ halt: 'good', scope: { kind: 'run', id: 'r9' } });
    await until('the halt is heard', () => w.view.halted({ ...target, run: 'r9' }) !== undefined);
    expect([w.view.halted(target), w.view.isStale()]).toEqual([undefined, true]);
    await wrong.stop();
    const beat = signed('~heartbeat:0', Buffer.from(JSON.stringify({ at: w.now() })), supervision, 'countersign.supervision.heartbeat.v1');
    await w.bus.publish([{ ...beat, partition: 0 }]);
    await w.view.ready;
    w.at(w.now() + 3_001);
    await w.bus.publish([{ ...beat, partition: 0 }]);
    await w.say({ halt: 'later', scope: { kind: 'run', id: 'r8' } });
    await until('the next halt is heard', () => w.view.halted({ ...target, run: 'r8' }) !== undefined);
    expect(w.view.isStale()).toBe(true);
    await w.view.stop();
    await w.bus.close();
  });

  it('is not brought to life by heartbeats that were recorded, however many and in whatever order they are sent again', async () => {
    const w = await world();
    const beat = (at: number) => ({ ...signed('~heartbeat:0', Buffer.from(JSON.stringify({ at })), supervision, 'countersign.supervision.heartbeat.v1'), partition: 0 });
    const recorded = Array.from({ length: 11 }, (_, i) => beat(w.now() + i * 500));
    w.at(w.now() + 5_000 + 5_001);
    await w.bus.publish(recorded);
    await w.say({ halt: 'later', scope: { kind: 'run', id: 'r8' } });
    await until('the next halt is heard', () => w.view.halted({ ...target, run: 'r8' }) !== undefined);
    expect(w.view.isStale()).toBe(true);
    await w.bus.publish([beat(w.now())]);
    await w.view.ready;
    expect(w.view.isStale()).toBe(false);
    await w.view.stop();
    await w.bus.close();
  });
});
