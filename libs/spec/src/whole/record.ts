import type { Bus, BusMessage } from '@countersign/bus';
import { isHeartbeat } from '@countersign/bus';
import { topic } from '@countersign/contracts';
import type { GovernedRecord, Reply } from '@countersign/contracts';
import { until } from '../until.ts';

/** What audit puts on the record, beside policy's replies. */
export const audited: readonly string[] = [topic.runsGoverned, topic.registryEvents, topic.approvalsEvents, topic.policyEvents, topic.supervisionEvents, topic.supervisionHalts, topic.anomalyFindings, topic.runsInboxDead, topic.registryAgents, topic.registryTools];

/** Of these audit leaves out what says the same as the last of its key: the registry says everything again at each of its starts. */
const saidAgain: readonly string[] = [topic.registryAgents, topic.registryTools];

/** Tells, record by record in their order, which belong into the log. */
export const belonging = (): ((message: BusMessage) => boolean) => {
  const last = new Map<string, string>();
  return (message) => {
    const { topic: name, key, value } = message;
    if (!audited.some((one) => one === name) || isHeartbeat(message)) return false;
    if (!saidAgain.includes(name)) return true;
    const of = `${name}/${key}`, text = String(value), same = last.get(of) === text;
    last.set(of, text);
    return !same;
  };
};

/** Everything that went over the bus, as an outsider read it. */
export interface Observed {
  governed(run?: string): readonly GovernedRecord[];
  replies(run: string): readonly Reply[];
  readonly dead: readonly BusMessage[];
  /** Records that belong into the log. */
  recorded(): number;
  /** Resolves once policy has answered for every record of the inbox and this view has read all of it. */
  caughtUp(): Promise<void>;
  stop(): Promise<void>;
}

export const observe = async (bus: Bus): Promise<Observed> => {
  const governed: GovernedRecord[] = [];
  const replies = new Map<string, Reply[]>();
  const dead: BusMessage[] = [];
  const answered = new Map<number, bigint>();
  const read = new Map<string, bigint>();
  const belongs = belonging();
  let recorded = 0;

  const answeredUpTo = (partition: number, offset: bigint): void => { if (offset > (answered.get(partition) ?? -1n)) answered.set(partition, offset); };
  const takeGoverned = (message: BusMessage): void => {
    const record = JSON.parse(message.value!.toString()) as GovernedRecord;
    governed.push(record);
    if (record.inbox !== null) answeredUpTo(message.partition, BigInt(record.inbox.offset));
    if (record.kind === 'messages.unproven') for (const count of record.counts) answeredUpTo(message.partition, BigInt(count.lastOffset));
  };
  const takeReply = (message: BusMessage): void => {
    const reply = JSON.parse(message.value!.toString()) as Reply;
    replies.set(reply.run, [...(replies.get(reply.run) ?? []), reply]);
    // ce_id of a reply: partition.offset.n of what it answers; a repeated message makes a reply and no governed record.
    const [, offset] = (message.headers['ce_id'] ?? '').split('.');
    if (offset !== undefined && /^\d+$/.test(offset)) answeredUpTo(message.partition, BigInt(offset));
  };
  const take = (message: BusMessage): void => {
    read.set(`${message.topic}/${message.partition}`, message.offset);
    if (belongs(message)) recorded++;
    if (message.topic === topic.runsGoverned) takeGoverned(message);
    if (message.topic === topic.runsReplies) takeReply(message);
    if (message.topic === topic.runsInboxDead) {
      dead.push(message);
      answeredUpTo(message.partition, BigInt(message.headers['cs_dead_offset'] ?? '-1'));
    }
  };

  const subscription = await bus.follow({ topics: [...audited, topic.runsReplies], from: 'start', onBatch: (messages) => { for (const message of messages) take(message); } });
  await subscription.ready;
  return {
    governed: (run) => (run === undefined ? governed : governed.filter((record) => record.run === run)),
    replies: (run) => replies.get(run) ?? [],
    dead, recorded: () => recorded,
    caughtUp: async () => {
      const inbox = await bus.ends(topic.runsInbox);
      await until('policy has answered for the whole inbox', () => inbox.every((end, partition) => (answered.get(partition) ?? -1n) >= end - 1n), 60_000);
    },
    stop: () => subscription.stop(),
  };
};
