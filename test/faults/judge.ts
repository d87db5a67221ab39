import type { Bus, BusMessage } from '@countersign/bus';
import { isHeartbeat } from '@countersign/bus';
import type { GovernedRecord } from '@countersign/contracts';
import { audited, belonging, until } from '@countersign/spec/whole';
import { fromUrl, verifyLog } from '../../libs/cli/src/audit/verify.ts';
import type { Verified } from '../../libs/cli/src/audit/verify.ts';

export interface Verdict {
  /** Proposals without a decision. */
  readonly lost: readonly string[];
  /** Actions whose number of endings (terminal decision or cancel of what was open) is not one. */
  readonly endings: readonly string[];
  /** The same round decided twice. */
  readonly repeated: readonly string[];
  readonly gaps: number;
  /** Decisions of actions that anomaly did not re-key exactly once. */
  readonly rekeyed: { readonly decided: number; readonly seen: number };
  /** step_ups, and approvals that were asked for them: the same number, each for another. */
  readonly asked: { readonly stepUps: number; readonly approvals: number };
  readonly log: Verified;
  /** Records that belong into the log. */
  readonly recorded: number;
}

/** Reads everything that was written, after all is done, and judges it without asking anyone who took part. */
export const judge = async (bus: Bus, auditUrl: string, proposed: ReadonlySet<string>): Promise<Verdict> => {
  const records: BusMessage[] = [];
  const subscription = await bus.follow({ topics: [...audited, 'anomaly.actions.v1', 'runs.inbox.v1'], from: 'start', onBatch: (messages) => { for (const message of messages) if (!isHeartbeat(message) && message.value !== null) records.push(message); } });
  await subscription.ready;
  try {
    // Judged once nothing is added any more and nothing is missing; what is missing after two minutes is.
    await until('it is whole', async () => { await quiet(records); return whole(weigh(records, proposed)); }, 120_000).catch(() => undefined);
    const recorded = (): number => records.filter(belonging()).length;
    const verified = async (): Promise<Verified> => verifyLog(fromUrl(auditUrl), await text(`${auditUrl}/verifier-key`));
    await until('audit has everything', async () => await sizeOf(auditUrl) >= recorded(), 120_000);
    let log = await verified();
    // Services still speak, of what is over: the log and this reader are asked until they agree.
    await until('both have the same', async () => { if (log.entries !== recorded()) log = await verified(); return !log.ok || log.entries === recorded(); }).catch(() => undefined);
    return { ...weigh(records, proposed), log, recorded: recorded() };
  } finally {
    await subscription.stop();
  }
};

type Weighed = Omit<Verdict, 'log' | 'recorded'>;
const whole = ({ lost, endings, rekeyed, asked }: Weighed): boolean => lost.length === 0 && endings.length === 0 && rekeyed.seen >= rekeyed.decided && asked.approvals >= asked.stepUps;

const weigh = (records: readonly BusMessage[], proposed: ReadonlySet<string>): Weighed => {
  const decided = new Map<string, { rounds: number[]; terminal: number; cancelled: number }>();
  const positions = new Map<number, number>();
  const approvals = new Set<string>();
  let gaps = 0, stepUps = 0;
  for (const message of records.filter(({ topic }) => topic === 'runs.governed.v1')) {
    const record = JSON.parse(message.value!.toString()) as GovernedRecord;
    const due = positions.get(message.partition) ?? 0;
    if (record.position !== due) gaps++;
    positions.set(message.partition, record.position + 1);
    if (record.kind !== 'action.decided' && record.kind !== 'action.cancelled') continue;
    const key = `${record.run}/${record.action}`;
    const one = decided.get(key) ?? { rounds: [], terminal: 0, cancelled: 0 };
    decided.set(key, one);
    if (record.kind === 'action.cancelled') { if (one.terminal === 0) one.cancelled++; continue; }
    one.rounds.push(record.round);
    if (record.decision.decision === 'step_up') stepUps++;
    else if (record.decision.decision !== 'defer') one.terminal++;
  }
  for (const message of records.filter(({ topic }) => topic === 'approvals.events.v1')) {
    const event = JSON.parse(message.value!.toString()) as { type: string; stream: string; version: number };
    if (/requested/.test(event.type)) approvals.add(event.stream);
  }
  const rekeyed = records.filter(({ topic, value }) => topic === 'anomaly.actions.v1' && (JSON.parse(value!.toString()) as { kind: string }).kind === 'action').length;
  const all = [...decided.entries()];
  const first = all.filter(([, one]) => one.rounds.includes(1));
  return {
    lost: [...proposed].filter((key) => !decided.has(key)),
    endings: all.filter(([, one]) => one.terminal + one.cancelled !== 1).map(([key]) => key),
    repeated: all.filter(([, one]) => new Set(one.rounds).size !== one.rounds.length).map(([key]) => key),
    gaps, rekeyed: { decided: first.length, seen: rekeyed }, asked: { stepUps, approvals: approvals.size },
  };
};

const text = async (url: string): Promise<string> => (await (await fetch(url)).text()).trim();
const sizeOf = async (auditUrl: string): Promise<number> => Number((await text(`${auditUrl}/checkpoint`)).split('\n')[1]);

/** Resolves once nothing is added any more. */
const quiet = async (records: readonly BusMessage[]): Promise<void> => {
  let before = -1;
  let since = Date.now();
  await until('nothing is added any more', () => {
    if (records.length !== before) { before = records.length; since = Date.now(); }
    return Date.now() - since > 1_500;
  }, 60_000);
};
