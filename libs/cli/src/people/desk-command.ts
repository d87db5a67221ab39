import { readFileSync } from 'node:fs';
import type { ApprovalView, Json, JsonObject, ReviewerList, StandInList, StandInView } from '@countersign/contracts';
import { argumentsDigest, parseStrictJson, signPersonStatement } from '@countersign/identity';
import { CannotRun } from '../errors.ts';
import { approvalLines } from './approval.ts';
import { lookAt } from './approvals-command.ts';
import { only, personCommand } from './command.ts';
import { id, inert } from './inert.ts';

const now = (): number => Math.floor(Date.now() / 1000);
const tenant = (): string => process.env['CS_TENANT'] ?? 'acme';

/** JSON of an object, as it was typed or from a file (`@FILE`). */
const objectOf = (text: string, option: string): JsonObject => {
  const parsed = parseStrictJson(Buffer.from(text.startsWith('@') ? readFileSync(text.slice(1), 'utf8') : text), { maxBytes: 24 * 1024 });
  if (!parsed.ok || typeof parsed.value !== 'object' || parsed.value === null || Array.isArray(parsed.value)) throw new CannotRun(`${option} is one JSON object, or @FILE with one${parsed.ok ? '' : ` (${parsed.detail})`}.`);
  return parsed.value as JsonObject;
};

/** Wants other arguments instead: what is given replaces members of what is asked for. */
export const edit = personCommand('countersign edit APPROVAL --set JSON --reason TEXT [--as PERSON] [--json]', { set: { type: 'string' }, reason: { type: 'string' } }, async (session) => {
  const reason = session.needed('reason');
  const set = objectOf(session.needed('set'), '--set');
  const { shown, person, key, client } = await lookAt(session, only(session, 'approval'));
  const args = { ...shown.arguments, ...set } as JsonObject;
  const jws = signPersonStatement('edit', { sub: person, approval: shown.approval, digest: shown.digest, arguments: argumentsDigest(args as Json), reason, iat: now() }, key);
  const result = await client.request<ApprovalView>('approvals', 'POST', `/approvals/${shown.approval}/edits`, { jws, arguments: args });
  session.show(result, [...approvalLines(result, Date.now()), 'Policy judges it anew, and others are asked: you are one of those who want it now.']);
});

/** Asks something; the clock goes on. */
export const askBack = personCommand('countersign ask APPROVAL --text TEXT [--as PERSON] [--json]', { text: { type: 'string' } }, async (session) => {
  const text = session.needed('text');
  const { shown, person, key, client } = await lookAt(session, only(session, 'approval'));
  const jws = signPersonStatement('question', { sub: person, approval: shown.approval, digest: shown.digest, text, iat: now() }, key);
  const result = await client.request<ApprovalView>('approvals', 'POST', `/approvals/${shown.approval}/questions`, { jws });
  session.show(result, [...approvalLines(result, Date.now()), 'Asked; it stands on the record, and the clock goes on.']);
});

export const reviewGlass = personCommand('countersign review-glass APPROVAL --verdict right|wrong --reason TEXT [--as PERSON] [--json]', { verdict: { type: 'string' }, reason: { type: 'string' } }, async (session) => {
  const approval = only(session, 'approval');
  const verdict = session.needed('verdict');
  if (verdict !== 'right' && verdict !== 'wrong') throw new CannotRun(`--verdict is right or wrong, not "${verdict}".`);
  const reason = session.needed('reason');
  const { person, key, client } = session.as(['reviewer', 'approver']);
  const jws = signPersonStatement('glass-review', { sub: person, tenant: tenant(), approval, verdict, reason, iat: now() }, key);
  const result = await client.request<ApprovalView>('approvals', 'POST', `/approvals/${approval}/glass-review`, { jws });
  session.show(result, [...approvalLines(result, Date.now()), `Reviewed: ${verdict}. The glass may be broken again.`]);
});

const standInLine = ({ person, to, from, until }: StandInView): string => `${id(to)} stands in for ${id(person)} from ${new Date(from).toISOString()} to ${new Date(until).toISOString()}`;

/** Names somebody to stand in while one is away; --end takes it back; without a person it lists who does. */
export const standIn = personCommand('countersign stand-in [PERSON --for 7d --reason TEXT] [--end] [--as PERSON] [--json]', { for: { type: 'string' }, reason: { type: 'string' }, end: { type: 'boolean' } }, async (session) => {
  const { person, key, client } = session.as([]);
  const list = (all: StandInList): void => session.show(all, all.standIns.length === 0 ? ['Nobody stands in for anybody.'] : all.standIns.map(standInLine));
  if (session.values['end'] === true) return list(await client.request<StandInList>('approvals', 'POST', '/stand-ins/withdraw'));
  if (session.positionals.length === 0) return list(await client.request<StandInList>('approvals', 'GET', '/stand-ins'));
  const to = only(session, 'person');
  const days = /^(\d{1,2})d$/.exec(session.needed('for'));
  if (days === null) throw new CannotRun('--for is a number of days such as 7d, 90d at most.');
  const from = now();
  const jws = signPersonStatement('stand-in', { sub: person, tenant: tenant(), to, reason: session.needed('reason'), from, until: from + Number(days[1]) * 86_400, iat: from }, key);
  const result = await client.request<StandInView>('approvals', 'POST', '/stand-ins', { jws });
  session.show(result, [standInLine(result)]);
});

const share = (of: number | null): string => (of === null ? '–' : `${Math.round(of * 100)} %`);

/** How people decide: time, what they opened, approvals in a row, seeded bad requests caught. */
export const reviewers = personCommand('countersign reviewers [--as PERSON] [--json]', {}, async (session) => {
  const { client } = session.as(['operator', 'reviewer']);
  const list = await client.request<ReviewerList>('approvals', 'GET', '/reviewers');
  session.show(list, list.reviewers.length === 0 ? ['Nobody has voted yet.'] : list.reviewers.map((one) =>
    `${id(one.person)}  ${one.votes} votes, ${one.approved} for; ${one.streak} for in a row; ${one.medianMs === null ? '–' : `${(one.medianMs / 1000).toFixed(1)} s`} at the median; opened ${share(one.openedShare)}; seeded caught ${one.caught} of ${one.seeded}${one.wornOut === null ? '' : `\n  held up: ${inert(one.wornOut).slice(1, -1)}`}`));
});

/** Puts a bad request among the others that nobody made. */
export const seed = personCommand('countersign seed --agent AGENT --tool TOOL --args JSON [--says TEXT] [--as PERSON] [--json]', { agent: { type: 'string' }, tool: { type: 'string' }, args: { type: 'string' }, says: { type: 'string' } }, async (session) => {
  const [agent, tool, args] = [session.needed('agent'), session.needed('tool'), objectOf(session.needed('args'), '--args')];
  const { client } = session.as(['operator']);
  const says = session.values['says'];
  const result = await client.request<ApprovalView>('approvals', 'POST', '/seeds', { agent, tool, arguments: args, reason: typeof says === 'string' ? says : null });
  session.show(result, [...approvalLines(result, Date.now()), 'Made after the newest real request of its kind, and shown like it; countersign reviewers says who looked.']);
});
