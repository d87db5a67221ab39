import { BusError } from '../errors.ts';
import type { BusMessage } from '../port.ts';
import type { Client } from './client.ts';
import { segmentOf } from './decode.ts';
import { failureType } from './failures.ts';
import { fetchFrom } from './fetching.ts';
import type { RawCluster } from './raw-cluster.ts';

const batchBytes = 2_097_152;

const leaderOf = (cluster: RawCluster, topic: string, partition: number): number => {
  const leader = cluster.findTopicPartitionMetadata(topic).find((one) => one.partitionId === partition)?.leader;
  if (leader === undefined || leader < 0) throw new Error(`${topic}/${partition} has no leader just now`);
  return leader;
};

/** Committed records of one partition from (inclusive) to (exclusive), over a connection of its own. Throws BusError offset_out_of_range; a lost connection is the caller's to try again. */
export async function* readRange(client: Client, topic: string, partition: number, from: bigint, to: bigint): AsyncGenerator<readonly BusMessage[]> {
  if (from >= to) return;
  const cluster = await client.open([topic]);
  try {
    const broker = await cluster.findBroker(leaderOf(cluster, topic, partition));
    let stuck = 0;
    for (let position = from; position < to;) {
      const [fetched] = await fetchFrom(broker, 20, batchBytes, [{ topic, partitions: [{ partition, offset: position, maxBytes: batchBytes }] }]);
      const raw = fetched?.partitions[0];
      if (raw === undefined) throw new Error(`no answer for ${topic}/${partition}`);
      const segment = segmentOf(topic, raw, position);
      const wanted = segment.messages.filter(({ offset }) => offset < to);
      if (wanted.length > 0) yield wanted;
      if (segment.next > position) { position = segment.next; stuck = 0; }
      // Nothing stands there, and asked again and again nothing will (see reader.ts).
      else if (raw.lastStableOffset > position && (stuck += 1) > 3) { position += 1n; stuck = 0; }
    }
  } catch (error) {
    if (failureType(error) === 'OFFSET_OUT_OF_RANGE') throw new BusError('offset_out_of_range', `${topic}/${partition} from ${from} is out of range: the log has forgotten it`);
    throw error;
  } finally {
    await cluster.disconnect().catch(() => undefined);
  }
}
