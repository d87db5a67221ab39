import { createChain } from '@countersign/identity';
import { toRfc3339 } from '@countersign/kernel';
import type { RuntimeContext } from './context.ts';
import { RunFailed } from './errors.ts';
import { randomSlice } from './random.ts';
import type { Session } from './session.ts';
import type { InboxMessage } from './transport.ts';

export type MessageKind = 'started' | 'proposed' | 'cancel' | 'outcome' | 'ended';

/** The sending end of a run: one message at a time not yet acknowledged, in order, each sent again as the same bytes until it is. */
export interface Sender {
  /** Resolves when the broker has it. @param body gets the seq the message will have · onSeq told before it is sent */
  send(kind: MessageKind, body: (seq: number) => object, options?: { readonly attest?: boolean; readonly onSeq?: (seq: number) => void }): Promise<void>;
  /** Policy expects this seq: everything from there goes again. False where it is no longer kept. */
  resendFrom(seq: number): boolean;
  /** Nothing is accepted any more; what waits rejects with this. */
  close(reason: RunFailed): void;
}

interface Item { readonly make: () => InboxMessage; readonly resolve: () => void; readonly reject: (error: unknown) => void }

/** How many sent messages are kept for a seq_gap. */
const kept = 64;

export const createSender = (context: RuntimeContext, session: Session, traceId: string, onBroken: (error: RunFailed) => void): Sender => {
  const chain = createChain();
  const queue: Item[] = [];
  const sent = new Map<number, InboxMessage>();
  const resent = new Map<number, { readonly times: number; readonly at: number }>();
  let closed: RunFailed | undefined;
  let pumping = false;
  let lastAttest = Number.NEGATIVE_INFINITY;

  const build = (kind: MessageKind, body: object, attest: boolean): InboxMessage => {
    const now = context.now();
    const token = session.token();
    const value = Buffer.from(JSON.stringify(body));
    const ce = { topic: 'runs.inbox.v1', key: session.run, ceId: context.ids(), ceType: `countersign.runs.${kind}.v1`, ceSource: `${context.via === undefined ? '' : `/${context.via}`}/agents/${context.agent}`, ceTime: toRfc3339(now) };
    const link = chain.next({ ...ce, tenant: context.tenant, run: session.run, token: token.jti, value }, session.proofKey);
    const headers: Record<string, string> = {
      ce_specversion: '1.0', ce_id: ce.ceId, ce_type: ce.ceType, ce_source: ce.ceSource, ce_time: ce.ceTime, 'content-type': 'application/json',
      traceparent: `00-${traceId}-${randomSlice(8).toString('hex')}-01`, tenant: context.tenant, cs_token: token.text, ...link.headers,
    };
    if (attest || now - lastAttest >= context.attestEveryMs) {
      headers['cs_attest'] = chain.attestHead(session.key.key);
      lastAttest = now;
    }
    const message = { topic: ce.topic, key: ce.key, value, headers };
    sent.set(link.seq, message);
    sent.delete(link.seq - kept);
    return message;
  };

  const publish = async (message: InboxMessage): Promise<void> => {
    const giveUp = context.now() + context.sendTimeoutMs;
    for (let wait = 20; ; wait = Math.min(wait * 2, 1_000)) {
      try {
        return await context.transport.publish(message);
      } catch (error) {
        // A message that may or may not be there cannot be skipped: the chain ends here.
        if (closed !== undefined || context.now() >= giveUp) throw closed ?? new RunFailed('transport_lost', 'the message could not be published', { cause: error });
        await context.deadlines.delay(wait);
      }
    }
  };

  const pump = async (): Promise<void> => {
    pumping = true;
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) {
      try {
        const renewal = session.fresh();
        if (renewal !== undefined) await renewal;
        await publish(item.make());
        item.resolve();
      } catch (error) {
        item.reject(error);
        const broken = error instanceof RunFailed ? error : new RunFailed('internal', (error as Error).message, { cause: error });
        close(broken);
        onBroken(broken);
      }
    }
    pumping = false;
  };

  const close = (reason: RunFailed): void => {
    closed ??= reason;
    for (const item of queue.splice(0)) item.reject(closed);
  };
  const enqueue = (items: readonly Item[], where: 'front' | 'back'): void => {
    if (where === 'front') queue.unshift(...items); else queue.push(...items);
    if (!pumping) void pump();
  };

  return {
    close,
    send: (kind, body, options = {}) => new Promise<void>((resolve, reject) => {
      if (closed !== undefined) return reject(closed);
      const make = (): InboxMessage => {
        const seq = chain.nextSeq;
        options.onSeq?.(seq);
        return build(kind, body(seq), options.attest ?? false);
      };
      return enqueue([{ make, resolve, reject }], 'back');
    }),
    resendFrom(seq) {
      if (!sent.has(seq) || closed !== undefined) return false;
      const before = resent.get(seq);
      // Every message behind the gap is answered with it; one resend mends them all.
      if (before !== undefined && context.now() - before.at < 500) return true;
      if ((before?.times ?? 0) >= 3) return false;
      resent.set(seq, { times: (before?.times ?? 0) + 1, at: context.now() });
      const items: Item[] = [];
      for (let at = seq; at < chain.nextSeq; at++) {
        const message = sent.get(at)!;
        items.push({ make: () => message, resolve: () => undefined, reject: () => undefined });
      }
      enqueue(items, 'front');
      return true;
    },
  };
};
