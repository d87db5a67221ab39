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
  /** Takes in a run that was opened elsewhere, with its one action; `opens` says which bearer tokens are its own. Throws where the agent has too many. */
  adopt(one: { readonly agent: string; readonly run: Run } & HeldAction, opens: (token: string) => boolean): void;
  /** A reply for the stream of its run. */
  hear(reply: Reply): void;
  forget(run: string): void;
  /** Lets go of runs that are over. */
  sweep(now: number): void;
  readonly size: number;
}

export interface RunBookLimits { readonly runs: number; readonly perAgent: number; readonly opening: number }

const digest = (token: string): Buffer => hash('sha256', token, 'buffer');
const secretOf = (token: string) => {
  const own = digest(token);
  return (given: string): boolean => timingSafeEqual(own, digest(given));
};

export const createRunBook = (openRun: OpenRun, limits: RunBookLimits = { runs: 10_000, perAgent: 500, opening: 100 }): RunBook => {
  const runs = new Map<string, HeldRun & { readonly opens: (token: string) => boolean }>();
  const byAgent = new Map<string, number>();
  let opening = 0;

  const forget = (run: string): void => {
    const held = runs.get(run);
    if (held === undefined || !runs.delete(run)) return;
    const left = (byAgent.get(held.agent) ?? 1) - 1;
    if (left === 0) byAgent.delete(held.agent); else byAgent.set(held.agent, left);
  };

  const put = (held: HeldRun & { readonly opens: (token: string) => boolean }): void => {
    runs.set(held.run.id, held);
    byAgent.set(held.agent, (byAgent.get(held.agent) ?? 0) + 1);
  };
  const full = (detail: string): CodedError => new CodedError('rate_limited', detail, { retryAfterS: 5 });
  const room = (agent: string): void => {
    if (runs.size + opening >= limits.runs || opening >= limits.opening) throw full('this gateway holds as many runs as it can');
    if ((byAgent.get(agent) ?? 0) >= limits.perAgent) throw full(`the agent has ${limits.perAgent} runs open here: end one`);
  };

  return {
    adopt: ({ agent, run, asked, proposed }, opens) => {
      if (runs.has(run.id)) return;
      room(agent);
      put({ agent, run, supply: () => undefined, events: createChannel(randomBytes(6).toString('hex'), 8), actions: new Map([[proposed.action, { asked, proposed }]]), opens });
    },
    forget,
    hear: (reply) => {
      const held = runs.get(reply.run);
      if (held !== undefined) tell(held.events, reply);
    },
    get size() { return runs.size; },
    open: async (request) => {
      room(request.agent);
      const events = createChannel(randomBytes(6).toString('hex'));
      opening += 1;
      try {
        const { run, supply } = await openRun({ ...request, onReply: (reply) => tell(events, reply) });
        const token = randomBytes(32).toString('base64url');
        const held = { agent: request.agent, run, supply, events, actions: new Map<string, HeldAction>(), opens: secretOf(token) };
        put(held);
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
      if (token === undefined || !held.opens(token)) throw new CodedError('unauthenticated', 'send Authorization: Bearer with the token that opening this run gave');
      return held;
    },
    sweep: (now) => {
      for (const [id, { run }] of runs) if (run.failed !== undefined || now >= run.notAfter) forget(id);
    },
  };
};

const tell = (events: Channel, reply: Reply): void => { if (reply.code !== 'seq_gap') events.publish(reply.kind, newsOf(reply)); };

/** A reply as the run's own stream shows it. */
const newsOf = (reply: Reply) => ({
  action: reply.action, code: reply.code, detail: reply.detail, decision: reply.decision, tier: reply.tier, round: reply.round,
  grant: reply.grant, claim_required: reply.claim, arguments: reply.arguments, ...(reply.changes !== undefined && { changes: reply.changes }), ...(reply.receipt !== undefined && { receipt: reply.receipt }),
});
