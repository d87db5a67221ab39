import { brokerError } from './failures.ts';
import type { RawBroker, Transactional } from './raw-cluster.ts';
import { createReader, createWriter } from './wire.ts';

/*
 * Transactions of version 2 (KIP-890, the default of Kafka 4.0): a write or an offset enlists what it touches by itself, and each end of a transaction
 * gives the producer a new epoch, so that nothing late of the last one is taken for the next one's. Two requests of five are saved. Formats: the
 * message definitions that Kafka's client jar carries (common/message).
 */

const transactionVersion = 'transaction.version';
const clientName = 'countersign';

const finalizedFeatures = (payload: Buffer): ReadonlyMap<string, number> => {
  const from = createReader(payload);
  const levels = new Map<string, number>();
  if (from.int16() !== 0) return levels; // a broker older than the question
  from.compactArray(() => { from.int16(); from.int16(); from.int16(); from.skipTags(); });
  from.int32();
  for (let left = from.uvarint(); left > 0; left -= 1) {
    const tag = from.uvarint();
    const field = createReader(from.raw(from.uvarint()));
    if (tag === 2) field.compactArray(() => { const name = field.compactString(); levels.set(name, field.int16()); field.int16(); field.skipTags(); });
  }
  return levels;
};

/** Whether the cluster's operator has turned transactions of version 2 on (ApiVersions 3: finalized features). */
export const enlistsByItself = async (broker: RawBroker): Promise<boolean> => {
  const to = createWriter(64);
  to.int8(0);
  to.compactString(clientName);
  to.compactString('1');
  to.int8(0);
  const levels = await broker.send({ apiKey: 18, apiVersion: 3, apiName: 'ApiVersions', body: to.written(), decode: finalizedFeatures });
  return (levels.get(transactionVersion) ?? 0) >= 2;
};

const decodeOffset = (payload: Buffer): void => {
  const from = createReader(payload);
  from.skipTags();
  from.int32();
  from.compactArray(() => {
    const topic = from.compactString();
    from.compactArray(() => {
      const partition = from.int32();
      const code = from.int16();
      from.skipTags();
      if (code !== 0) throw brokerError(code, `the offset of ${topic}/${partition}`);
    });
    from.skipTags();
  });
};

/** TxnOffsetCommit, version 5: the group's offset, as part of the transaction. */
export const commitOffset = (broker: RawBroker, by: Transactional, groupId: string, at: { readonly topic: string; readonly partition: number; readonly next: bigint }): Promise<void> => {
  const to = createWriter(256);
  to.int8(0);
  to.compactString(by.transactionalId);
  to.compactString(groupId);
  to.int64(BigInt(by.producerId));
  to.int16(by.producerEpoch);
  to.int32(-1);
  to.compactString('');
  to.compactString(null);
  to.uvarint(2);
  to.compactString(at.topic);
  to.uvarint(2);
  to.int32(at.partition);
  to.int64(at.next);
  to.int32(-1);
  to.compactString(null);
  for (let structures = 3; structures > 0; structures -= 1) to.int8(0);
  return broker.send({ apiKey: 28, apiVersion: 5, apiName: 'TxnOffsetCommit', body: to.written(), decode: decodeOffset });
};

/** EndTxn, version 5: resolves to who the producer is from now on. */
export const endTransaction = (broker: RawBroker, by: Transactional, commit: boolean): Promise<Transactional> => {
  const to = createWriter(128);
  to.int8(0);
  to.compactString(by.transactionalId);
  to.int64(BigInt(by.producerId));
  to.int16(by.producerEpoch);
  to.int8(commit ? 1 : 0);
  to.int8(0);
  return broker.send({
    apiKey: 26, apiVersion: 5, apiName: 'EndTxn', body: to.written(),
    decode: (payload) => {
      const from = createReader(payload);
      from.skipTags();
      from.int32();
      const code = from.int16();
      if (code !== 0) throw brokerError(code, `the end of a transaction of ${by.transactionalId}`);
      return { transactionalId: by.transactionalId, producerId: from.int64().toString(), producerEpoch: from.int16() };
    },
  });
};
