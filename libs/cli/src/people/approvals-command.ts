import type { ApprovalList, ApprovalView, CastVotesResponse, JsonObject, ToolSnapshot } from '@countersign/contracts';
import { argumentsDigest, isOfDigest, signPersonStatement } from '@countersign/identity';
import type { VoteConditions, VoteStatement } from '@countersign/identity';
import { CannotRun } from '../errors.ts';
import { answerLines, approvalLines, wholeLines } from './approval.ts';
import type { Client } from './client.ts';
import { Refused } from './client.ts';
import { only, personCommand } from './command.ts';
import { id, inert } from './inert.ts';
import type { Session } from './command.ts';
import { moneyOf, secondsOf } from './money-and-time.ts';
import { agreeToMore, asOfVote, moreLikeIt, repeated } from './pre-approvals-command.ts';

/** Nobody reads more at a terminal; what is left out is said. */
const mostListed = 5_000;

export const approvals = personCommand('countersign approvals [APPROVAL | --all] [--as PERSON] [--json]', { all: { type: 'boolean' } }, async (session) => {
  if (session.positionals.length > 0) {
    const { shown } = await lookAt(session, only(session, 'approval'));
    return session.show(shown, wholeLines(shown, Date.now()));
  }
  const { client } = session.as([]);
  const list: ApprovalView[] = [];
  let next: string | null | undefined;
  do {
    const page: ApprovalList = await client.request<ApprovalList>('approvals', 'GET', `/approvals?${session.values['all'] === true ? '' : 'status=open&'}${next == null ? '' : `after=${encodeURIComponent(next)}`}`);
    list.push(...page.approvals);
    next = page.next ?? null;
  } while (next !== null && list.length < mostListed);
  const now = Date.now();
  const lines = [...list.flatMap((one) => [...approvalLines(one, now), '']), ...(next === null ? [] : [`More than ${list.length} were found; these are the ${session.values['all'] === true ? 'newest' : 'ones that end soonest'}.`])];
  session.show({ approvals: list }, list.length === 0 ? ['Nothing waits for people.'] : [...lines, 'Everything that one rests on: countersign approvals ID. Decide with: countersign approve ID --as PERSON --reason TEXT   (or deny)']);
});

const usage = (vote: string): string => `countersign ${vote} APPROVAL… --reason TEXT${vote === 'approve' ? ' [--until 10m] [--cap 210.00EUR] [--uses N [--this-run]]' : ''} [--as PERSON] [--json]`;

const voteCommand = (vote: 'approve' | 'deny' | 'break_glass') => personCommand(usage(vote.replace('_', '-')), { reason: { type: 'string' }, until: { type: 'string' }, cap: { type: 'string' }, uses: { type: 'string' }, 'this-run': { type: 'boolean' } }, async (session) => {
  const reason = session.needed('reason');
  const conditions = conditionsOf(session);
  const forMore = session.values['uses'] !== undefined || session.values['this-run'] !== undefined;
  if ((conditions !== undefined || forMore) && vote !== 'approve') throw new CannotRun('--until, --cap, --uses and --this-run are conditions of an approval.');
  if (forMore && session.positionals.length > 1) throw new CannotRun('--uses is for one approval at a time.');
  if (session.positionals.length > 1) return castMany(session, vote, reason, conditions);
  const { approval, jws, client, shown, who } = await signVote(session, only(session, 'approval'), vote, reason, conditions);
  const repeat = repeated(shown, who.person, vote);
  if (repeat !== undefined) return session.show(shown, [...approvalLines(shown, Date.now()), `${repeat}${forMore ? ', and nothing more was agreed to' : ''}.`]);
  const more = vote === 'approve' ? moreLikeIt(session, shown) : undefined;
  // Before it is signed: whoever sees here what they did not expect can still stop it.
  session.tell(wholeLines(shown, Date.now()));
  const result = await client.request<ApprovalView>('approvals', 'POST', `/approvals/${approval}/votes`, { jws });
  const further = more === undefined ? [] : await agreeToMore(client, who, asOfVote(more, result, who.person), reason);
  session.show(result, [...answerLines(result, vote), ...further]);
});

/** `--until 10m` from now, `--cap 210.00EUR` at most. */
const conditionsOf = ({ values }: Session): VoteConditions | undefined => {
  const { until, cap } = values;
  if (until === undefined && cap === undefined) return undefined;
  return { ...(until !== undefined && { until: Math.floor(Date.now() / 1000) + secondsOf(String(until), '--until') }), ...(cap !== undefined && { cap: moneyOf(String(cap), '--cap') }) };
};

/** Each is looked at, checked and signed by itself; one call takes them all. */
const castMany = async (session: Session, vote: VoteStatement['vote'], reason: string, conditions: VoteConditions | undefined): Promise<void> => {
  if (session.positionals.length > 100) throw new CannotRun('One call takes 100 votes at most.');
  const votes: { readonly approval: string; readonly jws: string; readonly client: Client }[] = [];
  for (const approval of session.positionals) {
    const signed = await signVote(session, approval, vote, reason, conditions);
    session.tell(wholeLines(signed.shown, Date.now()));
    votes.push(signed);
  }
  const { results } = await votes[0]!.client.request<CastVotesResponse>('approvals', 'POST', '/votes', { votes: votes.map(({ approval, jws }) => ({ approval, jws })) });
  if (results.some(({ ok }) => !ok)) session.failed();
  session.show({ results }, results.map((one) => `${id(one.approval)}  ${one.ok ? `${one.resolution ?? 'counted; more votes are needed'}${one.detail === null ? '' : ` (${inert(one.detail).slice(1, -1)})`}` : `${one.code}: ${inert(one.detail ?? '')}`}`));
};

export interface Shown { readonly shown: ApprovalView; readonly person: string; readonly key: ReturnType<Session['as']>['key']; readonly client: Client }

/** One approval as it is shown, and whoever is to speak on it. Refuses where the digests are not those of what is shown. */
export const lookAt = async (session: Session, approval: string, roles?: (shown: ApprovalView) => readonly string[]): Promise<Shown> => {
  if (!/^[\w.:~-]{1,128}$/.test(approval)) throw new CannotRun(`"${approval}" is no id of an approval.`);
  // Whoever is asked to look is not yet whoever votes: the roles it takes stand in the request.
  const looking = session.as([]).client;
  const first = await looking.request<ApprovalView>('approvals', 'GET', `/approvals/${approval}`);
  const { person, key, client } = session.values['as'] === undefined ? session.as(roles?.(first) ?? first.progress?.factors.flatMap((factor) => factor.roles) ?? first.route, [...first.requesters, ...first.votes.map((cast) => cast.person)]) : session.as([]);
  // Opened by whoever speaks: how long they looked counts from here.
  const shown = await client.request<ApprovalView>('approvals', 'GET', `/approvals/${approval}`);
  const { definition } = await client.request<ToolSnapshot>('registry', 'GET', `/tools/${encodeURIComponent(shown.tool)}`);
  if (!isOfDigest(shown, definition)) throw new Refused('digest_mismatch', 'what is shown is not what would be signed, or the tool changed since: nothing was signed', 409, false);
  if (shown.evidence !== undefined && argumentsDigest(shown.evidence as unknown as JsonObject) !== shown.evidenceDigest) throw new Refused('digest_mismatch', 'the evidence that is shown is not what would be signed: nothing was signed', 409, false);
  return { shown, person, key, client };
};

/** Signs a vote on what is shown. */
const signVote = async (session: Session, approval: string, vote: VoteStatement['vote'], reason: string, conditions: VoteConditions | undefined) => {
  const { shown, person, key, client } = await lookAt(session, approval, vote === 'break_glass' ? ({ ask }) => ask?.breakGlass?.roles ?? [] : undefined);
  const jws = signPersonStatement('vote', { sub: person, approval, digest: shown.digest, ...(shown.evidenceDigest !== undefined && { evidence: shown.evidenceDigest }), vote, reason, ...(conditions !== undefined && { conditions }), iat: Math.floor(Date.now() / 1000) }, key);
  return { approval, jws, client, who: { person, key }, shown };
};

export const approve = voteCommand('approve');
export const deny = voteCommand('deny');
export const breakGlass = voteCommand('break_glass');
