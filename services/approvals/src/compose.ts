import type { Bus } from '@countersign/bus';
import type { ApprovalAttention, Finding, GovernedRecord, JsonObject, PreApprovalView, Vote } from '@countersign/contracts';
import { decideAndAppend } from '@countersign/event-store';
import { seniorHaltId, uuidV7From } from '@countersign/kernel';
import type { PreApprovalTerms } from '@countersign/kernel';
import { randomBytes, randomInt } from 'node:crypto';
import { createPostgresEventStore, migrateEventStore, startOutboxRelay } from '@countersign/event-store/postgres';
import { argumentsDigest, peekJws, sha256Text } from '@countersign/identity';
import type { SigningKey } from '@countersign/identity';
import { CodedError, numbering } from '@countersign/service-host';
import type { LiveHaltView } from '@countersign/tool-guard';
import type { PersonDirectory } from '@countersign/service-host';
import type { Pool } from 'pg';
import { createHandler, dueAtOnce } from './app/handle.ts';
import { composeChannels } from './compose-channels.ts';
import type { Channels } from './compose-channels.ts';
import { composePreApprovals } from './compose-pre-approvals.ts';
import type { PreApprovals } from './compose-pre-approvals.ts';
import type { Named } from './core/futile.ts';
import type { Question, Speaker } from './core/events.ts';
import { attentionOf } from './views/attention.ts';
import type { Readers } from './outbound/readers.ts';
import type { OpenChannels } from './outbound/channels/open-channels.ts';
import { createReviewer } from './app/review.ts';
import { outcomeIn, withFinding, withOutcome } from './core/agent-record.ts';
import type { AgentRecord } from './core/agent-record.ts';
import { habitOf, wornOut } from './core/attention.ts';
import type { Habit } from './core/attention.ts';
import { isModel, seededQuestion } from './core/seed.ts';
import type { Seed } from './core/seed.ts';
import { standInDecider } from './core/stand-in.ts';
import type { StandIn, StandInCommand } from './core/stand-in.ts';
import { createDoor } from './inbound/door.ts';
import type { Voted } from './inbound/door.ts';
import type { Standing } from './core/viewer.ts';
import type { Drawn } from './core/review.ts';
import { createEventMessages, createReviewMessages, createToMessages, standInStream } from './outbound/publish.ts';
import { ballotSchema, createBallots } from './views/ballots.ts';
import { createStandIns, standInSchema } from './views/stand-ins.ts';
import { createReviews, reviewSchema } from './views/reviews.ts';
import { createInstructions, instructionSchema } from './views/instructions.ts';
import { agentRecordSchema, createAgentRecords } from './views/agent-records.ts';
import { createApprovals, schema } from './views/approvals.ts';
import type { Approvals, Known } from './views/approvals.ts';

export interface ApprovalsPorts {
  readonly bus: Bus;
  readonly pool: Pool;
  readonly key: SigningKey;
  readonly people: PersonDirectory;
  /** Everybody who is active now, to see whether anybody is left who could decide. Null where that is not known now. */
  readonly everybody?: () => readonly Speaker[] | null;
  readonly tenant: string;
  readonly now: () => number;
  /** Places outside where people are asked; none where it is absent. */
  readonly channels?: OpenChannels;
  /** What stops or pauses runs: nothing is approved there meanwhile. */
  readonly halts?: Pick<LiveHaltView, 'isStale' | 'halted' | 'paused'>;
  /** What the registry says by now of what somebody agrees to beforehand; undefined where that is not known now. */
  readonly named?: (terms: PreApprovalTerms) => Named | undefined;
  /** Asks tools' readers what stands there before the change. */
  readonly readers?: Readers;
  readonly onError: (error: Error, what: string) => void;
  /** Whether who approves without looking is held up (default), or only reported. */
  readonly friction?: 'enforce' | 'report';
  /** Most that waits for people at once of one agent, and of all agents of one owner; more is denied. Default 200 and 1,000. */
  readonly mostOpen?: { readonly agent: number; readonly owner: number };
}

export interface ApprovalService {
  take(records: readonly GovernedRecord[]): Promise<void>;
  /** What anomaly detection reported; safe to repeat. */
  found(findings: readonly Finding[]): Promise<void>;
  /** Casts a vote, a person's signed statement (or a channel's, under their link); answers with the approval after it. Throws CodedError where it does not count, like all that follows. */
  vote(approval: string, vote: Pick<Vote, 'jws' | 'link'>): Promise<Voted>;
  /** What somebody may do about each of these, in their order. */
  standings(person: string, states: readonly Known[]): Promise<readonly Standing[]>;
  /** Wants other arguments instead, signed: policy judges them anew and asks others. */
  edit(approval: string, jws: string, args: JsonObject): Promise<Known>;
  /** Whether breaking the glass was right, signed by somebody who had no part in it: until then nobody breaks it again. */
  reviewGlass(approval: string, jws: string): Promise<Known>;
  nameStandIn(jws: string): Promise<StandIn>;
  withdrawStandIn(person: string): Promise<void>;
  standIns(): Promise<readonly StandIn[]>;
  /** Agrees beforehand to signed terms. */
  preApprove(jws: string): Promise<PreApprovalView>;
  readonly preApprovals: Pick<PreApprovals, 'list' | 'revoke'>;
  /** Somebody looks at one approval. */
  opened(approval: string, person: string): Promise<void>;
  /** How everybody decides who did lately. */
  reviewers(): Promise<readonly (Habit & { readonly person: string; readonly wornOut: string | null })[]>;
  /** What cannot go on by itself. */
  attention(): Promise<ApprovalAttention>;
  /** Puts a bad request among the others that nobody made, to see who looks. */
  seed(seed: Seed, by: string): Promise<Known>;
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

/** Open approvals among which dead ends are looked for, the soonest end first. */
const mostLookedAt = 2_000;

const noChannels: OpenChannels = { channels: [], pages: '', outgoing: () => Promise.reject(new Error('no channel is configured')) };

/** The same governed decision always opens the same approval. */
export const approvalId = (run: string, action: string, position: number): string => `apr_${sha256Text(`${run}\n${action}\n${position}`).slice(0, 22)}`;

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
  for (const one of [agentRecordSchema, ballotSchema, standInSchema, instructionSchema]) await pool.query(one);
  const records = createAgentRecords(pool);
  const instructions = createInstructions(pool);
  const store = createPostgresEventStore(pool);
  const view = createApprovals(pool);
  await view.catchUp(store);
  const index = { ...view, put: async (...kept: Parameters<Approvals['put']>) => { await view.put(...kept); channels.changed(kept[0]); },
    putAll: async (changes: Parameters<Approvals['putAll']>[0]) => { await view.putAll(changes); for (const { approval } of changes) channels.changed(approval); } };
  /** Approvals of a halted or paused scope stand still: nobody's yes is taken before it is lifted, a no always is. The clock goes on. */
  const stoppedBy = ({ run, action, agent, tool }: Question) => {
    if (ports.halts === undefined) return undefined;
    if (ports.halts.isStale()) return 'stale' as const;
    const target = { tenant, run, agent, tool };
    return ports.halts.halted(target, seniorHaltId(run, action)) ?? ports.halts.paused(target);
  };
  const preApprovals = await composePreApprovals({ pool, store, key: ports.key, people, tenant, now, stopped: (question) => stoppedBy(question) !== undefined, named: ports.named });
  const handler = createHandler(store, index, createToMessages(ports.key), { tenant, approvalId, digest: argumentsDigest, recordOf: (agent) => records.of(agent), instructionOf: instructions.of, agreedBefore: preApprovals.answer, currentOf: ports.readers ?? (async () => undefined), mostOpen: ports.mostOpen ?? { agent: 200, owner: 1_000 } });
  const drawn = createReviews(pool);
  const reviewer = createReviewer(store, drawn, createReviewMessages(ports.key));
  const relay = startOutboxRelay({ pool, bus: ports.bus, shard: 'approvals', numbering: numbering(ports.key), onError: (error) => ports.onError(error, 'outbox') });
  const standIns = createStandIns(pool);
  const ballots = createBallots(pool);
  const door = createDoor({ people, tenant, now, handler, view, standIns, ballots, friction: ports.friction ?? 'enforce' });
  /** Tells the relay after whatever was said. */
  const heard = async <T>(said: Promise<T>): Promise<T> => {
    try { return await said; } finally { relay.wake(); }
  };
  const notStopped = async (approval: string): Promise<void> => {
    const asked = ports.halts === undefined ? undefined : await view.get(tenant, approval);
    const stop = asked === undefined ? undefined : stoppedBy(asked.question);
    if (stop === 'stale') throw new CodedError('stale_snapshot', 'approvals cannot see the halts at this moment: try again', { status: 503 });
    if (stop !== undefined) throw new CodedError('halted', `nothing is approved while ${stop.scope.kind} ${stop.scope.id ?? ''} is ${stop.mode === 'pause' ? 'paused' : 'halted'}: ${stop.reason.slice(0, 200)}`, { status: 409 });
  };
  const cast = async (approval: string, vote: Pick<Vote, 'jws' | 'link'>): Promise<Voted> => {
    if (peekJws(vote.jws)?.['vote'] !== 'deny') await notStopped(approval);
    return heard(door.vote(approval, vote));
  };
  const channels = await composeChannels({ ...(ports.channels ?? noChannels), pool, people, tenant, now, chance: Math.random, cast, slowed: async (person) => ports.friction !== 'report' && wornOut(habitOf(await ballots.of(person))) !== null, onError: ports.onError });
  let ticking: Promise<unknown> = Promise.resolve();
  let busy = false;
  /** As long as more is due than is looked at in one round. */
  const drain = async (): Promise<void> => {
    for (let done = dueAtOnce; done >= dueAtOnce;) {
      done = await handler.tick(now());
      if (done > 0) relay.wake();
    }
  };
  const clock = setInterval(() => {
    channels.tick();
    if (busy) return;
    busy = true;
    ticking = drain().catch((error: Error) => ports.onError(error, 'clock')).finally(() => { busy = false; });
  }, 250);

  const putStandIn = async (person: string, command: StandInCommand): Promise<void> => {
    const { outcome, state } = await decideAndAppend({ store, decider: standInDecider, stream: standInStream(person), command, at: command.now, by: person, outbox: createEventMessages(ports.key, tenant, standInStream(person), person) });
    if (outcome.status === 'refused') throw new CodedError(outcome.code, outcome.detail, { status: 409 });
    await standIns.put(person, state.standIn);
    relay.wake();
  };

  return {
    take: async (governed) => {
      await instructions.began(governed);
      await handler.take(governed);
      await instructions.ended(governed);
      await reviewer.take(governed);
      relay.wake();
      await records.add(grouped(governed.flatMap((record) => outcomeIn(record) ?? []).map(({ agent, outcome }) => [agent, (of: AgentRecord) => withOutcome(of, outcome)] as const)));
    },
    found: (findings) => records.add(grouped(findings.map((finding) => [finding.agent, (of: AgentRecord) => withFinding(of, finding)] as const))),
    vote: cast,
    standings: door.standings,
    channels,
    ask: (approval, jws) => heard(door.ask(approval, jws)),
    edit: (approval, jws, args) => heard(door.edit(approval, jws, args)),
    reviewGlass: (approval, jws) => heard(door.reviewGlass(approval, jws)),
    nameStandIn: async (jws) => {
      const { standIn, signedAt, reason } = door.standIn(jws);
      await putStandIn(standIn.person, { type: 'name', standIn, signedAt, reason, now: now() });
      return standIn;
    },
    withdrawStandIn: (person) => putStandIn(person, { type: 'withdraw', person, now: now() }),
    standIns: () => standIns.all(now()),
    preApprove: async (jws) => heard(door.preApproval(jws).then((signed) => preApprovals.agree(signed))),
    preApprovals: { list: preApprovals.list, revoke: (id, by) => heard(preApprovals.revoke(id, by)) },
    opened: (approval, person) => ballots.opened(person, approval, now()),
    reviewers: async () => Promise.all((await ballots.people()).map(async (person) => {
      const habit = habitOf(await ballots.of(person));
      return { person, ...habit, wornOut: wornOut(habit) };
    })),
    attention: async () => attentionOf(await view.list(tenant, { status: 'open' }, mostLookedAt), await view.unreviewed(tenant, 500), ports.everybody?.() ?? null),
    seed: async (question, by) => {
      const at = now();
      // Of a run that lives: one that is over asks for nothing.
      const models = (await view.of(tenant, question.agent, 200)).filter((one) => isModel(one.question, question.tool));
      const living = await instructions.living(models.map((one) => one.question.run));
      const model = models.find((one) => living.has(one.question.run))?.question;
      if (model === undefined) throw new CodedError('nothing_like_it', `no run that lives has asked people for ${question.tool} of ${question.agent}: out of nowhere everybody would know it for what it is`);
      const whole = seededQuestion(question, model, {
        now: at, digest: argumentsDigest, action: uuidV7From(at - 30 - randomInt(300), randomBytes(10)), asker: by, later: 1 + randomInt(40), agentRecord: await records.of(question.agent),
        current: await ports.readers?.(question.tool, { ...model.evidence.arguments, ...question.arguments }),
      });
      await handler.handle(whole.approval, { type: 'request', question: whole, now: at }, by);
      relay.wake();
      return (await view.get(tenant, whole.approval))!;
    },
    review: async (jws) => {
      const { id, person, statement } = door.signed('review', jws);
      const about = statement.tenant === tenant ? await drawn.get(tenant, statement.run, statement.action) : undefined;
      if (about === undefined) throw new CodedError('not_found', 'nothing of this run and action was drawn for review', { status: 404 });
      const outcome = await reviewer.give({ drawn: about, digest: statement.digest, verdict: statement.verdict, person: id, roles: person.roles, reason: statement.reason.slice(0, 2000), jws, now: now() });
      relay.wake();
      if (outcome.status === 'refused') throw new CodedError(outcome.code, outcome.detail);
      return about;
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
