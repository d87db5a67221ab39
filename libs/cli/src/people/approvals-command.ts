import type { ApprovalList, ApprovalView, JsonObject, RunDetail, ToolSnapshot } from '@countersign/contracts';
import { argumentsDigest, isOfDigest, signPersonStatement } from '@countersign/identity';
import { approvalLines } from './approval.ts';
import type { Client } from './client.ts';
import { Refused } from './client.ts';
import { only, personCommand } from './command.ts';
import type { Session } from './command.ts';

export const approvals = personCommand('countersign approvals [--all] [--json]', { all: { type: 'boolean' } }, async (session) => {
  const { client } = session.as([]);
  const { approvals: list } = await client.request<ApprovalList>('approvals', 'GET', session.values['all'] === true ? '/approvals' : '/approvals?status=open');
  const now = Date.now();
  const instructed = await instructions(client, list);
  const lines = list.flatMap((one) => [...approvalLines(one, now, instructed.get(one.run)), '']);
  session.show({ approvals: list }, list.length === 0 ? ['Nothing waits for people.'] : [...lines, 'Decide with: npm run -s countersign -- approve ID --as PERSON --reason TEXT   (or deny)']);
});

/** What each run was told to do, for those who must judge; left out where supervision does not answer. */
const instructions = async (client: Client, list: readonly ApprovalView[]): Promise<ReadonlyMap<string, string>> => {
  const runs = [...new Set(list.map(({ run }) => run))].slice(0, 50);
  const found = await Promise.all(runs.map((run) => client.request<RunDetail>('supervision', 'GET', `/runs/${run}`).then(({ instruction }) => [run, instruction] as const, () => undefined)));
  return new Map(found.filter((one) => one !== undefined));
};

const usage = (vote: string): string => `countersign ${vote} APPROVAL --reason TEXT [--as PERSON] [--json]`;

const voteCommand = (vote: 'approve' | 'deny') => personCommand(usage(vote), { reason: { type: 'string' } }, async (session) => {
  const result = await castVote(session, only(session, 'approval'), vote, session.needed('reason'));
  session.show(result, [...approvalLines(result, Date.now()), result.status === 'open' ? 'Your vote counts; more are needed.' : `Resolved: ${result.resolution}. Policy decides again with it.`]);
});

/** Signs and casts a vote on what is shown; refuses where the digest is not that of what is shown. */
const castVote = async (session: Session, approval: string, vote: 'approve' | 'deny', reason: string): Promise<ApprovalView> => {
  // Whoever is asked to look is not yet whoever votes: the roles it takes stand in the request.
  const looking = session.as([]).client;
  const shown = await looking.request<ApprovalView>('approvals', 'GET', `/approvals/${approval}`);
  const { person, key, client } = session.values['as'] === undefined ? session.as(shown.route, [...shown.requesters, ...shown.votes.map((cast) => cast.person)]) : session.as([]);
  const { definition } = await client.request<ToolSnapshot>('registry', 'GET', `/tools/${encodeURIComponent(shown.tool)}`);
  if (!isOfDigest(shown, definition)) throw new Refused('digest_mismatch', 'what is shown is not what would be signed, or the tool changed since: nothing was signed', 409, false);
  if (shown.evidence !== undefined && argumentsDigest(shown.evidence as unknown as JsonObject) !== shown.evidenceDigest) throw new Refused('digest_mismatch', 'the evidence that is shown is not what would be signed: nothing was signed', 409, false);
  const jws = signPersonStatement('vote', { sub: person, approval, digest: shown.digest, ...(shown.evidenceDigest !== undefined && { evidence: shown.evidenceDigest }), vote, reason, iat: Math.floor(Date.now() / 1000) }, key);
  return client.request('approvals', 'POST', `/approvals/${approval}/votes`, { jws });
};

export const approve = voteCommand('approve');
export const deny = voteCommand('deny');
