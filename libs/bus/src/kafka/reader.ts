import { BusError } from '../errors.ts';
import type { Client } from './client.ts';
import { segmentOf } from './decode.ts';
import type { Segment } from './decode.ts';
import { asError, failureType } from './failures.ts';
import { backoffMs, pause } from './pause.ts';
import { fetchFrom } from './fetching.ts';
import type { WantedTopic } from './fetching.ts';
import type { RawCluster } from './raw-cluster.ts';

export interface ReaderEvents {
  /** Every segment that moves the position, in order per partition. */
  readonly onSegment: (segment: Segment) => void;
  /** Whether this partition has room for more. */
  readonly wants: (topic: string, partition: number) => boolean;
  readonly onError: (error: Error) => void;
  /** The log has forgotten where a partition was to be read: reading it has ended. */
  readonly onForgotten: (error: BusError) => void;
}

/** Reads partitions without a group, from where it is told. One connection, one fetch outstanding per broker. */
export interface Reader {
  read(topic: string, partition: number, from: bigint): void;
  forget(topic: string, partition: number): void;
  /** A partition has room again. */
  wake(): void;
  stop(): Promise<void>;
}

interface Place { readonly topic: string; readonly partition: number; position: bigint; empty: number }

const partitionBytes = 1_048_576;
const fetchBytes = 8 * partitionBytes;
const idleWaitMs = 250;
/**
 * The broker answers as soon as there is something, but a transaction's markers may land just after a fetch began to wait: short waits keep that
 * from showing while messages flow, long ones let a broker with many quiet readers sleep.
 */
const shortestWaitMs = 10;
const longestWaitMs = 250;

export const createReader = (client: Client, topics: readonly string[], events: ReaderEvents): Reader => {
  const places = new Map<string, Place>();
  const stopping = new AbortController();
  const loops = new Map<number, Promise<void>>();
  let waking = new AbortController();
  let cluster: Promise<RawCluster> | undefined;
  const connected = (): Promise<RawCluster> => (cluster ??= client.open(topics));
  const drop = (): void => { cluster?.then((one) => one.disconnect()).catch(() => undefined); cluster = undefined; };
  const wake = (): void => { waking.abort(); waking = new AbortController(); };

  const waits = new Map<number, number>();
  const fetch = async (node: number): Promise<void> => {
    const raw = await connected();
    await raw.refreshMetadataIfNecessary();
    const led = [...places.values()].filter(({ topic, partition }) => raw.findTopicPartitionMetadata(topic).find((one) => one.partitionId === partition)?.leader === node);
    const ready = led.filter(({ topic, partition }) => events.wants(topic, partition));
    if (ready.length === 0) return pause(idleWaitMs, AbortSignal.any([stopping.signal, waking.signal]));
    // A partition that showed nothing although there is something is asked for alone: only then a broker must answer with one whole batch.
    const suspect = ready.find(({ empty }) => empty > 0);
    const asked = suspect === undefined ? ready : [suspect];
    const wanted = new Map<string, WantedTopic>();
    const from = new Map<Place, bigint>();
    for (const place of asked) {
      from.set(place, place.position);
      const one = wanted.get(place.topic) ?? { topic: place.topic, partitions: [] };
      one.partitions.push({ partition: place.partition, offset: place.position, maxBytes: partitionBytes });
      wanted.set(place.topic, one);
    }
    const broker = await raw.findBroker(node);
    const wait = waits.get(node) ?? shortestWaitMs;
    let moved = false;
    const fetched = await fetchFrom(broker, asked.length === led.length ? wait : shortestWaitMs, fetchBytes, [...wanted.values()]);
    if (stopping.signal.aborted) return;
    for (const { topic, partitions } of fetched) {
      for (const partition of partitions) {
        const place = places.get(`${topic}/${partition.partition}`);
        if (place === undefined || from.get(place) !== place.position) continue;
        const segment = segmentOf(topic, partition, place.position);
        if (segment.next > place.position) {
          place.empty = 0;
          moved = true;
          place.position = segment.next;
          events.onSegment(segment);
        } else if (partition.lastStableOffset > place.position) {
          // Others may have filled the answer. Asked for alone, again and again, and still nothing: compaction has taken what stood there, batch and all.
          place.empty += 1;
          if (asked.length === 1 && place.empty > 3) place.position += 1n;
        } else place.empty = 0;
      }
    }
    waits.set(node, moved ? shortestWaitMs : Math.min(longestWaitMs, wait * 2));
  };

  const recover = async (error: unknown, failures: number): Promise<void> => {
    const { topic, partition } = error as { topic?: string; partition?: number };
    if (failureType(error) === 'OFFSET_OUT_OF_RANGE' && topic !== undefined && partition !== undefined) {
      const place = places.get(`${topic}/${partition}`);
      places.delete(`${topic}/${partition}`);
      if (place !== undefined) events.onForgotten(new BusError('offset_out_of_range', `offset ${place.position} of ${topic}/${partition} is out of range: the log has forgotten it, or is not the log it was. Nothing is skipped silently; an operator sets the group's offset`));
      return;
    }
    events.onError(asError(error));
    drop();
    await pause(backoffMs(failures), stopping.signal);
  };

  const loop = async (node: number): Promise<void> => {
    let failures = 0;
    while (!stopping.signal.aborted) {
      try { await fetch(node); failures = 0; } catch (error) { if (!stopping.signal.aborted) await recover(error, (failures += 1)); }
    }
  };

  // Leaders may move: whoever leads a partition of ours gets a loop, and a loop without partitions only waits.
  const spread = async (): Promise<void> => {
    let failures = 0;
    while (!stopping.signal.aborted) {
      try {
        const raw = await connected();
        if (failures > 0) await raw.refreshMetadata();
        for (const { topic } of places.values()) for (const { leader } of raw.findTopicPartitionMetadata(topic)) if (leader >= 0 && !loops.has(leader)) loops.set(leader, loop(leader));
        failures = 0;
        await pause(loops.size === 0 ? idleWaitMs : 1_000, AbortSignal.any([stopping.signal, waking.signal]));
      } catch (error) { if (!stopping.signal.aborted) await recover(error, (failures += 1)); }
    }
  };
  const spreading = spread();

  return {
    read: (topic, partition, from) => { places.set(`${topic}/${partition}`, { topic, partition, position: from, empty: 0 }); wake(); },
    forget: (topic, partition) => { places.delete(`${topic}/${partition}`); },
    wake,
    stop: async () => {
      stopping.abort();
      drop();
      await spreading;
      await Promise.all(loops.values());
      drop();
    },
  };
};
