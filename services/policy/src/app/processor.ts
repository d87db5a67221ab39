import type { GovernedUnproven } from '@countersign/contracts';
import type { PolicyCommand } from '../core/commands.ts';
import type { Draft, GrantOrder, ReceiptOrder } from '../core/draft.ts';
import { evolve } from '../core/evolve.ts';
import type { PartitionState } from '../core/state.ts';
import { step } from '../core/step.ts';
import type { World } from '../core/world.ts';
import type { LookUp } from './desk.ts';
import type { Admitted, InboxRecord, ProcessorPorts } from './ports.ts';
import { unprovenCounter } from './unproven.ts';

/** What a batch is decided in; `admissions` where its records were verified before, for the budgets' sake. */
interface Leased { readonly world: World; readonly admissions: readonly Admitted[] | undefined }

/**
 * One owned partition: verify → decide → fold, then one signature for the grants of the batch, then everything is written.
 * The fold runs ahead of the log by one batch; when the transaction fails the bus throws this owner away, state and all.
 * A batch is worked at in small turns (desk.ts): a halt that arrives meanwhile counts for the rest of it.
 */
export const createProcessor = <R extends InboxRecord, O>(ports: ProcessorPorts<R, O>, partition: number, state: PartitionState, signal: AbortSignal) => {
  const { verify, count, desk } = ports;

  /** What a batch needs of wider budgets; the ledger is asked while others have the desk. */
  const lease = async (messages: readonly R[]): Promise<Leased> => {
    const now = ports.clock(), world = ports.world(now);
    if (world.wider === undefined || ports.leasing === undefined) return { world, admissions: undefined };
    const admissions = await desk.work(async (lookUp) => {
      const all: Admitted[] = [];
      for (const message of messages) {
        const looking = lookUp();
        if (looking !== undefined) await looking;
        all.push(verify(message, now));
      }
      return all;
    });
    return { admissions, world: await ports.leasing.before(admissions.flatMap((one) => (one.status === 'proved' ? [one.command] : [])), state, world) };
  };

  const decideAll = async (messages: readonly R[], { world: begun, admissions }: Leased, lookUp: LookUp): Promise<O[]> => {
    let world = begun;
    const { now } = world;
    const outputs: O[] = [];
    const made: { readonly draft: Draft; readonly offset: bigint; readonly command: PolicyCommand }[] = [];
    const grants: GrantOrder[] = [];
    const receipts: ReceiptOrder[] = [];
    const unproven = unprovenCounter();
    for (let i = 0; i < messages.length; i++) {
      const message = messages[i]!;
      const looking = lookUp();
      if (looking !== undefined) {
        await looking;
        world = ports.world(now, world);
      }
      const admitted = admissions?.[i] ?? verify(message, now);
      if (admitted.status === 'unproven') unproven.add(admitted.principal, admitted.code, message.offset);
      else if (admitted.status === 'dead') outputs.push(ports.deadLetter(message, admitted.code, admitted.detail));
      else {
        const { command } = admitted;
        const draft = ports.traced(command.traceparent, (traceparent) => step(traceparent === command.traceparent ? command : { ...command, traceparent }, state, world));
        made.push({ draft, offset: message.offset, command });
        for (const order of draft.grants) grants.push(order);
        for (const order of draft.receipts) receipts.push(order);
      }
    }
    const last = unproven.size === 0 ? undefined : unprovenRecord(state, world, unproven.counts());
    if (last !== undefined) evolve(state, last, world.folding);
    signInto(grants, receipts, ports.sign);
    const dead = outputs.length;
    let records = 0;
    // A record and its replies one after the other: what both say is written once (outbound/governed-json.ts).
    for (const { draft, offset, command: { tenant, traceparent } } of made) {
      const looking = lookUp();
      if (looking !== undefined) await looking;
      records += draft.records.length;
      for (const record of draft.records) outputs.push(ports.governed(record, partition));
      for (let n = 0; n < draft.replies.length; n++) outputs.push(ports.reply(draft.replies[n]!, { id: `${partition}.${offset}.${n}`, tenant, now, traceparent }));
    }
    count?.('replies', outputs.length - dead - records);
    if (last !== undefined) outputs.push(ports.governed(last, partition));
    count?.('grants', grants.length);
    count?.('records', records + (last === undefined ? 0 : 1));
    count?.('unproven', unproven.total());
    count?.('dead', dead);
    return outputs;
  };

  return async (messages: readonly R[]): Promise<O[]> => {
    await ports.ahead?.(messages);
    for (;;) {
      await ports.live(signal);
      const leased = await lease(messages);
      const outputs = await desk.work(async (lookUp) => {
        // Others may have had the desk for a while. Nobody waits at it for snapshots; and other rules may count other budgets.
        if (!ports.isLive()) return undefined;
        const world = ports.world(ports.clock());
        if (world.judge !== leased.world.judge) return undefined;
        const begun = desk.clock();
        const made = await decideAll(messages, { world: leased.admissions === undefined ? world : ports.world(leased.world.now, leased.world), admissions: leased.admissions }, lookUp);
        ports.took?.(messages.length, desk.clock() - begun);
        return made;
      });
      if (outputs !== undefined) return outputs;
    }
  };
};

/** The one place where a reply changes after it was made: its grant could not be signed before the batch was whole. */
const signInto = (grants: readonly GrantOrder[], receipts: readonly ReceiptOrder[], sign: ProcessorPorts<InboxRecord, unknown>['sign']): void => {
  if (grants.length + receipts.length === 0) return;
  const texts = sign([...grants.map(({ claims }) => claims), ...receipts.map(({ claims }) => claims)]);
  grants.forEach(({ reply }, i) => { (reply as { grant: string | null }).grant = texts[i]!; });
  receipts.forEach(({ reply }, i) => { (reply as { receipt?: string }).receipt = texts[grants.length + i]!; });
};

const unprovenRecord = (state: PartitionState, world: World, counts: GovernedUnproven['counts']): GovernedUnproven => ({
  position: state.position, tenant: world.tenant, run: null, agent: null, inbox: null, now: world.now, seq: null, traceparent: null,
  kind: 'messages.unproven', minute: Math.floor(world.now / 60_000), counts,
});
