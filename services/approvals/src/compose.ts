import type { Bus } from '@countersign/bus';
import type { Finding, GovernedRecord, Vote } from '@countersign/contracts';
import { createPostgresEventStore, migrateEventStore, startOutboxRelay } from '@countersign/event-store/postgres';
import { argumentsDigest, peekJws, sha256Text, verifyPersonStatement } from '@countersign/identity';
import type { SigningKey } from '@countersign/identity';
import { CodedError } from '@countersign/service-host';
import type { PersonDirectory } from '@countersign/service-host';
import type { Pool } from 'pg';
import { createHandler } from './app/handle.ts';
import { checkedVote, composeChannels } from './compose-channels.ts';
import type { Channels } from './compose-channels.ts';
import type { OpenChannels } from './outbound/channels/open-channels.ts';
import { createReviewer } from './app/review.ts';
import { outcomeIn, withFinding, withOutcome } from './core/agent-record.ts';
import type { AgentRecord } from './core/agent-record.ts';
import type { Speaker } from './core/events.ts';
import type { Drawn } from './core/review.ts';
import { createReviewMessages, createToMessages } from './outbound/publish.ts';
import { createReviews, reviewSchema } from './views/reviews.ts';
import { agentRecordSchema, createAgentRecords } from './views/agent-records.ts';
import { createApprovals, schema } from './views/approvals.ts';
import type { Approvals, Known } from './views/approvals.ts';

export interface ApprovalsPorts {
  readonly bus: Bus;
  readonly pool: Pool;
  readonly key: SigningKey;
  readonly people: PersonDirectory;
  readonly tenant: string;
  readonly now: () => number;
  /** Places outside where people are asked; none where it is absent. */
  readonly channels?: OpenChannels;
  readonly onError: (error: Error, what: string) => void;
}

export interface ApprovalService {
  take(records: readonly GovernedRecord[]): Promise<void>;
  /** What anomaly detection reported; safe to repeat. */
  found(findings: readonly Finding[]): Promise<void>;
  /** Casts a vote, a person's signed statement; answers with the approval after it. Throws CodedError where it does not count. */
  vote(approval: string, jws: string): Promise<Known>;
  /** Asks something about an approval, a person's signed statement. Throws CodedError where they may not. */
  ask(approval: string, jws: string): Promise<Known>;
  /** Gives a verdict on something drawn for review, a person's signed statement. Throws CodedError where it does not count. */
  review(jws: string): Promise<Drawn>;
  /** What was drawn and has no verdict yet, oldest first. */
  reviews(limit: number): Promise<readonly Drawn[]>;
  readonly view: Pick<Approvals, 'list' | 'get'>;
  readonly now: () => number;
  readonly channels: Channels;
  stop(): Promise<void>;
}

const noChannels: OpenChannels = { channels: [], pages: '', outgoing: () => Promise.reject(new Error('no channel is configured')) };

/** The same governed decision always opens the same approval. */
export const approvalId = (run: string, action: string, position: number): string => `apr_${sha256Text(`${run}\n${action}\n${position}`).slice(0, 22)}`;

const speakerOf = (person: string, { roles, rolesSince }: NonNullable<ReturnType<PersonDirectory['person']>>): Speaker => ({ person, roles, rolesSince });

const grouped = <T>(pairs: readonly (readonly [string, T])[]): ReadonlyMap<string, readonly T[]> => {
  const groups = new Map<string, T[]>();
  for (const [key, one] of pairs) groups.set(key, [...groups.get(key) ?? [], one]);
  return groups;
};

/** Puts approvals together out of its ports; knows no Nest. */
export const composeApprovals = async (ports: ApprovalsPorts): Promise<ApprovalService> => {
  const { pool, people, tenant, now } = ports;
  await migrateEventStore(pool);
  await pool.query(schema);
  await pool.query(reviewSchema);
  await pool.query(agentRecordSchema);
  const records = createAgentRecords(pool);
  const store = createPostgresEventStore(pool);
  const view = createApprovals(pool);
  await view.catchUp(store);
  const index = { ...view, put: async (...kept: Parameters<Approvals['put']>) => { await view.put(...kept); channels.changed(kept[0]); } };
  const handler = createHandler(store, index, createToMessages(ports.key), { approvalId, digest: argumentsDigest, recordOf: (agent) => records.of(agent) });
  const drawn = createReviews(pool);
  const reviewer = createReviewer(store, drawn, createReviewMessages(ports.key));
  const relay = startOutboxRelay({ pool, bus: ports.bus, shard: 'approvals', onError: (error) => ports.onError(error, 'outbox') });
  const cast = async (approval: string, vote: Pick<Vote, 'jws' | 'link'>): Promise<Known> => {
    const id = String(peekJws(vote.jws)?.['sub']);
    const { known, statement, authority } = checkedVote(vote, id, people, tenant, now());
    if (statement.approval !== approval) throw new CodedError('vote_invalid', 'the vote is signed for another approval', { status: 400 });
    const { jws, link } = vote;
    const outcome = await handler.handle(approval, { type: 'vote', vote: { person: id, vote: statement.vote, jws, ...(link !== undefined && { link }) }, speaker: speakerOf(id, known), digest: statement.digest, evidence: statement.evidence, reason: statement.reason.slice(0, 2000), authority, now: now() }, id);
    relay.wake();
    if (outcome.status === 'refused') throw new CodedError(outcome.code, outcome.detail);
    return (await view.get(tenant, approval))!;
  };
  const channels = await composeChannels({ ...(ports.channels ?? noChannels), pool, people, tenant, now, chance: Math.random, cast, onError: ports.onError });
  let ticking: Promise<unknown> = Promise.resolve();
  let busy = false;
  const clock = setInterval(() => {
    channels.tick();
    if (busy) return;
    busy = true;
    ticking = handler.tick(now()).then((done) => { if (done > 0) relay.wake(); }, (error: Error) => ports.onError(error, 'clock')).finally(() => { busy = false; });
  }, 250);

  /** A statement by somebody enrolled and active here, signed with their own key. */
  const signed = <K extends 'review' | 'question'>(kind: K, jws: string) => {
    const id = peekJws(jws)?.['sub'];
    const person = typeof id === 'string' ? people.person(id) : undefined;
    if (typeof id !== 'string' || person?.status !== 'active') throw new CodedError('unauthenticated', `the ${kind} is not by a person who is enrolled here`, { status: 401 });
    const checked = verifyPersonStatement(kind, jws, person.keys, { now: now(), person: id });
    if (!checked.ok) throw new CodedError('vote_invalid', `${checked.code}: ${checked.detail}`, { status: 400 });
    return { id, person, statement: checked.statement };
  };

  return {
    take: async (governed) => {
      await handler.take(governed);
      await reviewer.take(governed);
      relay.wake();
      await records.add(grouped(governed.flatMap((record) => outcomeIn(record) ?? []).map(({ agent, outcome }) => [agent, (of: AgentRecord) => withOutcome(of, outcome)] as const)));
    },
    found: (findings) => records.add(grouped(findings.map((finding) => [finding.agent, (of: AgentRecord) => withFinding(of, finding)] as const))),
    vote: (approval, jws) => cast(approval, { jws }),
    channels,
    review: async (jws) => {
      const { id, person, statement } = signed('review', jws);
      const about = statement.tenant === tenant ? await drawn.get(tenant, statement.run, statement.action) : undefined;
      if (about === undefined) throw new CodedError('not_found', 'nothing of this run and action was drawn for review', { status: 404 });
      const outcome = await reviewer.give({ drawn: about, digest: statement.digest, verdict: statement.verdict, person: id, roles: person.roles, reason: statement.reason.slice(0, 2000), jws, now: now() });
      relay.wake();
      if (outcome.status === 'refused') throw new CodedError(outcome.code, outcome.detail);
      return about;
    },
    ask: async (approval, jws) => {
      const { id, person, statement } = signed('question', jws);
      if (statement.approval !== approval) throw new CodedError('vote_invalid', 'the question is signed for another approval', { status: 400 });
      const outcome = await handler.handle(approval, { type: 'ask', speaker: speakerOf(id, person), digest: statement.digest, text: statement.text.slice(0, 2000), jws, now: now() }, id);
      relay.wake();
      if (outcome.status === 'refused') throw new CodedError(outcome.code, outcome.detail);
      return (await view.get(tenant, approval))!;
    },
    now,
    reviews: (limit) => drawn.open(tenant, limit),
    view,
    stop: async () => {
      clearInterval(clock);
      await ticking;
      await channels.stop();
      await relay.stop();
    },
  };
};
