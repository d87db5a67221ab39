import type { Reply } from '@countersign/contracts';
import { RunFailed } from '@countersign/sdk';
import type { Instruction, ProposedAction, Run } from '@countersign/sdk';
import { CodedError } from '@countersign/service-host';
import { hash, randomBytes, timingSafeEqual } from 'node:crypto';
import { createChannel } from '../core/channel.ts';
import type { Channel } from '../core/channel.ts';
import type { OpenRun } from './ports.ts';
import { refusalOf } from './refusal.ts';

/** A proposal as it was asked for: the same id again must ask for the same. */
export interface HeldAction { readonly asked: string; readonly proposed: ProposedAction }

/** A run whose session this process holds. */
export interface HeldRun {
  readonly agent: string;
  readonly run: Run;
  readonly supply: (assertion: string) => void;
  readonly events: Channel;
  /** By action id, oldest first. */
  readonly actions: Map<string, HeldAction>;
}

export interface RunBook {
  open(request: { readonly agent: string; readonly assertion: string; readonly instruction: Instruction; readonly purpose: string | undefined }): Promise<{ readonly held: HeldRun; readonly token: string }>;
  /** The run, for who holds its bearer secret. Throws `run_unknown` or `unauthenticated`. */
  find(run: string, token: string | undefined): HeldRun;
  forget(run: string): void;
  /** Lets go of runs that are over. */
  sweep(now: number): void;
  readonly size: number;
}

export interface RunBookLimits { readonly runs: number; readonly perAgent: number; readonly opening: number }

const digest = (token: string): Buffer => hash('sha256', token, 'buffer');

export const createRunBook = (openRun: OpenRun, limits: RunBookLimits = { runs: 10_000, perAgent: 500, opening: 100 }): RunBook => {
  const runs = new Map<string, HeldRun & { readonly secret: Buffer }>();
  const byAgent = new Map<string, number>();
  let opening = 0;

  const forget = (run: string): void => {
    const held = runs.get(run);
    if (held === undefined || !runs.delete(run)) return;
    const left = (byAgent.get(held.agent) ?? 1) - 1;
    if (left === 0) byAgent.delete(held.agent); else byAgent.set(held.agent, left);
  };

  return {
    forget,
    get size() { return runs.size; },
    open: async (request) => {
      const full = (detail: string) => new CodedError('rate_limited', detail, { retryAfterS: 5 });
      if (runs.size + opening >= limits.runs || opening >= limits.opening) throw full('this gateway holds as many runs as it can');
      if ((byAgent.get(request.agent) ?? 0) >= limits.perAgent) throw full(`the agent has ${limits.perAgent} runs open here: end one`);
      const events = createChannel(randomBytes(6).toString('hex'));
      opening += 1;
      try {
        const { run, supply } = await openRun({ ...request, onReply: (reply) => { if (reply.code !== 'seq_gap') events.publish(reply.kind, newsOf(reply)); } });
        const token = randomBytes(32).toString('base64url');
        const held = { agent: request.agent, run, supply, events, actions: new Map<string, HeldAction>(), secret: digest(token) };
        runs.set(run.id, held);
        byAgent.set(request.agent, (byAgent.get(request.agent) ?? 0) + 1);
        return { held, token };
      } catch (error) {
        throw error instanceof RunFailed ? refusalOf(error) : error;
      } finally {
        opening -= 1;
      }
    },
    find: (run, token) => {
      const held = runs.get(run);
      if (held === undefined) throw new CodedError('run_unknown', 'this gateway holds no such run: it ended, was opened at another gateway, or was lost by a restart. Open a new one');
      if (token === undefined || !timingSafeEqual(held.secret, digest(token))) throw new CodedError('unauthenticated', 'send Authorization: Bearer with the token that opening this run gave');
      return held;
    },
    sweep: (now) => {
      for (const [id, { run }] of runs) if (run.failed !== undefined || now >= run.notAfter) forget(id);
    },
  };
};

/** A reply as the run's own stream shows it. */
const newsOf = (reply: Reply) => ({
  action: reply.action, code: reply.code, detail: reply.detail, decision: reply.decision, tier: reply.tier, round: reply.round,
  grant: reply.grant, claim_required: reply.claim, arguments: reply.arguments, ...(reply.changes !== undefined && { changes: reply.changes }),
});
