import { describe, expect, it } from '@jest/globals';
import type { Client } from './client.ts';
import type { Segment } from './decode.ts';
import { batchBound, putBatch } from './encode.ts';
import type { FetchedTopic } from './fetching.ts';
import { createReader } from './reader.ts';
import { place } from './record.ts';

const at = (base: bigint, messages: readonly string[], last = messages.length - 1): Buffer => {
  const records = messages.map((text) => place({ topic: 't', key: text, value: text }, 1, 1_000));
  const to = Buffer.alloc(batchBound(records));
  const batch = to.subarray(0, putBatch(to, 0, records, { producerId: 1n, epoch: 0, sequence: 0, transactional: false }, 0));
  batch.writeBigInt64BE(base, 0);
  batch.writeInt32BE(last, 23);
  return batch;
};

/** One broker with one partition `t/0`; answers each fetch by the offset asked for (at byte 37 of the request: after topic "t"). */
const given = (answer: (offset: bigint) => { records: Buffer; end: bigint }) => {
  const asked: bigint[] = [];
  const broker = { send: async ({ body }: { body: Buffer }): Promise<readonly FetchedTopic[]> => {
    const offset = body.readBigInt64BE(25 + 4 + 3 + 4 + 4 + 4);
    asked.push(offset);
    await new Promise((resolve) => { setImmediate(resolve); });
    const { records, end } = answer(offset);
    return [{ topic: 't', partitions: [{ partition: 0, lastStableOffset: end, aborted: [], records }] }];
  } };
  const cluster = { disconnect: async () => undefined, refreshMetadata: async () => undefined, refreshMetadataIfNecessary: async () => undefined, findTopicPartitionMetadata: () => [{ partitionId: 0, leader: 1 }], findBroker: async () => broker };
  return { asked, client: { open: async () => cluster } as unknown as Client };
};

const readUntil = async (client: Client, from: bigint, done: (segments: readonly Segment[]) => boolean): Promise<readonly Segment[]> => {
  const segments: Segment[] = [];
  let finish = (): void => undefined;
  const finished = new Promise<void>((resolve) => { finish = resolve; });
  const reader = createReader(client, ['t'], {
    onSegment: (segment) => { segments.push(segment); if (done(segments)) finish(); },
    wants: () => true, onError: (error) => { throw error; }, onForgotten: (error) => { throw error; },
  });
  reader.read('t', 0, from);
  await finished;
  await reader.stop();
  return segments;
};
const messages = (segments: readonly Segment[]): string[] => segments.flatMap((segment) => segment.messages.map(({ offset, key }) => `${offset}:${key}`));

describe('reading a compacted log', () => {
  it('goes past batches that compaction emptied, in order, without asking for the same place again', async () => {
    const { client, asked } = given((offset) => ({ end: 31n, records: offset < 10n ? at(0n, [], 9) : offset < 30n ? at(10n, ['kept'], 19) : offset === 30n ? at(30n, ['last']) : Buffer.alloc(0) }));
    const segments = await readUntil(client, 0n, (all) => all.some(({ next }) => next === 31n));
    expect(messages(segments)).toEqual(['10:kept', '30:last']);
    expect(asked.slice(0, 3)).toEqual([0n, 10n, 30n]);
  });

  it('steps over a place where nothing stands any more although the log goes on', async () => {
    const { client, asked } = given((offset) => ({ end: 3n, records: offset < 2n ? Buffer.alloc(0) : offset === 2n ? at(2n, ['after']) : Buffer.alloc(0) }));
    expect(messages(await readUntil(client, 0n, (all) => all.length > 0))).toEqual(['2:after']);
    expect(asked.filter((offset) => offset === 0n).length).toBeGreaterThan(1);
  });

  it('waits at the end of the log instead of stepping beyond it', async () => {
    let polls = 0;
    const { client, asked } = given((offset) => ({ end: polls > 20 ? 6n : 5n, records: offset === 5n && (polls += 1) > 20 ? at(5n, ['late']) : Buffer.alloc(0) }));
    expect(messages(await readUntil(client, 5n, (all) => all.length > 0))).toEqual(['5:late']);
    expect(asked.slice(0, 20).every((offset) => offset === 5n)).toBe(true);
  });
});
