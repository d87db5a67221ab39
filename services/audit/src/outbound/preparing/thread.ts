import { parentPort } from 'node:worker_threads';
import { readBatch } from './batch.ts';
import type { ReadBatch } from './batch.ts';
import type { FromThread, ToThread } from './messages.ts';
import { packEntries, unpackRecords } from './packed.ts';

/** A thread of the stage before the sequencer: reads a batch, asks for what it needs, seals and hashes it. It keeps neither keys nor names nor the catalogue. */
const main = parentPort!;
const open = new Map<number, ReadBatch>();
const say = (message: FromThread, bytes?: ArrayBuffer): void => main.postMessage(message, bytes ? [bytes] : []);

const work = (message: ToThread): void => {
  const { batch } = message;
  if ('records' in message) {
    const one = readBatch(unpackRecords(message.records));
    open.set(batch, one);
    say({ batch, asked: { people: one.people, tools: one.tools, subjects: one.subjects } });
    return;
  }
  const one = open.get(batch)!;
  open.delete(batch);
  if (message.told === null) return;
  const entries = packEntries(one.finish(message.told));
  say({ batch, entries }, entries.bytes);
};

main.on('message', (message: ToThread) => {
  try {
    work(message);
  } catch (error) {
    open.delete(message.batch);
    say({ batch: message.batch, failed: (error as Error).message });
  }
});
