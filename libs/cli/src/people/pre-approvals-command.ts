import type { ApprovalView, PreApprovalList, PreApprovalView } from '@countersign/contracts';
import { parseStrictJson, preApprovalId, signPersonStatement } from '@countersign/identity';
import { longestPreApproval, mostTargets, mostUses, notCovered, usualPreApproval } from '@countersign/kernel';
import type { PreApprovalTerms } from '@countersign/kernel';
import { CannotRun } from '../errors.ts';
import type { Client } from './client.ts';
import { Refused } from './client.ts';
import { only, personCommand } from './command.ts';
import type { Session } from './command.ts';
import { id, inert } from './inert.ts';
import { moneyOf, secondsOf, shownMoney } from './money-and-time.ts';

const usage = 'countersign pre-approve PRE --reason TEXT | --agent AGENT --tool TOOL [--targets A,B] [--amount 50.00EUR [--sum 200.00EUR]] [--uses N] [--for 1h] [--run RUN] --reason TEXT | PRE --revoke --as PERSON [--json]';
const now = (): number => Math.floor(Date.now() / 1000);

/** Everything that somebody who signs has to see. */
const lines = ({ preApproval, terms, status, signers, used, revokedBy }: PreApprovalView): string[] => [
  `${id(preApproval)}  ${revokedBy === undefined ? status.replace('_', ' ') : `taken back by ${id(revokedBy)}`}  used ${used.length} of ${terms.uses}${status === 'live' ? `, until ${new Date(terms.until * 1000).toISOString()}` : ''}`,
  `  what  ${id(terms.agent)} with ${id(terms.tool)}${terms.run === undefined ? '' : `, in run ${id(terms.run)} only`}, at ${terms.targets.length === 0 ? 'no target' : terms.targets.map((one) => inert(one, 300)).join(', ')}`,
  `  moves ${terms.amount === undefined ? 'no money' : `${shownMoney(terms.amount)} at most, ${shownMoney(terms.sum!)} together`}`,
  ...signers.map(({ person, reason }) => `  by    ${id(person)}: ${inert(reason)}`),
];

export const preApprovals = personCommand('countersign pre-approvals [--as PERSON] [--json]', {}, async (session) => {
  const list = await session.as([]).client.request<PreApprovalList>('approvals', 'GET', '/pre-approvals');
  session.show(list, list.preApprovals.length === 0 ? ['Nothing was agreed to beforehand.'] : list.preApprovals.flatMap(lines));
});

/** `A,B`, or a JSON list where a target has a comma in it. */
const targetsOf = (text: string): string[] => {
  const parsed = text.startsWith('[') ? parseStrictJson(Buffer.from(text), { maxBytes: 16 * 1024 }) : { ok: true as const, value: text.split(',') };
  if (!parsed.ok || !Array.isArray(parsed.value) || parsed.value.length > mostTargets || !parsed.value.every((one) => typeof one === 'string' && one !== '')) throw new CannotRun(`--targets are at most ${mostTargets} names as A,B or as a JSON list of texts.`);
  return parsed.value as string[];
};

const text = ({ values }: Session, name: string): string | undefined => (typeof values[name] === 'string' ? values[name] : undefined);

const usesOf = (session: Session, most: number): number => {
  const given = text(session, 'uses') ?? '1';
  if (!/^\d{1,3}$/.test(given) || Number(given) < 1 || Number(given) > most) throw new CannotRun(`--uses is a number from 1 to ${most}, not "${given}".`);
  return Number(given);
};

const lifeOf = (session: Session, option: 'for' | 'until'): number => {
  const given = text(session, option);
  const life = given === undefined ? usualPreApproval : secondsOf(given, `--${option}`);
  if (life < 1 || life > longestPreApproval) throw new CannotRun(`--${option} is ${longestPreApproval / 3_600}h at most.`);
  return life;
};

const termsOf = (session: Session): PreApprovalTerms => {
  const amount = text(session, 'amount'), sum = text(session, 'sum'), run = text(session, 'run'), uses = usesOf(session, mostUses);
  if (amount === undefined && sum !== undefined) throw new CannotRun('--sum goes with --amount, the most that one action may move.');
  const one = amount === undefined ? undefined : moneyOf(amount, '--amount');
  const all = one === undefined ? undefined : sum === undefined ? { ...one, minor: one.minor * uses } : moneyOf(sum, '--sum');
  if (one !== undefined && all!.currency !== one.currency) throw new CannotRun('--amount and --sum are in one currency.');
  const from = now();
  return {
    tenant: process.env['CS_TENANT'] ?? 'acme', agent: session.needed('agent'), tool: session.needed('tool'), targets: targetsOf(text(session, 'targets') ?? '[]'), ...(run !== undefined && { run }),
    ...(one !== undefined && { amount: one, sum: all }), uses, from, until: from + lifeOf(session, 'for'),
  };
};

/** Agrees to terms beforehand, signs those that somebody else signed, or takes them back. */
export const preApprove = personCommand(usage, {
  agent: { type: 'string' }, tool: { type: 'string' }, targets: { type: 'string' }, amount: { type: 'string' }, sum: { type: 'string' }, uses: { type: 'string' }, for: { type: 'string' }, run: { type: 'string' }, reason: { type: 'string' }, revoke: { type: 'boolean' },
}, async (session) => {
  // Whoever may decide about it is seen when it is used, so nobody is chosen here.
  if (session.values['as'] === undefined) throw new CannotRun(`Say who agrees: --as PERSON. Usage: ${usage}`);
  const { client, ...who } = session.as([]);
  if (session.values['revoke'] === true) {
    const taken = await client.request<PreApprovalView>('approvals', 'POST', `/pre-approvals/${only(session, 'pre-approval')}/revoke`);
    return session.show(taken, lines(taken));
  }
  const reason = session.needed('reason');
  const terms = session.positionals.length === 0 ? termsOf(session) : await known(client, only(session, 'pre-approval'));
  const result = await agree(client, who, terms, reason);
  session.show(result, [...lines(result), 'Whether those who signed are enough is counted for each action, as for any approval.']);
});

/** Terms as they are shown, which must be those that their name is the digest of. */
const known = async (client: Client, name: string): Promise<PreApprovalTerms> => {
  const { preApprovals: all } = await client.request<PreApprovalList>('approvals', 'GET', '/pre-approvals');
  const found = all.find(({ preApproval }) => preApproval === name);
  if (found === undefined) throw new CannotRun(`There is no pre-approval ${name}: countersign pre-approvals lists them.`);
  if (preApprovalId(found.terms as PreApprovalTerms) !== name) throw new Refused('digest_mismatch', 'what is shown is not what would be signed: nothing was signed', 409, false);
  return found.terms as PreApprovalTerms;
};

const agree = (client: Client, { person, key }: Pick<ReturnType<Session['as']>, 'person' | 'key'>, terms: PreApprovalTerms, reason: string): Promise<PreApprovalView> =>
  client.request<PreApprovalView>('approvals', 'POST', '/pre-approvals', { jws: signPersonStatement('pre-approval', { sub: person, terms, reason, iat: now() }, key) });

/** `approve --uses 3`: this one, and two more like it: same agent, tool and targets, moving no more; with --this-run in its run only. Throws where that is never agreed to beforehand. */
export const moreLikeIt = (session: Session, shown: ApprovalView): PreApprovalTerms | undefined => {
  const uses = usesOf(session, mostUses + 1), thisRun = session.values['this-run'] === true;
  if (uses === 1 && thisRun) throw new CannotRun('An approval is for one action of one run anyway; --this-run goes with --uses, for more like it.');
  if (uses === 1) return undefined;
  const evidence = shown.evidence!, cap = text(session, 'cap');
  const amount = cap === undefined ? evidence.cost ?? undefined : moneyOf(cap, '--cap');
  const from = now();
  const terms: PreApprovalTerms = {
    tenant: shown.tenant, agent: shown.agent, tool: shown.tool, targets: (evidence.facts['target']?.value ?? []) as string[], ...(thisRun && { run: shown.run }),
    ...(amount !== undefined && { amount, sum: { ...amount, minor: amount.minor * (uses - 1) } }), uses: uses - 1, from, until: from + lifeOf(session, 'until'),
  };
  const never = notCovered(terms, { tenant: shown.tenant, agent: shown.agent, tool: shown.tool, run: shown.run, tier: shown.tier, money: evidence.cost, facts: evidence.facts, failed: evidence.failed }, from * 1_000 + 1);
  if (never !== null) throw new CannotRun(`More than this one is not approved here: ${never}. Leave --uses out.`);
  return terms;
};

/** What to say to whoever said the same about it before; undefined where they did not. */
export const repeated = ({ votes, status, resolution }: ApprovalView, person: string, vote: string): string | undefined => (votes.some((cast) => cast.person === person && cast.vote === vote)
  ? `You said ${vote.replace('_', ' ')} before, and this is ${status === 'open' ? 'still open' : id(resolution)}: nothing was changed` : undefined);

/** Terms that begin with the vote beside which they are signed, as it stands on the record: the same command, sent twice at once, signs the same terms, and those count once for each signer. */
export const asOfVote = (terms: PreApprovalTerms, { votes }: ApprovalView, person: string): PreApprovalTerms => {
  const at = votes.find((cast) => cast.person === person)?.at;
  if (at === undefined) throw new CannotRun('Your vote is not on what was answered: nothing was agreed to beforehand.');
  const from = Math.floor(at / 1_000);
  return { ...terms, from, until: from + terms.until - terms.from };
};

/** Signs more like an approved action. */
export const agreeToMore = async (client: Client, who: Pick<ReturnType<Session['as']>, 'person' | 'key'>, terms: PreApprovalTerms, reason: string): Promise<readonly string[]> => {
  const more = await agree(client, who, terms, reason);
  return ['And beforehand, to more like it:', ...lines(more), `To take it back: countersign pre-approve ${id(more.preApproval)} --revoke --as ${id(who.person)}`];
};
