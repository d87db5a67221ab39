import { afterEach, describe, expect, it } from '@jest/globals';
import type { Snapshot } from '@countersign/bus';
import { createKeySet, generateKey, signServiceMessage } from '@countersign/identity';
import { createMemoryBus, until } from '@countersign/spec';
import { followSigned } from './signed-snapshot.ts';

interface Thing { readonly id: string; readonly version: number }
const topic = 'registry.people.v1';
const registry = generateKey('registry-1'), policy = generateKey('policy-1'), stranger = generateKey('registry-1');
const isThing = (value: unknown): value is Thing => typeof (value as Partial<Thing>).id === 'string' && typeof (value as Partial<Thing>).version === 'number';

/** A record as the registry signs it, or as somebody else would. */
const record = (key: string, value: object | null, by = registry, type = 'countersign.registry.person.v1', at = topic) => {
  const body = value === null ? null : Buffer.from(JSON.stringify(value));
  return { ...signServiceMessage({ topic: at, key, value: body, headers: { ce_id: 'i', ce_type: type, ce_source: '/registry', ce_time: 't', tenant: 'acme' } }, by), topic };
};
const beat = (at: unknown, partition = 0, by = registry, key = `~heartbeat:${partition}`, type = 'countersign.registry.heartbeat.v1') => ({ ...record(key, { at }, by, type), partition });
const unsigned = <R extends { headers: object }>(one: R): R => ({ ...one, headers: { ...one.headers, cs_signature: 'A'.repeat(86) } });

const open: (() => Promise<void>)[] = [];
afterEach(async () => { for (const close of open.splice(0)) await close(); });

const world = async (partitions = 1) => {
  const bus = createMemoryBus();
  await bus.ensureTopics([{ name: topic, partitions, compacted: true, retentionMs: 1e9, maxMessageBytes: 1e6 }]);
  const clock = { at: 1_000_000 };
  const errors: string[] = [];
  const things: Snapshot<Thing> = followSigned<Thing>(bus, {
    topic, signer: 'registry', keys: createKeySet([registry.publicJwk, policy.publicJwk]), validate: isThing, keyOf: ({ id }) => id, now: () => clock.at, onError: (error) => { errors.push(error.message); },
  });
  open.push(async () => { await things.stop(); await bus.close(); expect(errors).toEqual([]); });
  let marks = 0;
  return {
    clock, things,
    /** Publishes, and waits until all of it was read: what comes after it in every partition is there. */
    say: async (...records: readonly (ReturnType<typeof record> & { readonly partition?: number })[]) => {
      const marked = Array.from({ length: partitions }, (_, partition) => ({ ...record(`mark-${++marks}`, { id: `mark-${marks}`, version: 1 }), partition }));
      await bus.publish([...records, ...marked]);
      await until('what was signed is known', () => marked.every(({ key }) => things.get(key) !== undefined));
    },
  };
};

describe('a snapshot that its service signed', () => {
  it('takes entries under their own key, of the service alone, whole and as they were signed', async () => {
    const { things, say } = await world();
    await say(record('a', { id: 'a', version: 1 }));
    await say(
      unsigned(record('b', { id: 'b', version: 1 })), record('c', { id: 'c', version: 1 }, stranger), record('d', { id: 'd', version: 1 }, policy), record('e', { id: 'e', version: 1 }, policy, 'countersign.policy.person.v1'),
      record('f', { id: 'other', version: 1 }), record('g', { id: 'g' }), { ...record('h', { id: 'h', version: 1 }), value: Buffer.from('{"id":"h","version":2}') }, record('i', { id: 'i', version: 1 }, registry, undefined, 'registry.agents.v1'),
      { ...record('a', { id: 'a', version: 9 }), headers: {} } as never,
    );
    expect([...'abcdefghi'].map((id) => things.get(id)?.version)).toEqual([1, ...Array.from({ length: 8 }, () => undefined)]);
    expect(things.dropped()).toBe(9);
  });

  it('never goes back: an older version that is sent again is not taken', async () => {
    const { things, say } = await world();
    const old = record('a', { id: 'a', version: 1 });
    await say(old, record('a', { id: 'a', version: 2 }));
    await say(old);
    expect(things.get('a')?.version).toBe(2);
  });

  it('forgets only what the service says is gone', async () => {
    const { things, say } = await world();
    await say(record('a', { id: 'a', version: 1 }));
    await say(unsigned(record('a', null)), record('a', null, stranger), record('a', null, policy), record('a', null, policy, 'countersign.policy.person.v1'), { ...record('b', null), key: 'a' });
    expect(things.get('a')).toBeDefined();
    await say(record('a', null));
    expect(things.get('a')).toBeUndefined();
  });

  it('is alive by the word of its service and nobody else\'s', async () => {
    const { things, clock, say } = await world();
    await say(unsigned(beat(clock.at)), beat(clock.at, 0, stranger), beat(clock.at, 0, policy), beat(clock.at, 0, policy, undefined, 'countersign.policy.heartbeat.v1'), beat('now'), beat(null));
    expect(things.isStale()).toBe(true);
    await say(beat(clock.at));
    await things.ready;
    expect(things.isStale()).toBe(false);
  });

  it('is not kept alive by a heartbeat that was heard before, nor brought to life by recorded ones', async () => {
    const { things, clock, say } = await world();
    const recorded = Array.from({ length: 11 }, (_, i) => beat(clock.at + i * 200));
    await say(recorded[0]!);
    expect(things.isStale()).toBe(false);
    clock.at += 3_001;
    await say(recorded[0]!);
    expect(things.isStale()).toBe(true);
    clock.at += 4_000;
    await say(...recorded);
    expect(things.isStale()).toBe(true);
    await say(beat(clock.at));
    expect(things.isStale()).toBe(false);
  });

  it.each([[-5_000, true], [-5_001, false], [2_000, true], [2_001, false]])('a heartbeat signed %i ms from our clock counts: %p', async (off, counts) => {
    const { things, clock, say } = await world();
    await say(beat(clock.at + off));
    expect(things.isStale()).toBe(!counts);
  });

  it('is stale while one partition is silent, whose heartbeats another partition\'s do not replace', async () => {
    const { things, clock, say } = await world(2);
    await say(beat(clock.at, 0), { ...beat(clock.at + 1, 0), partition: 1 });
    expect(things.isStale()).toBe(true);
    await say(beat(clock.at, 1));
    expect(things.isStale()).toBe(false);
  });
});
