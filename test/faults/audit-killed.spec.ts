import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createKafkaBus } from '@countersign/bus/kafka';
import type { Bus } from '@countersign/bus';
import { topics } from '@countersign/contracts';
import { encodings } from '@countersign/identity';
import { until } from '@countersign/spec/whole';
import { consistencyProof, decodeBundle, hashesAtLevel, parseCheckpoint, tilePath, verifyConsistency } from '@countersign/tamper-log';
import type { Checkpoint, ReadTile } from '@countersign/tamper-log';
import { governedRecords } from '../../libs/cli/src/bench/governed-records.ts';
import { fromUrl, verifyLog } from '../../libs/cli/src/audit/verify.ts';
import { startKillable } from './killable.ts';
import type { Killable } from './killable.ts';

/** `npm run faults` sets 100; the suite has time for a few. */
const kills = Number(process.env['CS_FAULTS_KILLS'] ?? 5);
const topic = 'runs.governed.v1';
const passed = (ms: number): Promise<void> => new Promise((resolve) => { setTimeout(resolve, ms); });

/** A small generator with a fixed seed (mulberry32): the same kills at the same points in every run. */
const seeded = (seed: number) => (): number => {
  seed = (seed + 0x6d2b79f5) | 0;
  let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
};

describe(`kill -9 of sequencer, broker and PostgreSQL, ${kills} times at random points under load`, () => {
  let place: Killable;
  let bus: Bus;
  const seen: Checkpoint[] = [];
  const checkpoint = async (): Promise<Checkpoint | undefined> => {
    const answer = await fetch(`${place.audit}/checkpoint`).catch(() => undefined);
    return answer?.ok ? parseCheckpoint(encodings, await answer.text())?.checkpoint : undefined;
  };

  beforeAll(async () => {
    place = await startKillable(async (kafka) => {
      bus = await createKafkaBus({ brokers: [kafka], clientId: 'load', requestTimeoutMs: 3_000 });
      await bus.ensureTopics(Object.values(topics));
    });
  }, 240_000);
  afterAll(async () => {
    await bus?.close();
    await place?.close();
  }, 120_000);

  it('loses and doubles nothing: every record once, the index contiguous, every checkpoint a beginning of the last', async () => {
    const random = seeded(20_261_121);
    let stop = false;
    // One partition, so that what an ambiguous failure left behind can be read off its end: a position that was written is not written again.
    const load = (async () => {
      for (let next = 0; !stop;) {
        const batch = governedRecords(25, 1, next).map(({ key, value, headers, partition }) => ({ topic, key: key!, value, headers, partition }));
        await bus.publish(batch).then(() => { next += batch.length; }, async () => { next = Number((await until('the broker answers', () => bus.ends(topic).catch(() => undefined), 120_000))[0]); });
        await passed(20);
      }
    })();
    const growing = async (): Promise<void> => {
      const from = (await until('audit answers', checkpoint, 120_000)).size;
      seen.push(await until('the log grows', async () => { const now = await checkpoint(); return now !== undefined && now.size > from ? now : undefined; }, 120_000));
    };
    await growing();
    const counted: Record<string, number> = {};
    const recovering = new Map<string, Promise<void>>();
    const recovered = async (): Promise<void> => { await Promise.all(recovering.values()); };
    /** Broker and database are killed while the other is still recovering; a service that starts needs both. */
    const kill = async (what: 'audit' | 'broker' | 'postgres'): Promise<void> => {
      await (what === 'audit' ? recovered() : recovering.get(what));
      const back = place.kill(what);
      recovering.set(what, back);
      back.catch(() => undefined);
      if (what === 'audit') await back;
    };
    for (let n = 0; n < kills; n++) {
      const what = (['audit', 'broker', 'postgres'] as const)[n < 3 ? n : Math.floor(random() * 3)]!;
      await passed(random() * 400);
      await kill(what);
      counted[what] = (counted[what] ?? 0) + 1;
      // Most are killed while the one before is still recovering from.
      if (n % 5 === 4 || n === kills - 1) { await recovered(); await growing(); }
      else { const now = await checkpoint(); if (now !== undefined) seen.push(now); }
    }
    stop = true;
    await load;
    const published = Number((await bus.ends(topic))[0]);
    const last = await until('everything is on the log', async () => { const now = await checkpoint(); return now !== undefined && now.size >= published ? now : undefined; }, 120_000);
    console.log(JSON.stringify({ kills: counted, published, size: last.size, checkpoints: seen.length }));

    const read = fromUrl(place.audit);
    expect(await verifyLog(read, Buffer.from(await read('verifier-key')).toString().trim())).toMatchObject({ ok: true, entries: last.size, governed: { records: published, missing: [] } });
    const offsets: string[] = [];
    const kinds = new Set<string>();
    for (let n = 0; n * 256 < last.size; n++) {
      const bundle = await read(tilePath({ level: 'entries', n, width: Math.min(256, last.size - n * 256) }));
      for (const leaf of decodeBundle(bundle)!.map((one) => JSON.parse(Buffer.from(one).toString()) as { type: string; source: { topic: string; offset: string } })) {
        if (leaf.source.topic === topic) offsets.push(leaf.source.offset);
        else kinds.add(leaf.type);
      }
    }
    expect(offsets).toEqual(Array.from({ length: published }, (_, n) => String(n)));
    // Of what audit states by itself nothing but its reckoning: no gap, no incident.
    expect([...kinds].filter((kind) => kind !== 'countersign.audit.reconciled.v1')).toEqual([]);
    const tile: ReadTile = (level, n) => read(tilePath({ level, n, width: Math.min(256, hashesAtLevel(level, last.size) - n * 256) }));
    for (const earlier of seen) {
      const proof = await consistencyProof(encodings.sha256, tile, earlier.size, last.size);
      expect(verifyConsistency(encodings.sha256, earlier.size, last.size, earlier.root, last.root, proof)).toBe(true);
    }
  }, 180_000 + kills * 60_000);
});
