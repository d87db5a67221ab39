import { decideAndAppend } from '@countersign/event-store';
import type { EventStore } from '@countersign/event-store';
import type { GovernedRecord } from '@countersign/contracts';
import { effectiveArguments } from '@countersign/kernel';
import type { Outcome } from '@countersign/kernel';
import type { ApprovalCode, ApprovalCommand } from '../core/commands.ts';
import { approvalDecider } from '../core/decider.ts';
import type { ApprovalEvent } from '../core/events.ts';
import { react } from '../core/react.ts';
import { noRecord } from '../core/agent-record.ts';
import { createBreakGlass } from './break-glass.ts';
import type { ApprovalIndex, MakingPorts, ToMessages } from './ports.ts';

export interface Handler {
  handle(approval: string, command: ApprovalCommand, by: string): Promise<Outcome<ApprovalEvent, ApprovalCode>>;
  /** Governed records in order; safe to repeat. */
  take(records: readonly GovernedRecord[]): Promise<void>;
  /** Does what is due: reminds, escalates, expires; answers how many approvals it looked at. */
  tick(now: number): Promise<number>;
}

/** Looked at in one round, and of those at the same time: as many as there are connections to spare. */
export const dueAtOnce = 200;
const abreast = 5;
const heeded: ReadonlySet<string> = new Set(['action.decided', 'action.cancelled', 'action.outcome', 'run.ended', 'message.refused']);

export const streamOf = (approval: string): string => `approval-${approval}`;

/** load → decide → append, then the read model. A crash in between leaves the model behind; it catches up at the next start. */
export const createHandler = (store: EventStore, index: ApprovalIndex, toMessages: ToMessages, making: MakingPorts): Handler => {
  const breakGlass = createBreakGlass(store, toMessages, streamOf);
  const handle = async (approval: string, command: ApprovalCommand, by: string) => {
    const { outcome, state, version } = command.type === 'vote' && command.vote.vote === 'break_glass' ? await breakGlass(approval, making.tenant, command, by) : await decideAndAppend({
      store, decider: approvalDecider, stream: streamOf(approval), command, at: command.now, by,
      outbox: (events, after, last) => toMessages(approval, events, after, last, by),
    });
    // The clock looks where the model says that something is due: where nothing is, a crash has left the model behind.
    if ((outcome.status !== 'nothing-new' && outcome.events.length > 0) || by === 'clock') await index.put(approval, state, version);
    return outcome;
  };
  const ask = async (approval: string, command: Extract<ApprovalCommand, { type: 'request' }>): Promise<void> => {
    const answered = await making.agreedBefore(approval, command);
    if (answered !== null) return index.put(approval, answered.state, answered.version);
    const { agent, ask: asked } = command.question;
    await handle(approval, { ...command, overflow: await index.crowded(agent, asked.bound?.owners ?? [], making.mostOpen) }, 'policy');
  };
  /** Looked up once per record that may close one: a batch opens and closes approvals of the same run. */
  const takeOne = async (record: GovernedRecord): Promise<void> => {
    const asks = record.kind === 'action.decided' && record.decision.decision === 'step_up';
    const [agentRecord, current, instruction] = asks ? await Promise.all([record.agent === null ? noRecord : making.recordOf(record.agent), making.currentOf(record.tool, effectiveArguments(record)), making.instructionOf(record.run!)]) : [noRecord, undefined, undefined];
    for (const { approval, command } of react(record, await index.open([record.run!]), { ...making, agentRecord, current, instruction })) {
      if (command.type !== 'request') await handle(approval, command, 'policy');
      else await ask(approval, command);
    }
  };
  return {
    handle,
    take: async (records) => {
      // In order within a run; runs have nothing to do with each other.
      const byRun = new Map<string, GovernedRecord[]>();
      for (const record of records) {
        if (record.run === null || !heeded.has(record.kind)) continue;
        const own = byRun.get(record.run);
        if (own === undefined) byRun.set(record.run, [record]);
        else own.push(record);
      }
      const runs = [...byRun.values()];
      await Promise.all(Array.from({ length: abreast }, async () => {
        for (let own = runs.shift(); own !== undefined; own = runs.shift()) for (const record of own) await takeOne(record);
      }));
    },
    tick: async (now) => {
      const due = await index.due(now, dueAtOnce);
      const by = 'clock';
      const moved = due.flatMap(({ approval, state, version }) => {
        const outcome = approvalDecider.decide({ type: 'tick', now }, state);
        if (outcome.status !== 'accepted') return [];
        const after = outcome.events.reduce(approvalDecider.evolve, state), last = version + outcome.events.length;
        const append = { stream: streamOf(approval), expectedVersion: version, at: now, by, events: outcome.events.map((event) => ({ type: event.type, data: event })), outbox: toMessages(approval, outcome.events, after, last, by) };
        return [{ approval, state: after, version: last, append }];
      });
      if (moved.length === 0) return 0;
      // All in one transaction. Where somebody spoke meanwhile, or the model was behind, each is looked at by itself.
      const written = await store.appendAll(moved.map(({ append }) => append));
      if (written.status === 'ok') await index.putAll(moved);
      else for (let i = 0; i < moved.length; i += abreast) await Promise.all(moved.slice(i, i + abreast).map(({ approval }) => handle(approval, { type: 'tick', now }, by)));
      return due.length;
    },
  };
};
