import { createSessionProof } from '@countersign/identity';
import type { RuntimeContext } from './context.ts';
import { RunFailed } from './errors.ts';
import { post } from './http.ts';
import type { Session } from './session.ts';

/** A run that this runtime holds: supervision hears of it all the time, and misses it when it goes silent. */
export interface HeldRun {
  /** Goes up with every new holder; claims carry it. */
  readonly fence: number;
  /** Lets the run go; nobody misses it. */
  release(): Promise<void>;
}

export interface Lease {
  /** Takes the lease under this name and renews it until it is let go or another runtime has it. Throws RunFailed. */
  hold(holder: string): Promise<HeldRun>;
  /** Of the lease that is held; undefined where none is. */
  readonly fence: number | undefined;
  stop(): void;
}

/** @param onLost another runtime took the run over: nothing may go on here */
export const createLease = (context: RuntimeContext, session: Session, onLost: (reason: RunFailed) => void): Lease => {
  let fence: number | undefined, over = false;
  const ask = async (holder: string, release: boolean): Promise<number> => {
    const sent = context.now();
    const body = { holder, token: session.token().text, proof: createSessionProof(`lease:${session.run}:${holder}`, 'supervision', sent, session.key), ...(fence !== undefined && { fence }), ...(release && { release }) };
    const answer = await post({ url: `${context.supervisionUrl}/runs/${session.run}/lease`, body: JSON.stringify(body), contentType: 'application/json', timeoutMs: 3_000, fetch: context.fetch });
    if (!answer.ok) throw new RunFailed(answer.code, answer.detail, { retryable: answer.retryable });
    if (!Number.isSafeInteger(answer.body['fence']) || typeof answer.body['until'] !== 'number') throw new RunFailed('bad_answer', 'supervision answered without a fence');
    fence = answer.body['fence'] as number;
    return answer.body['until'] - sent;
  };
  const renew = async (holder: string, leaseMs: number): Promise<void> => {
    for (let wait = leaseMs / 3; !over;) {
      await context.deadlines.delay(wait);
      if (over) return;
      try {
        wait = await ask(holder, false) / 3;
      } catch (error) {
        // Who does not answer may answer in a moment; who was fenced off has nothing more to do here.
        if (error instanceof RunFailed && !error.retryable) { onLost(error); return; }
        wait = Math.min(wait, 1_000);
      }
    }
  };
  return {
    get fence() { return fence; },
    stop: () => { over = true; },
    hold: async (holder) => {
      void renew(holder, await ask(holder, false));
      return { fence: fence!, release: async () => { over = true; await ask(holder, true); fence = undefined; } };
    },
  };
};
