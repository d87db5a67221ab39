import type { Bus } from '@countersign/bus';
import { topic } from '@countersign/contracts';
import type { ApprovalView } from '@countersign/contracts';
import type { HotState } from '@countersign/hot-state';
import { argumentsDigest, isOfDigest, sha256Text, verifyPageLink } from '@countersign/identity';
import type { KeySet, SigningKey } from '@countersign/identity';
import { randomBytes } from 'node:crypto';
import { createAccounts } from './app/accounts.ts';
import type { Accounts } from './app/accounts.ts';
import { createEvaluations } from './app/evaluations.ts';
import type { EvaluationsApp } from './app/evaluations.ts';
import type { Directory } from './app/ports.ts';
import { createPersonSessions } from './app/person-sessions.ts';
import type { PersonSessions } from './app/person-sessions.ts';
import { createRunBook } from './app/run-book.ts';
import type { RunBook, RunBookLimits } from './app/run-book.ts';
import { createRuns } from './app/runs.ts';
import type { Runs } from './app/runs.ts';
import { readNews } from './core/approvals.ts';
import type { Waiting } from './core/approvals.ts';
import { readApprovalEvent } from './inbound/read-approval-event.ts';
import { createChannel } from './core/channel.ts';
import type { Channel } from './core/channel.ts';
import { createEventStreams } from './inbound/event-streams.ts';
import type { EventStreams, StreamLimits } from './inbound/event-streams.ts';
import { createAgentSessions } from './outbound/agent-sessions.ts';
import { createPersonDesk } from './outbound/person-desk.ts';
import type { PersonDesk } from './outbound/person-desk.ts';
import { createHandOnCallback } from './outbound/hand-on-callback.ts';
import { createOpenRun } from './outbound/open-run.ts';
import { createRateLimit } from './outbound/rate-limit.ts';

export interface GatewayPorts {
  readonly bus: Bus;
  readonly hotState: HotState;
  /** Public keys of all services: grants are policy's. */
  readonly keys: KeySet;
  readonly tenant: string;
  readonly registryUrl: string;
  readonly supervisionUrl: string;
  readonly approvalsUrl: string;
  /** The gateway's own key: with it the pages read for whom it has authenticated. */
  readonly key: SigningKey;
  readonly perMinute: number;
  readonly directory: Directory;
  /** How AuthZEN's callers reach this gateway: in its metadata. */
  readonly publicUrl: string;
  /** Life of an evaluation's run, seconds: how long people may take. */
  readonly evaluationLifeS: number;
  readonly now: () => number;
  readonly fetch?: typeof fetch;
  readonly onError: (error: Error, what: string) => void;
  readonly runLimits?: RunBookLimits;
  readonly streamLimits?: Partial<StreamLimits>;
}

export interface Gateway {
  readonly runs: Runs;
  readonly find: RunBook['find'];
  readonly accounts: Accounts;
  readonly evaluations: EvaluationsApp;
  readonly publicUrl: string;
  readonly approvals: Channel;
  readonly streams: EventStreams;
  /** Takes what a vendor of a channel sent to approvals. */
  readonly sessions: PersonSessions;
  readonly desk: PersonDesk;
  /** Whether an approval's digests are those of what it shows, and of the tool as it is now. */
  readonly genuine: (approval: ApprovalView) => boolean;
  /** What the catalogue calls a tool. */
  readonly titleOf: Directory['titleOf'];
  readonly now: () => number;
  /** For whom a link in a mail was made. */
  readonly linkOf: (jws: string) => ReturnType<typeof verifyPageLink>;
  readonly callbacks: ReturnType<typeof createHandOnCallback>;
  readonly ready: () => { readonly ok: boolean; readonly why: string };
  stop(): Promise<void>;
}

/** Puts the gateway together out of its ports; knows no Nest. */
export const composeGateway = async (ports: GatewayPorts): Promise<Gateway> => {
  const { bus, tenant, now, onError } = ports;
  const { openRun, transport } = createOpenRun({ ...ports, onError: (error) => onError(error, 'replies') });
  const book = createRunBook(openRun, ports.runLimits);
  const rate = createRateLimit(ports.hotState, tenant, ports.perMinute);
  const accounts = createAccounts(createAgentSessions({
    ...ports, grantKeys: ports.keys, runLifeS: ports.evaluationLifeS, fetch: ports.fetch ?? fetch,
    transport: { ...transport, attach: (run, listener, token) => transport.attach(run, (reply) => { listener(reply); book.hear(reply); }, token) },
  }), rate, now);
  const evaluations = createEvaluations({ accounts, rate, directory: ports.directory, book });
  const approvals = createChannel(randomBytes(6).toString('hex'), 1_000);
  const waiting: Waiting = new Map();
  let following: string | undefined = 'following what approvals say has not begun';

  const asked = await bus.follow({
    topics: [topic.approvalsEvents], from: 'now', onError: (error) => onError(error, 'approvals'),
    onBatch: (messages) => {
      for (const message of messages) {
        try {
          if (message.headers['tenant'] === tenant) for (const { event, data } of readNews(readApprovalEvent(message, ports.keys), waiting)) approvals.publish(event, data);
        } catch (error) {
          onError(error as Error, `unreadable: ${message.topic}/${message.partition}@${message.offset}`);
        }
      }
    },
  });
  asked.ready.then(() => { following = undefined; }, (error: Error) => { following = error.message; });
  asked.ended.catch((error: Error) => { following = error.message; onError(error, 'approvals'); });
  const sweeping = setInterval(() => { book.sweep(now()); accounts.sweep(); evaluations.sweep(now()); }, 30_000);
  sweeping.unref();

  return {
    runs: createRuns(book, rate, now),
    accounts, evaluations, publicUrl: ports.publicUrl,
    find: book.find,
    approvals,
    streams: createEventStreams(ports.streamLimits),
    callbacks: createHandOnCallback(ports),
    sessions: createPersonSessions({ now, secret: () => randomBytes(32).toString('base64url'), hash: sha256Text }),
    desk: createPersonDesk(ports), titleOf: ports.directory.titleOf, now,
    linkOf: (jws) => verifyPageLink(jws, ports.keys, now()),
    genuine: (approval) => {
      const definition = ports.directory.definitionOf(approval.tool);
      return definition !== undefined && isOfDigest(approval, definition) && (approval.evidence === undefined || argumentsDigest(approval.evidence) === approval.evidenceDigest);
    },
    ready: () => ({ ok: following === undefined, why: following ?? '' }),
    stop: async () => {
      clearInterval(sweeping);
      await asked.stop();
      await transport.close();
    },
  };
};
